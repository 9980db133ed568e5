/** Values of any distribution as scores of the standard normal one, and back: what keeps each channel's own distribution. */
import { errorFunction } from 'simple-statistics';

const FARTHEST = 4;
const STEPS = 32;
const POINTS = 2 * FARTHEST * STEPS + 1;

const scoreAt = (point: number): number => point / STEPS - FARTHEST;
const probabilityOf = (score: number): number => 0.5 * (1 + errorFunction(score / Math.SQRT2));

/**
 * Quantiles of one channel, evenly spaced on the scale of the scores, so that tails are as fine as the middle.
 * What lies beyond four standard deviations is drawn in to them: one person's extreme is nobody's statistics.
 */
export interface NormalScores {
  readonly quantiles: Float64Array;
}

/** `values` in any order, at least one; they stay as they are. */
export function normalScores(values: Float32Array): NormalScores {
  const sorted = Float32Array.from(values).sort();
  const quantiles = Float64Array.from({ length: POINTS }, (_, point) => {
    const place = probabilityOf(scoreAt(point)) * (sorted.length - 1);
    const below = Math.floor(place);
    const [left, right] = [sorted[below] as number, sorted[Math.ceil(place)] as number];
    return left + (right - left) * (place - below);
  });
  return { quantiles };
}

/** The first point whose quantile fulfils it; it must hold for all that follow. */
function firstPoint(quantiles: Float64Array, holds: (quantile: number) => boolean): number {
  let [from, to] = [0, quantiles.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(quantiles[middle] as number)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** The middle of all scores that the value has: a value that is frequent has a whole range of them. */
export function toScore({ quantiles }: NormalScores, value: number): number {
  const first = firstPoint(quantiles, (quantile) => quantile >= value);
  const after = firstPoint(quantiles, (quantile) => quantile > value);
  if (after > first) return (scoreAt(first) + scoreAt(after - 1)) / 2;
  if (first === 0) return -FARTHEST;
  if (first === POINTS) return FARTHEST;
  const [left, right] = [quantiles[first - 1] as number, quantiles[first] as number];
  return scoreAt(first - 1 + (value - left) / (right - left));
}

export function toValue({ quantiles }: NormalScores, score: number): number {
  const place = Math.min(POINTS - 1, Math.max(0, (score + FARTHEST) * STEPS));
  const below = Math.floor(place);
  const [left, right] = [quantiles[below] as number, quantiles[Math.ceil(place)] as number];
  return left + (right - left) * (place - below);
}
