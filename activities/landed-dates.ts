/** Brings what PostgreSQL knows of the landed dates up to the published snapshot, date by date. */
import { WatchlakeError } from '../core/errors';
import type { DeviceTables } from '../devices/devices';
import type { LakeState } from '../devices/source';
import { runsOf, writeDateFacts } from '../lakehouse/devices/aggregation/aggregate';
import { withAggregation } from '../lakehouse/devices/aggregation/open-aggregation';
import { deviceFacts } from '../lakehouse/devices/landing-facts';
import { EVENTS_TABLE } from '../lakehouse/devices/names';
import type { Lake } from '../lakehouse/lake';
import type { SnapshotManifest } from '../lakehouse/manifest';
import { findManifest } from '../lakehouse/snapshots';
import { unknownDataset } from '../lakehouse/unknown-names';

export interface LookDeps {
  readonly lake: Lake;
  readonly devices: DeviceTables;
}

export interface LookRequest {
  readonly dataset: string;
  /** Makes the aggregates from this lake from now on, whichever they were made from before. */
  readonly acceptLake?: boolean;
  readonly signal: AbortSignal;
  readonly report: (details: Readonly<Record<string, unknown>>) => void;
}

interface ChangedDate {
  readonly date: string;
  /** Null: the lake holds it no more. */
  readonly content: string | null;
  readonly rows: number;
}

// Of dates that are looked at together.
const ROWS_A_LOOK = 5_000_000;
const DATES_A_LOOK = 62;

function* parts(changed: readonly ChangedDate[]): Generator<readonly ChangedDate[]> {
  let part: ChangedDate[] = [];
  let rows = 0;
  for (const each of changed) {
    if (part.length > 0 && (rows + each.rows > ROWS_A_LOOK || part.length === DATES_A_LOOK)) {
      yield part;
      [part, rows] = [[], 0];
    }
    part.push(each);
    rows += each.rows;
  }
  if (part.length > 0) yield part;
}

/** In their order: what a counter starts from at a date is what the dates before have left. */
async function changedDates(
  devices: DeviceTables,
  manifest: SnapshotManifest,
): Promise<ChangedDate[]> {
  const known = await devices.knownDates();
  const { dates } = deviceFacts(manifest);
  const changed = Object.entries(dates)
    .filter(([date, { content }]) => known.get(date) !== content)
    .map(([date, { content, rows }]): ChangedDate => ({ date, content, rows }));
  for (const date of known.keys()) {
    if (dates[date] === undefined) changed.push({ date, content: null, rows: 0 });
  }
  return changed.toSorted((a, b) => (a.date < b.date ? -1 : 1));
}

/**
 * The lake whose dates are known must be this one: pointers of one catalogue only rise, so that what was looked at
 * before the pointer is read is never newer than it.
 */
async function claimLake(
  { lake, devices }: LookDeps,
  { dataset, acceptLake = false }: LookRequest,
): Promise<{ manifest: SnapshotManifest; present: LakeState }> {
  const looked = await devices.aggregatedLake();
  const pointer = await lake.catalog.pointer({ dataset, table: EVENTS_TABLE });
  if (pointer === null) throw await unknownDataset(lake, dataset);
  const { snapshotId, version: snapshotVersion } = pointer;
  const manifest = await findManifest(lake, { dataset, table: EVENTS_TABLE, snapshotId });
  const present = { lake: await lake.catalog.identity(), snapshotVersion };
  const isOther = looked.lake !== null && looked.lake !== present.lake;
  const isOfDataset = looked.dataset === dataset;
  if (isOfDataset && (isOther || looked.snapshotVersion > snapshotVersion)) {
    if (!acceptLake) {
      const known = [...(await devices.knownDates()).keys()];
      const { dates } = deviceFacts(manifest);
      const missing = known.filter((date) => dates[date] === undefined).length;
      throw new WatchlakeError('AGGREGATES_OF_ANOTHER_LAKE', { missing, dates: known.length });
    }
    await devices.adoptLake(present);
  }
  return { manifest, present };
}

/**
 * Throws AGGREGATES_OUTDATED when newer events, or another lake, were looked at meanwhile: figures of these files would be recorded
 * as theirs. Each failure takes another landing, and the next attempt begins with what was looked at: none keeps the other off.
 */
export async function requireNothingNewer(
  { devices }: Pick<LookDeps, 'devices'>,
  present: LakeState,
): Promise<void> {
  const { lake, snapshotVersion } = await devices.aggregatedLake();
  const isSame = lake === null || lake === present.lake;
  if (isSame && snapshotVersion <= present.snapshotVersion) return;
  throw new WatchlakeError('AGGREGATES_OUTDATED', { what: 'newer events' });
}

/**
 * The published snapshot, of which every date is known. DATASET_NOT_FOUND when nothing has landed; AGGREGATES_OUTDATED, to be
 * tried again, when events or profiles change meanwhile; AGGREGATES_OF_ANOTHER_LAKE unless that is accepted.
 */
export async function lookAtDates(
  deps: LookDeps,
  request: LookRequest,
): Promise<{ manifest: SnapshotManifest; present: LakeState }> {
  const { lake, devices } = deps;
  const { dataset, signal, report } = request;
  const { manifest, present } = await claimLake(deps, request);
  const changed = await changedDates(devices, manifest);
  let looked = 0;
  for (const part of parts(changed)) {
    signal.throwIfAborted();
    report({ step: 'looking at dates', dates: looked, of: changed.length });
    const dates = part.map(({ date }) => date);
    await withAggregation(lake, { manifest, dates, signal }, async (aggregation) => {
      const peopleFile = aggregation.fileNamed('people');
      const profilesVersion = await devices.exportPeople(peopleFile);
      const [first] = runsOf(dates);
      const span = { first: first?.first ?? '', last: dates.at(-1) ?? '' };
      const { file } = await writeDateFacts(aggregation, peopleFile, span);
      await devices.saveDates({
        source: { dataset, ...present, profilesVersion },
        dates: Object.fromEntries(part.map(({ date, content }) => [date, content])),
        factsFile: file,
      });
    });
    looked += part.length;
  }
  return { manifest, present };
}
