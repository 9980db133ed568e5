/** Notes when a snapshot was last in use: vacuum goes by the age of what lies under its prefix. */
import { writeJson } from './json';
import type { Store } from './ports';

/**
 * Called before a pointer leaves the snapshot, and when a run builds upon one that is not published:
 * whoever began to read it before that may still do so.
 */
export const noteUse = (store: Store, prefix: string): Promise<void> =>
  writeJson(store, `${prefix}last-use.json`, { formatVersion: 1, at: new Date().toISOString() });
