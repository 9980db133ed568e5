/** Why the recordings of a dataset may have given no window at all: most often the unit of their timestamps. */
import type { Emptiness, TimestampUnit } from '../dataset-format';
import type { Lake } from '../lake';
import { landingFacts, LANDING_TABLE, medianPeriodMs } from '../landing/descriptor';
import { findManifest } from '../snapshots';
import type { RefreshPlan } from './refresh-plan';
import { WINDOWS_TABLE } from './windows';

/** From what distance on, read as milliseconds, another unit is likelier; the rates are those of that unit. */
const UNITS: readonly { unit: TimestampUnit; fromMs: number; toMs: number }[] = [
  // Above 2,000 Hz, which no wearable has: below 2,000 Hz in seconds.
  { unit: 'seconds', fromMs: 0, toMs: 0.5 },
  // Between 500 Hz and 1 Hz.
  { unit: 'microseconds', fromMs: 2000, toMs: 1e6 },
  // 1,000 Hz and less; as milliseconds a sample each quarter of an hour.
  { unit: 'nanoseconds', fromMs: 1e6, toMs: Infinity },
];

/** The unit that would explain the distance; undefined for distances that milliseconds explain. */
export const likelyUnit = (medianDistanceMs: number): TimestampUnit | undefined =>
  UNITS.find(({ fromMs, toMs }) => medianDistanceMs >= fromMs && medianDistanceMs < toMs)?.unit;

/** What is known of an empty table of windows; undefined for other tables. */
export async function emptinessOf(
  lake: Lake,
  { dataset, sources }: RefreshPlan,
  table: string,
): Promise<Emptiness | undefined> {
  if (table !== WINDOWS_TABLE) return undefined;
  const landing = { dataset, table: LANDING_TABLE, snapshotId: sources[LANDING_TABLE] };
  const { recordings } = landingFacts(await findManifest(lake, landing));
  const medianDistanceMs = medianPeriodMs(recordings);
  const unit = medianDistanceMs === null ? undefined : likelyUnit(medianDistanceMs);
  return { medianDistanceMs, ...(unit === undefined ? {} : { likelyUnit: unit }) };
}
