/** Arranges the counts of predictions for plotting: few enough buckets, few enough series. */
import { PALETTE_SIZE } from '../chart-style';
import { sum } from '../parts';
import type { PredictionCount } from '../report-data';
import { grainOf, stepOf } from './time-steps';

/** More bars than this could not be told apart. */
const MOST_BUCKETS = 120;

export interface Layers {
  /** Starts of the buckets, rising; those without predictions are left out. */
  starts: number[];
  /** Windows of each series in each bucket. */
  series: { name: string; windows: number[] }[];
}

export interface Bucketed {
  counts: PredictionCount[];
  /** Of one interval. */
  lengthMs: number;
}

/** What stands for the classes that have no colour of their own. */
export const OTHER_CLASSES = 'other classes';

/**
 * Sorts into at most 120 buckets of equal length, so that a long stream stays legible. Each holds as many of the counted intervals:
 * otherwise the bars of an even stream would rise and fall.
 */
export function rebucket(counts: readonly PredictionCount[], countedMs: number): Bucketed {
  const starts = distinct(counts.map(({ bucketStartMs }) => bucketStartMs));
  const first = starts[0];
  const last = starts.at(-1);
  if (first === undefined || last === undefined || starts.length <= MOST_BUCKETS)
    return { counts: [...counts], lengthMs: countedMs };
  const lengthMs = stepOf({ first, last, grain: grainOf(starts), most: MOST_BUCKETS });
  const startOf = (ms: number) => Math.floor(ms / lengthMs) * lengthMs;
  const moved = counts.map((e) => ({ ...e, bucketStartMs: startOf(e.bucketStartMs) }));
  return { counts: moved, lengthMs };
}

export function layersBy(
  counts: readonly PredictionCount[],
  key: 'label' | 'version',
  names: readonly string[],
): Layers {
  const starts = distinct(counts.map(({ bucketStartMs }) => bucketStartMs));
  const windowsOf = new Map<string, number>();
  for (const entry of counts) {
    const place = `${entry.bucketStartMs} ${entry[key]}`;
    windowsOf.set(place, (windowsOf.get(place) ?? 0) + entry.windows);
  }
  const series = names.map((name) => ({
    name,
    windows: starts.map((start) => windowsOf.get(`${start} ${name}`) ?? 0),
  }));
  return { starts, series };
}

/** Keeps the most frequent classes and counts the rest as one, when colours would not suffice. */
export function foldRareClasses(counts: readonly PredictionCount[]): PredictionCount[] {
  const windowsOf = (label: string) =>
    sum(counts.filter((entry) => entry.label === label).map(({ windows }) => windows));
  const labels = [...new Set(counts.map(({ label }) => label))];
  if (labels.length <= PALETTE_SIZE) return [...counts];
  const kept = labels.sort((a, b) => windowsOf(b) - windowsOf(a)).slice(0, PALETTE_SIZE - 1);
  return counts.map((entry) =>
    kept.includes(entry.label) ? entry : { ...entry, label: OTHER_CLASSES },
  );
}

/** Mean weighted by windows: large buckets count more. */
export function meanConfidence(counts: readonly PredictionCount[]): number | null {
  const windows = sum(counts.map((entry) => entry.windows));
  if (windows === 0) return null;
  return sum(counts.map((entry) => entry.windows * entry.meanConfidence)) / windows;
}

const distinct = (values: readonly number[]): number[] =>
  [...new Set(values)].sort((a, b) => a - b);
