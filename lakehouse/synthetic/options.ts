/** How much a made-up archive holds, and what it is learned from. */
import { WatchlakeError } from '../../core/errors';

export interface SyntheticOptions {
  readonly people: number;
  /** Of recording for each. */
  readonly minutes: number;
  readonly seed: number;
  /** An activity that fewer people show is left out: its statistics would be those of somebody. */
  readonly leastPeople: number;
}

export const DEFAULT_SYNTHETIC: SyntheticOptions = {
  people: 12,
  minutes: 10,
  seed: 0,
  leastPeople: 3,
};

export const SYNTHETIC_LIMITS: Record<keyof SyntheticOptions, readonly [number, number]> = {
  people: [1, 10_000],
  minutes: [0.1, 100_000],
  seed: [0, 2 ** 31 - 1],
  leastPeople: [2, 1000],
};

/** INPUT_INVALID names the option. */
export function checkedSynthetic(given: Partial<SyntheticOptions>): SyntheticOptions {
  const options = { ...DEFAULT_SYNTHETIC, ...given };
  for (const field of Object.keys(SYNTHETIC_LIMITS) as (keyof SyntheticOptions)[]) {
    const [least, most] = SYNTHETIC_LIMITS[field];
    const value = options[field];
    const fits = value >= least && value <= most;
    if (fits && (field === 'minutes' || Number.isInteger(value))) continue;
    throw new WatchlakeError('INPUT_INVALID', { field, detail: `it is ${least} to ${most}` });
  }
  return options;
}
