/** Why the recordings of a dataset may have given no window at all: most often the unit of their timestamps. */
import type { Emptiness } from '../dataset-format';
import type { Lake } from '../lake';
import { landingFacts, LANDING_TABLE, medianPeriodMs } from '../landing/descriptor';
import { likelyUnit } from '../landing/timestamp-unit';
import { findManifest } from '../snapshots';
import type { RefreshPlan } from './refresh-plan';
import { WINDOWS_TABLE } from './windows';

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
