/** A restore that was killed while it exchanged the parts of a home: some are the backup's, some the former ones. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { readTextIfPresent, writeFileAtomically } from './files';

const markerOf = (home: string): string => join(home, 'unfinished-restore');

/** Stands in the home for as long as its parts may be of two states. */
export const markRestore = (home: string, source: string): Promise<void> =>
  writeFileAtomically(markerOf(home), source);

export const clearRestore = (home: string): Promise<void> => rm(markerOf(home), { force: true });

/** Throws RESTORE_UNFINISHED: of a lake and a database that do not belong together nothing may be started or kept. */
export async function refuseUnfinished(home: string): Promise<void> {
  const source = await readTextIfPresent(markerOf(home));
  if (source !== undefined) throw new WatchlakeError('RESTORE_UNFINISHED', { home, source });
}
