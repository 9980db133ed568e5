/** Which messages of a topic a bounded reading takes: from where the last one ended, up to a fixed end. */
import type { Offsets, PartitionBounds } from './ports';

export interface EventRange {
  readonly from: Offsets;
  /** Exclusive. */
  readonly to: Offsets;
  /** Offsets that were not read in time: the topic has removed them. */
  readonly skipped: number;
  /** Partitions that are not the ones that were read, or end before the known offset: they are read from their start. */
  readonly restarted: readonly number[];
}

interface Part {
  readonly partition: number;
  readonly start: number;
  readonly end: number;
}

/** Shares the limit among the partitions; what one does not need, the others get. */
function limited(parts: readonly Part[], maximum: number): Map<number, number> {
  const ends = new Map<number, number>();
  let left = maximum;
  const bySize = parts.toSorted((a, b) => a.end - a.start - (b.end - b.start));
  for (const [index, { partition, start, end }] of bySize.entries()) {
    const share = Math.floor(left / (bySize.length - index));
    const taken = Math.min(end - start, share);
    ends.set(partition, start + taken);
    left -= taken;
  }
  return ends;
}

/** At most so many offsets, at least one where there are any. */
export function nextRange(
  bounds: ReadonlyMap<number, PartitionBounds>,
  known: Offsets,
  maximum: number,
  anew: ReadonlySet<number> = new Set(),
): EventRange {
  let skipped = 0;
  const restarted: number[] = [];
  const parts = [...bounds].map(([partition, { start, end }]): Part => {
    const next = known[partition] ?? start;
    const isAnew = next > end || anew.has(partition);
    if (isAnew) restarted.push(partition);
    else skipped += Math.max(0, start - next);
    return { partition, start: isAnew ? start : Math.max(start, next), end };
  });
  const ends = limited(parts, Math.max(maximum, parts.length));
  return {
    from: Object.fromEntries(parts.map(({ partition, start }) => [partition, start])),
    to: Object.fromEntries(ends),
    skipped,
    restarted,
  };
}

/** How many offsets lie between the two. */
export const lagOf = (bounds: ReadonlyMap<number, PartitionBounds>, read: Offsets): number =>
  [...bounds].reduce(
    (sum, [partition, { start, end }]) => sum + Math.max(0, end - (read[partition] ?? start)),
    0,
  );
