/** Counts by reason. */

export type Counts = Readonly<Record<string, number>>;

export function addCounts(all: readonly Counts[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all) {
    for (const [reason, n] of Object.entries(counts)) total[reason] = (total[reason] ?? 0) + n;
  }
  return total;
}
