/** Looks for a leaking split: one whose test labels the clock alone gives away. */
import { WatchlakeError } from '../core/errors';

export interface TimedLabels {
  /** In any order; recordings of different devices may share a clock. */
  readonly timestampsMs: ArrayLike<number>;
  readonly labels: readonly string[];
}

export interface LeakageOptions {
  /** How far above guessing the most frequent class the probe may score. */
  readonly margin: number;
}

export interface LeakageProbe {
  /** Accuracy of the nearest neighbour on the timestamp alone. */
  readonly score: number;
  /** The probe's expected score without leakage, plus what is left of the margin. */
  readonly limit: number;
  readonly leaks: boolean;
}

const DEFAULT_LEAKAGE: LeakageOptions = { margin: 0.2 };

/** A leak scores nearly 1: it is found also where guessing scores much. Guessing itself is no leak. */
const HIGHEST_LIMIT = 0.95;

function shareOfMostFrequent(labels: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Math.max(...counts.values()) / labels.length;
}

function sortedByTime({ timestampsMs, labels }: TimedLabels): {
  times: Float64Array;
  labels: string[];
} {
  const order = labels.map((_, index) => index);
  order.sort((a, b) => (timestampsMs[a] as number) - (timestampsMs[b] as number));
  return {
    times: Float64Array.from(order, (index) => timestampsMs[index] as number),
    labels: order.map((index) => labels[index] as string),
  };
}

function lowerBound(times: Float64Array, tMs: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < tMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function nearestLabel(train: { times: Float64Array; labels: string[] }, tMs: number): string {
  const after = lowerBound(train.times, tMs);
  const before = after - 1;
  const distanceOf = (index: number): number => Math.abs((train.times[index] ?? Infinity) - tMs);
  return train.labels[distanceOf(before) < distanceOf(after) ? before : after] as string;
}

/**
 * When windows of one burst lie on both sides of a split, the nearest training window in time has
 * the test window's label. A clean split lets the clock do little better than guessing.
 */
export function probeLeakage(
  split: { readonly train: TimedLabels; readonly test: TimedLabels },
  options: Partial<LeakageOptions> = {},
): LeakageProbe {
  const { margin } = { ...DEFAULT_LEAKAGE, ...options };
  if (split.train.labels.length === 0 || split.test.labels.length === 0) {
    const detail = 'the leakage probe needs windows on both sides of the split';
    throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
  }
  const train = sortedByTime(split.train);
  const { timestampsMs, labels } = split.test;
  const hits = labels.filter(
    (label, index) => nearestLabel(train, timestampsMs[index] as number) === label,
  ).length;
  const score = hits / labels.length;
  const guessing = shareOfMostFrequent(labels);
  const limit = Math.max(guessing, Math.min(HIGHEST_LIMIT, guessing + margin));
  return { score, limit, leaks: score > limit };
}
