/** Publishes together what one refresh has built: the pointers move, the release is written last. */
import { WatchlakeError, isWatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import type { Lake } from './lake';
import type { SnapshotManifest } from './manifest';
import type { Release } from './ports';
import { publishSnapshot, refuseReplaced } from './published';
import { findManifest } from './snapshots';

export interface ReleaseRequest {
  readonly dataset: string;
  /** Snapshot by table. */
  readonly snapshots: Readonly<Record<string, string>>;
  /** What was published when the refresh was planned, by table. */
  readonly replaces: PublishedVersions;
}

/** Versions of the tables' pointers; tables that were never published are not among them. */
export type PublishedVersions = Readonly<Record<string, number>>;

/** To be read before a plan is made: a release of that plan replaces these. */
export async function publishedVersions(
  { catalog }: Lake,
  dataset: string,
): Promise<Record<string, number>> {
  const pointers = await catalog.list({ dataset });
  return Object.fromEntries(pointers.map(({ table, version }) => [table, version]));
}

/** Nothing is moved when one of the pointers is not what the plan has replaced. */
async function movePointers(
  lake: Lake,
  manifests: readonly SnapshotManifest[],
  { dataset, replaces }: ReleaseRequest,
): Promise<void> {
  const replacedBy = ({ table }: SnapshotManifest) => ({ version: replaces[table] ?? 0 });
  try {
    for (const each of manifests) await refuseReplaced(lake, each, replacedBy(each));
    for (const each of manifests) await publishSnapshot(lake, each, replacedBy(each));
  } catch (error) {
    if (!isWatchlakeError(error) || error.code !== 'CATALOG_CONFLICT') throw error;
    // Publishing alone, tried again, would meet the same: the plan has to be made again.
    throw new WatchlakeError('RELEASE_OUTDATED', { dataset }, error);
  }
}

/**
 * Repeating it changes nothing. RELEASE_OUTDATED when another run has published one of the tables since the
 * plan was made: that one may have been built from what landed later.
 */
export async function publishRelease(lake: Lake, request: ReleaseRequest): Promise<Release> {
  const { dataset, snapshots } = request;
  const manifests = [];
  // All are read before any pointer moves: a table that is not there changes nothing.
  for (const [table, snapshotId] of Object.entries(snapshots)) {
    manifests.push(await findManifest(lake, { dataset, table, snapshotId }));
  }
  await movePointers(lake, manifests, request);
  const release: Release = {
    formatVersion: 1,
    releaseId: contentHash({ dataset, snapshots }),
    dataset,
    snapshots,
    publishedAt: new Date().toISOString(),
  };
  await lake.catalog.addRelease(release);
  return release;
}
