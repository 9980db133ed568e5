/** Removes a whole dataset from the lake: first nobody finds it any more, then its files go. */
import { WatchlakeError } from '../core/errors';
import { CATALOG_ROOT } from './catalogs/releases';
import { topicsRead } from './devices/landed-to';
import { worksUntilMs } from './engines/jobs/unanswered';
import { inParallel } from './in-parallel';
import { readJsonOrNull, writeJson } from './json';
import type { Lake } from './lake';
import { ownObjects, placesOf, workPlacesOf, type Place } from './places';
import type { StoredObject } from './ports';
import type { TopicPlace } from './removed-streams';

export interface DatasetHoldings {
  /** Published ones. */
  readonly tables: string[];
  readonly objects: number;
  readonly bytes: number;
  /** Until when a job that a service was given may still write; 0 where there is none. */
  readonly worksUntilMs: number;
}

/** Says that a removal has begun: its next run goes on with it, and nobody publishes in between. */
interface Marker {
  readonly formatVersion: 1;
  readonly catalog: string;
  readonly at: string;
  /** Those that there were when it began; absent in earlier markers. */
  readonly tables?: readonly string[];
  /** How far topics of events had been read, by name; absent in earlier markers. */
  readonly topicsRead?: Readonly<Record<string, TopicPlace>>;
}

/** What the lake knew of the dataset when its removal began. */
export interface FormerDataset {
  readonly tables: readonly string[];
  readonly topicsRead: Readonly<Record<string, TopicPlace>>;
}

const AT_A_TIME = 16;

const ownFolder = (dataset: string): string => `${CATALOG_ROOT}/${dataset}/`;
export const removalKey = (dataset: string): string => `${ownFolder(dataset)}removal.json`;

export const isBeingRemoved = ({ store }: Pick<Lake, 'store'>, dataset: string): Promise<boolean> =>
  store.has(removalKey(dataset));

/** DATASET_BEING_REMOVED, for whoever is about to begin something, or to publish it. */
export async function refuseRemoved(lake: Pick<Lake, 'store'>, dataset: string): Promise<void> {
  if (await isBeingRemoved(lake, dataset))
    throw new WatchlakeError('DATASET_BEING_REMOVED', { dataset });
}

const markerOf = (store: Lake['store'], dataset: string): Promise<Marker | null> =>
  readJsonOrNull<Marker>(store, removalKey(dataset));

/** Whether the snapshots are of this catalogue; those that it never knew another one may know. */
async function isKnown({ catalog, store }: Lake, dataset: string): Promise<boolean> {
  if ((await catalog.list({ dataset })).length > 0) return true;
  const marker = await markerOf(store, dataset);
  return marker !== null && marker.catalog === (await catalog.identity());
}

/** Pointers and releases, which a folder of its own holds. */
const recordsOf = (dataset: string): Place => ({
  ...{ prefix: ownFolder(dataset), depth: 1, isShared: false },
});

async function objectsOf(lake: Lake, dataset: string): Promise<StoredObject[]> {
  const known = await isKnown(lake, dataset);
  const places = known ? [recordsOf(dataset), ...placesOf(dataset)] : workPlacesOf(dataset);
  const found: StoredObject[] = [];
  for (const place of places) {
    for await (const { object } of ownObjects(lake.store, place)) {
      if (object.key !== removalKey(dataset)) found.push(object);
    }
  }
  return found;
}

/** What a removal would take. */
export async function holdingsOf(lake: Lake, dataset: string): Promise<DatasetHoldings> {
  const tables = (await lake.catalog.list({ dataset })).map(({ table }) => table).sort();
  const objects = await objectsOf(lake, dataset);
  return {
    tables,
    objects: objects.length,
    bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
    worksUntilMs: worksUntilMs(objects, lake.jobMs),
  };
}

export interface RemovalRequest {
  readonly dataset: string;
  /** Throws when something is in the way. Asked once the marker stands: who begins later meets that. */
  readonly requireFree?: () => Promise<void>;
  /** The rest of the dataset, which lies elsewhere: removed before the lake forgets that there was one. */
  readonly removeRecords: (former: FormerDataset) => Promise<void>;
  readonly onObject?: () => void;
}

/** Takes the tables out of the catalogue. Who may not do so begins no removal: the dataset stays as it was. */
async function forget(
  lake: Lake,
  { dataset, requireFree }: Pick<RemovalRequest, 'dataset' | 'requireFree'>,
): Promise<void> {
  const { store, catalog } = lake;
  const begun = await markerOf(store, dataset);
  const isBegun = begun !== null;
  const at = new Date().toISOString();
  const present = (await catalog.list({ dataset })).map(({ table }) => table);
  const tables = [...new Set([...(begun?.tables ?? []), ...present])];
  const marker: Marker = {
    ...{ formatVersion: 1, catalog: await catalog.identity(), at, tables },
    // Whoever has published since it began has read further.
    topicsRead: { ...begun?.topicsRead, ...(await topicsRead(lake, dataset)) },
  };
  await writeJson(store, removalKey(dataset), marker);
  let dropped = 0;
  try {
    await requireFree?.();
    for (const { table } of await catalog.list({ dataset })) {
      await catalog.drop({ dataset, table });
      dropped += 1;
    }
  } catch (error) {
    if (dropped === 0 && !isBegun) await store.remove(removalKey(dataset));
    throw error;
  }
}

/**
 * Repeating it goes on where it was interrupted. DATASET_IN_USE when somebody has published in the meantime, who did
 * not see the removal begin.
 */
export async function removeFromLake(lake: Lake, request: RemovalRequest): Promise<void> {
  const { dataset, removeRecords, onObject } = request;
  const { store, catalog } = lake;
  if (await isKnown(lake, dataset)) await forget(lake, request);
  const keys = (await objectsOf(lake, dataset)).map(({ key }) => key);
  await inParallel(keys, AT_A_TIME, async (key) => {
    await store.remove(key);
    onObject?.();
  });
  const { tables = [], topicsRead: read = {} } = (await markerOf(store, dataset)) ?? {};
  await removeRecords({ tables, topicsRead: read });
  const [published] = await catalog.list({ dataset });
  if (published !== undefined) {
    const what = `${published.table} was published meanwhile`;
    throw new WatchlakeError('DATASET_IN_USE', { dataset, what });
  }
  await store.remove(removalKey(dataset));
}
