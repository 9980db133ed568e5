/** Counts by reason. */

export type Counts = Readonly<Record<string, number>>;

export function addCounts(all: readonly Counts[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const counts of all) {
    for (const [reason, n] of Object.entries(counts)) total[reason] = (total[reason] ?? 0) + n;
  }
  return total;
}

/** Nothing is counted as a reason that nothing was left out for. */
export function count(counts: Record<string, number>, reason: string, n = 1): void {
  if (n > 0) counts[reason] = (counts[reason] ?? 0) + n;
}
