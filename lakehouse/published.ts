/** What is published of a table, and how the next snapshot takes its place: only from what it was built on. */
import { WatchlakeError } from '../core/errors';
import { dataPlace } from './data-place';
import type { Lake } from './lake';
import { noteUse } from './last-use';
import type { SnapshotManifest } from './manifest';
import { snapshotPrefix } from './manifest';
import { readManifest } from './read-manifest';
import type { VersionedPointer } from './ports';
import { refuseRemoved } from './removal';

type TableName = Pick<VersionedPointer, 'dataset' | 'table'>;

/** A publication that a writer replaces. */
export interface Replaced {
  /** Of the table's pointer when the writer read what it builds on; 0 when nothing was published. */
  readonly version: number;
}

export interface Base extends Replaced {
  /** Null when nothing was published. */
  readonly before: SnapshotManifest | null;
}

/** What a writer builds on. It is read before anything else that decides the new rows. */
export async function findBase({ store, catalog }: Lake, of: TableName): Promise<Base> {
  const pointer = await catalog.pointer(of);
  if (pointer === null) return { version: 0, before: null };
  const before = await readManifest(store, pointer.prefix);
  if (before !== null) return { version: pointer.version, before };
  const { snapshotId } = pointer;
  throw new WatchlakeError('TABLE_NOT_FOUND', { ...of, snapshotId });
}

/**
 * For rows that come from elsewhere. DATASET_BEING_REMOVED where the table may have gone with its dataset: that looks like one
 * that never was, and what was read of it meanwhile would come back once the removal has ended.
 */
export async function findBaseToLand(lake: Lake, of: TableName): Promise<Base> {
  const base = await findBase(lake, of);
  if (base.before === null) await refuseRemoved(lake, of.dataset);
  return base;
}

/** The pointer as it is; CATALOG_CONFLICT when anybody has published since the base was read. */
async function presentPointer(
  { catalog }: Lake,
  of: TableName,
  { version }: Replaced,
  ownSnapshotId?: string,
): Promise<VersionedPointer | null> {
  const present = await catalog.pointer(of);
  // A writer that is tried again, or its twin, has published it already.
  const isOwn = present !== null && present.snapshotId === ownSnapshotId;
  if (isOwn || (present?.version ?? 0) === version) return present;
  throw new WatchlakeError('CATALOG_CONFLICT', { table: of.table });
}

/** CATALOG_CONFLICT when `publishSnapshot` would say so. */
export async function refuseReplaced(
  lake: Lake,
  manifest: SnapshotManifest,
  replaces: Replaced,
): Promise<void> {
  await presentPointer(lake, manifest, replaces, manifest.snapshotId);
}

/**
 * Moves the table's pointer to the snapshot. CATALOG_CONFLICT when anybody has published since the base
 * was read: the writer has to begin again from there, or what the other one has changed would be lost.
 */
export async function publishSnapshot(
  lake: Lake,
  manifest: SnapshotManifest,
  replaces: Replaced,
): Promise<void> {
  const { dataset, table, zone, columns, snapshotId } = manifest;
  await refuseRemoved(lake, dataset);
  const present = await presentPointer(lake, manifest, replaces, snapshotId);
  if (present?.snapshotId === snapshotId) return;
  if (present !== null) await noteUse(lake.store, present.prefix);
  const prefix = snapshotPrefix(manifest);
  const data = dataPlace(prefix, manifest.files);
  const publishedAt = new Date().toISOString();
  const pointer = { dataset, table, zone, columns, snapshotId, prefix, data, publishedAt };
  await lake.catalog.publish(pointer, replaces.version);
}

/**
 * Publishes the base once more, as it is: whoever has built on it before has to begin again. An erasure that
 * finds nothing of a person ends with it, for a writer that read them earlier may be about to publish.
 */
export async function publishAgain(lake: Lake, of: TableName, replaces: Replaced): Promise<void> {
  const present = await presentPointer(lake, of, replaces);
  if (present !== null) await lake.catalog.publish(present, replaces.version);
}
