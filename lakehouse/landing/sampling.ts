/** What an ingest tells of the sampling of its archive: a wrong unit of time gives windows that mean nothing. */
import type { Sampling } from '../dataset-format';
import { medianPeriodMs, rateOf, type LandedRecording, type LandingFacts } from './descriptor';
import type { LandingKind } from './landing-kind';
import { likelyUnit } from './timestamp-unit';

// Clocks of watches differ by less.
const MOST_APART = 1.2;

const isFar = (a: number, b: number): boolean => Math.max(a, b) > MOST_APART * Math.min(a, b);

/** Of the archive; where all of it had landed before, and others as well, of the dataset. */
function periodOf(
  { descriptor, ingests, recordings }: LandingFacts,
  added: readonly LandedRecording[],
): number | null {
  if (added.length > 0) return medianPeriodMs(added);
  const periodMs = medianPeriodMs(recordings);
  return periodMs === null || ingests.length === 1 ? periodMs : 1000 / descriptor.rateHz;
}

/** Undefined when no two samples follow each other. `added` are the recordings of the archive; none when all had landed before. */
export function samplingOf(
  { format }: LandingKind,
  facts: LandingFacts,
  added: readonly LandedRecording[],
): Sampling | undefined {
  const { rateHz } = facts.descriptor;
  const periodMs = periodOf(facts, added);
  if (periodMs === null || periodMs <= 0) return undefined;
  const archiveHz = 1000 / periodMs;
  // Other formats have dates, in which no unit can be mistaken.
  const unit = format === 'recordings' ? likelyUnit(periodMs) : undefined;
  // What is below the decimals of a dataset's rate makes no other archive of its first one.
  const isOther = isFar(rateOf(periodMs), rateHz);
  return {
    ...(isOther
      ? { rateHz, archiveHz }
      : { rateHz: isFar(archiveHz, rateHz) ? archiveHz : rateHz }),
    ...(unit === undefined ? {} : { likelyUnit: unit }),
  };
}
