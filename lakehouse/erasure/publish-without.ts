/** Publishes a table that leaves a person out: what went is written down by whoever has to tell of it, once. */
import { isWatchlakeError } from '../../core/errors';
import type { Lake } from '../lake';
import type { SnapshotManifest } from '../manifest';
import { publishSnapshot, type Replaced } from '../published';
import type { RewriteRequest } from './erasing-format';

interface Rewritten extends Pick<RewriteRequest, 'remember'> {
  readonly manifest: SnapshotManifest;
  readonly base: Replaced;
  /** Rows, and lines in quarantine, that the table before had of the person. */
  readonly rows: number;
}

/** Where somebody else was faster nothing went: whoever begins again from there counts the same rows. */
export async function publishWithout(
  lake: Lake,
  { manifest, base, rows, remember }: Rewritten,
): Promise<void> {
  const { dataset, table, snapshotId } = manifest;
  await remember?.({ table, snapshotId, rows });
  try {
    await publishSnapshot(lake, manifest, base);
  } catch (error) {
    if (isWatchlakeError(error) && error.code === 'CATALOG_CONFLICT') {
      // A write whose answer was lost, and that was sent again, meets itself.
      const present = await lake.catalog.pointer({ dataset, table });
      if (present?.snapshotId !== snapshotId) await remember?.({ table, snapshotId, rows: 0 });
    }
    throw error;
  }
}
