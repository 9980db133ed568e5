/** Brings what PostgreSQL knows of the landed dates up to the published snapshot, date by date. */
import { WatchlakeError } from '../core/errors';
import type { DeviceTables } from '../devices/devices';
import { runsOf, writeDateFacts } from '../lakehouse/devices/aggregation/aggregate';
import { withAggregation } from '../lakehouse/devices/aggregation/open-aggregation';
import { deviceFacts } from '../lakehouse/devices/landing-facts';
import { EVENTS_TABLE } from '../lakehouse/devices/names';
import type { Lake } from '../lakehouse/lake';
import type { SnapshotManifest } from '../lakehouse/manifest';
import { findManifest } from '../lakehouse/snapshots';

export interface LookDeps {
  readonly lake: Lake;
  readonly devices: DeviceTables;
}

export interface LookRequest {
  readonly dataset: string;
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
 * The published snapshot, of which every date is known. DATASET_NOT_FOUND when nothing has landed; AGGREGATES_OUTDATED, to be
 * tried again, when events or profiles change meanwhile.
 */
export async function lookAtDates(
  { lake, devices }: LookDeps,
  { dataset, signal, report }: LookRequest,
): Promise<{ manifest: SnapshotManifest }> {
  const pointer = await lake.catalog.pointer({ dataset, table: EVENTS_TABLE });
  if (pointer === null) throw new WatchlakeError('DATASET_NOT_FOUND', { dataset });
  const { snapshotId, version } = pointer;
  const manifest = await findManifest(lake, { dataset, table: EVENTS_TABLE, snapshotId });
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
        source: { dataset, snapshotVersion: version, profilesVersion },
        dates: Object.fromEntries(part.map(({ date, content }) => [date, content])),
        factsFile: file,
      });
    });
    looked += part.length;
  }
  return { manifest };
}
