/** The exact sign-flip test: is a paired improvement over a handful of subjects more than chance? */
import { createRandom } from '../core/random';

export interface SignFlipResult {
  /** One-sided: chance of a mean difference at least this large if signs were random. */
  readonly pValue: number;
  readonly meanDifference: number;
}

/** Up to here all sign patterns are counted: the sums of one half of the subjects against the other's. */
export const EXACT_LIMIT = 30;

/** Beyond, patterns are drawn: as many as a workflow task has time for, whatever the subjects. */
const MOST_DRAWS = 100_000;
const FEWEST_DRAWS = 1_000;
const SIGNS_AT_MOST = 5_000_000;

/** Sums that differ by rounding only are ties, and ties count against the improvement. */
const TOLERANCE = 1e-12;

/** Every sum that signs can give, in rising order. */
function sumsOf(differences: readonly number[]): Float64Array {
  const sums = new Float64Array(2 ** differences.length);
  let known = 1;
  for (const difference of differences) {
    for (let i = 0; i < known; i += 1) {
      const sum = sums[i] as number;
      sums[i] = sum - difference;
      sums[known + i] = sum + difference;
    }
    known *= 2;
  }
  return sums.sort();
}

/** Counts sign patterns whose sum reaches the observed one: 2^(n/2) steps in place of 2^n. */
function countExactly(differences: readonly number[], reach: number): number {
  const middle = differences.length >> 1;
  const low = sumsOf(differences.slice(0, middle));
  const high = sumsOf(differences.slice(middle));
  let count = 0;
  let from = high.length;
  for (let i = 0; i < low.length; i += 1) {
    const needed = reach - (low[i] as number);
    while (from > 0 && (high[from - 1] as number) >= needed) from -= 1;
    count += high.length - from;
  }
  return count;
}

/** The observed pattern is one of the draws, so that the p-value is never zero. */
function estimate(differences: readonly number[], reach: number): number {
  const random = createRandom(differences.length);
  const wanted = Math.floor(SIGNS_AT_MOST / differences.length);
  const draws = Math.max(FEWEST_DRAWS, Math.min(MOST_DRAWS, wanted));
  let count = 1;
  for (let draw = 0; draw < draws; draw += 1) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < differences.length; i += 1) {
      // One draw serves the signs of 32 subjects.
      bits = i % 32 === 0 ? random() * 4294967296 : bits >>> 1;
      sum += (bits & 1) === 0 ? (differences[i] as number) : -(differences[i] as number);
    }
    if (sum >= reach) count += 1;
  }
  return count / (draws + 1);
}

/**
 * Under the null hypothesis each subject's difference is as likely to have the other sign. Exact up
 * to 30 subjects (the smallest p-value of n subjects is 1/2^n), seeded draws beyond.
 * Without a difference at all, or without subjects, the p-value is 1.
 */
export function signFlipTest(differences: readonly number[]): SignFlipResult {
  if (differences.length === 0) return { pValue: 1, meanDifference: 0 };
  const observed = differences.reduce((total, value) => total + value, 0);
  const size = differences.reduce((total, value) => total + Math.abs(value), 0);
  const reach = observed - TOLERANCE * Math.max(1, size);
  const pValue =
    differences.length <= EXACT_LIMIT
      ? countExactly(differences, reach) / 2 ** differences.length
      : estimate(differences, reach);
  return { pValue, meanDifference: observed / differences.length };
}
