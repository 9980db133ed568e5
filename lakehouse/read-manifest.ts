/** The manifest of a snapshot, from its store. */
import { readJsonOrNull } from './json';
import type { SnapshotManifest } from './manifest';
import { manifestKey } from './manifest';
import type { Store } from './ports';

/** Null when there is none under the snapshot's prefix: it was never finished. */
export const readManifest = (store: Store, prefix: string): Promise<SnapshotManifest | null> =>
  readJsonOrNull<SnapshotManifest>(store, manifestKey(prefix));
