/** The people, or devices, that rows belong to. */

/**
 * Each group once, in the order of its first row. Not sorted: keys of people are made with a secret, and
 * what is drawn or summed in their order would come out otherwise under another secret.
 */
export const groupsOf = (keys: readonly string[]): string[] => [...new Set(keys)];

/** The rows of each group, in the same order: looked at once, however many groups there are. */
export function rowsByGroup(keys: readonly string[]): Map<string, number[]> {
  const rows = new Map<string, number[]>();
  for (const [row, key] of keys.entries()) {
    const known = rows.get(key);
    if (known === undefined) rows.set(key, [row]);
    else known.push(row);
  }
  return rows;
}
