/** How much of what made-up STEDI data hold. */
import { WatchlakeError } from '../../../core/errors';

export interface GeneratorOptions {
  readonly customers: number;
  readonly seed: number;
  /** Moments at which a person and the device are read; the real data have 30. */
  readonly moments: number;
  /** Serial numbers that two to four people claim. */
  readonly sharedSerials: number;
  /** Further lines that cannot be rows, as a share of the good ones; of each kind at least one. */
  readonly malformedShare: number;
  /** Shares of people: who consent to research; of those, who did when all readings were over. */
  readonly consentShare: number;
  readonly lateConsentShare: number;
  readonly withoutReadingsShare: number;
  /** With another, later row of the same person. */
  readonly againShare: number;
  /** With an address that is no e-mail. */
  readonly noEmailShare: number;
  /** Whose readings write e-mail or serial number in another spelling. */
  readonly respelledShare: number;
  /** Some of whose moments are moments of another person as well. */
  readonly coincidingShare: number;
  /** Shares of people beside whom there are readings of nobody known. */
  readonly strangerShare: number;
  /** Share of readings with a value that no sensor gives. */
  readonly outOfRangeShare: number;
  /** Share of step readings that are sent twice. */
  readonly resentShare: number;
  readonly linesPerFile: number;
}

/** Structure and rates of the public data, with a little of each trouble. */
export const DEFAULT_GENERATOR: GeneratorOptions = {
  customers: 1000,
  seed: 0,
  moments: 30,
  sharedSerials: 10,
  malformedShare: 0.001,
  consentShare: 0.5,
  lateConsentShare: 0.04,
  withoutReadingsShare: 0.05,
  againShare: 0.03,
  noEmailShare: 0.001,
  respelledShare: 0.1,
  coincidingShare: 0.05,
  strangerShare: 0.02,
  outOfRangeShare: 0.0005,
  resentShare: 0.001,
  linesPerFile: 100_000,
};

const LEAST: Partial<Record<keyof GeneratorOptions, number>> = {
  customers: 1,
  moments: 1,
  linesPerFile: 1,
};
const MOST: Partial<Record<keyof GeneratorOptions, number>> = {
  // Each has two minutes of time of their own; the last one's end before 2100.
  customers: 18_000_000,
  moments: 30,
};

/** INPUT_INVALID names the option. */
export function checkedOptions(given: Partial<GeneratorOptions>): GeneratorOptions {
  const options = { ...DEFAULT_GENERATOR, ...given };
  for (const [field, value] of Object.entries(options)) {
    const name = field as keyof GeneratorOptions;
    const isShare = name.endsWith('Share');
    const [least, most] = [LEAST[name] ?? 0, isShare ? 1 : (MOST[name] ?? Number.MAX_SAFE_INTEGER)];
    if (value >= least && value <= most && (isShare || Number.isInteger(value))) continue;
    throw new WatchlakeError('INPUT_INVALID', { field, detail: `it is ${least} to ${most}` });
  }
  if (options.sharedSerials * 4 > options.customers) {
    const detail = 'at most one for every four customers';
    throw new WatchlakeError('INPUT_INVALID', { field: 'sharedSerials', detail });
  }
  return options;
}
