/** Publishes together what one refresh has built: the pointers move, the release is written last. */
import { contentHash } from '../core/hash';
import type { Lake } from './lake';
import type { Release } from './ports';
import { findManifest, publishSnapshot } from './snapshots';

export interface ReleaseRequest {
  readonly dataset: string;
  /** Snapshot by table. */
  readonly snapshots: Readonly<Record<string, string>>;
}

/** Repeating it changes nothing. */
export async function publishRelease(
  lake: Lake,
  { dataset, snapshots }: ReleaseRequest,
): Promise<Release> {
  const manifests = [];
  // All are read before any pointer moves: a table that is not there changes nothing.
  for (const [table, snapshotId] of Object.entries(snapshots)) {
    manifests.push(await findManifest(lake, { dataset, table, snapshotId }));
  }
  for (const manifest of manifests) await publishSnapshot(lake, manifest);
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

export async function latestRelease({ catalog }: Lake, dataset: string): Promise<Release | null> {
  return (await catalog.releases({ dataset }))[0] ?? null;
}
