/** The people, or devices, that rows belong to. */

/**
 * Each group once, in the order of its first row. Not sorted: keys of people are made with a secret, and
 * what is drawn or summed in their order would come out otherwise under another secret.
 */
export const groupsOf = (keys: readonly string[]): string[] => [...new Set(keys)];
