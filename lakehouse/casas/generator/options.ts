/** How much of what made-up CASAS archives hold. */
import { WatchlakeError } from '../../../core/errors';

export interface GeneratorOptions {
  readonly participants: number;
  /** For which each participant wears the watch: 36,000 rows an hour. */
  readonly hours: number;
  readonly seed: number;
  /** Whether place and battery stand on every row, as in the public files, or only where they were read. */
  readonly dense: boolean;
  /** Answers to prompts for each hour. */
  readonly promptsPerHour: number;
  /** Further lines that cannot be rows, as a share of the good ones; of each kind at least one. */
  readonly malformedShare: number;
  /** Shares of rows: without motion, without one axis, written twice, and followed by one of half a minute before. */
  readonly motionMissingShare: number;
  readonly motionIncompleteShare: number;
  readonly repeatedShare: number;
  readonly backwardsShare: number;
}

export const DEFAULT_GENERATOR: GeneratorOptions = {
  participants: 10,
  hours: 12,
  seed: 0,
  dense: false,
  promptsPerHour: 3,
  malformedShare: 0.0005,
  motionMissingShare: 0.0005,
  motionIncompleteShare: 0.0002,
  repeatedShare: 0.0002,
  backwardsShare: 0.0001,
};

const LIMITS: Partial<Record<keyof GeneratorOptions, readonly [number, number]>> = {
  participants: [1, 100_000],
  // The last of them is worn until 2090.
  hours: [0.01, 400_000],
  seed: [0, 2 ** 31 - 1],
  promptsPerHour: [0, 60],
};
const WHOLE = new Set(['participants', 'seed']);

/** INPUT_INVALID names the option. */
export function checkedOptions(given: Partial<GeneratorOptions>): GeneratorOptions {
  const options = { ...DEFAULT_GENERATOR, ...given };
  for (const [field, value] of Object.entries(options)) {
    if (typeof value !== 'number') continue;
    const [least, most] = LIMITS[field as keyof GeneratorOptions] ?? [0, 0.2];
    const isWhole = !WHOLE.has(field) || Number.isInteger(value);
    if (value >= least && value <= most && isWhole) continue;
    throw new WatchlakeError('INPUT_INVALID', { field, detail: `it is ${least} to ${most}` });
  }
  return options;
}
