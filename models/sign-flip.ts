/** The exact sign-flip test: is a paired improvement over a handful of subjects more than chance? */
import { createRandom } from './random';

export interface SignFlipResult {
  /** One-sided: chance of a mean difference at least this large if signs were random. */
  readonly pValue: number;
  readonly meanDifference: number;
}

/** Up to here all sign patterns are counted; 2^20 take some ten milliseconds. */
export const EXACT_LIMIT = 20;

const DRAWS = 100_000;

// Bound once: in a workflow's sandbox each look-up of a global is slow.
const { clz32 } = Math;

/** Sums that differ by rounding only are ties, and ties count against the improvement. */
const TOLERANCE = 1e-12;

/** Counts sign patterns whose sum reaches the observed one; pattern by pattern in Gray-code order. */
function countExactly(differences: readonly number[], reach: number): number {
  let sum = differences.reduce((total, value) => total + value, 0);
  let count = 1;
  let flipped = 0;
  for (let pattern = 1; pattern < 2 ** differences.length; pattern += 1) {
    const index = 31 - clz32(pattern & -pattern);
    const change = 2 * (differences[index] as number);
    sum += (flipped >>> index) & 1 ? change : -change;
    flipped ^= 1 << index;
    if (sum >= reach) count += 1;
  }
  return count;
}

/** The observed pattern is one of the draws, so that the p-value is never zero. */
function estimate(differences: readonly number[], reach: number): number {
  const random = createRandom(differences.length);
  let count = 1;
  for (let draw = 0; draw < DRAWS; draw += 1) {
    let sum = 0;
    let bits = 0;
    for (let i = 0; i < differences.length; i += 1) {
      // One draw serves the signs of 32 subjects.
      bits = i % 32 === 0 ? random() * 4294967296 : bits >>> 1;
      sum += (bits & 1) === 0 ? (differences[i] as number) : -(differences[i] as number);
    }
    if (sum >= reach) count += 1;
  }
  return count / (DRAWS + 1);
}

/**
 * Under the null hypothesis each subject's difference is as likely to have the other sign. Exact up
 * to 20 subjects (the smallest p-value of n subjects is 1/2^n), 100,000 seeded draws beyond.
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
