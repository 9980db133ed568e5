/** Divides items into groups of about one size, in their order. */

/** Fills groups in order until each has reached its size. */
export function groupBySize<T>(
  items: readonly T[],
  sizeOf: (item: T) => number,
  size: number,
): T[][] {
  const groups: T[][] = [];
  let filled = Infinity;
  for (const item of items) {
    if (filled >= size) {
      groups.push([]);
      filled = 0;
    }
    (groups.at(-1) as T[]).push(item);
    filled += sizeOf(item);
  }
  return groups;
}
