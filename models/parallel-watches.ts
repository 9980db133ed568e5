/** Tells watches apart that recorded at the same time: they cannot share a burst. */
import type { TrainingSet } from './training-set';

export interface TimedSet extends Pick<TrainingSet, 'features' | 'labels' | 'groups' | 'blocks'> {
  /** On the clock of each row's device, ms. */
  readonly startsMs: readonly number[];
}

/** Mean distance of two windows' features, in standard deviations, below which one is taken for a copy of the other. */
const COPY_DISTANCE = 0.1;

function deviationsOf({ features, labels }: TimedSet): Float64Array {
  const rows = labels.length;
  const columns = features.length / rows;
  return Float64Array.from({ length: columns }, (_, column) => {
    let [sum, squares] = [0, 0];
    for (let at = column; at < features.length; at += columns) {
      const value = features[at] as number;
      sum += value;
      squares += value * value;
    }
    return Math.sqrt(Math.max(0, squares / rows - (sum / rows) ** 2));
  });
}

function isCopy(set: TimedSet, deviations: Float64Array, one: number, other: number): boolean {
  const columns = deviations.length;
  let [distance, counted] = [0, 0];
  deviations.forEach((deviation, column) => {
    if (deviation === 0) return;
    const [a, b] = [one, other].map((row) => set.features[row * columns + column] as number);
    distance += Math.abs((a as number) - (b as number)) / deviation;
    counted += 1;
  });
  return distance <= COPY_DISTANCE * counted;
}

/** People may call their watches the same. */
const watchKey = ({ groups, blocks }: TimedSet, row: number): string =>
  JSON.stringify([groups[row], blocks[row]]);

/**
 * For a person left out, whether a row of somebody else is of a watch that recorded something else at the same moments:
 * a watch is at one place at a time. A copy of the person's recording under another name does not count as such.
 */
export function parallelWatches(set: TimedSet) {
  const deviations = deviationsOf(set);
  const rowsAt = new Map<number, number[]>();
  for (const [row, startMs] of set.startsMs.entries()) {
    const rows = rowsAt.get(startMs) ?? [];
    rowsAt.set(startMs, rows);
    rows.push(row);
  }
  return (subject: string): ((row: number) => boolean) => {
    const balance = new Map<string, number>();
    for (const [row, group] of set.groups.entries()) {
      if (group !== subject) continue;
      for (const other of rowsAt.get(set.startsMs[row] as number) ?? []) {
        if (set.groups[other] === subject) continue;
        const watch = watchKey(set, other);
        const vote = isCopy(set, deviations, row, other) ? -1 : 1;
        balance.set(watch, (balance.get(watch) ?? 0) + vote);
      }
    }
    return (row) => (balance.get(watchKey(set, row)) ?? 0) > 0;
  };
}
