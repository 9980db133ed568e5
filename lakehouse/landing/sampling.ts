/** What an ingest tells of the sampling of its archive: a wrong unit of time gives windows that mean nothing. */
import type { Sampling } from '../dataset-format';
import { medianPeriodMs, rateOf, type DatasetDescriptor, type LandedRecording } from './descriptor';
import type { LandingKind } from './landing-kind';
import { likelyUnit } from './timestamp-unit';

// Clocks of watches differ by less.
const MOST_APART = 1.2;

const isFar = (a: number, b: number): boolean => Math.max(a, b) > MOST_APART * Math.min(a, b);

/** Undefined when no two samples follow each other. `added` are the recordings of the archive; none when all had landed before. */
export function samplingOf(
  { format }: LandingKind,
  { rateHz }: DatasetDescriptor,
  added: readonly LandedRecording[],
): Sampling | undefined {
  const periodMs = added.length === 0 ? 1000 / rateHz : medianPeriodMs(added);
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
