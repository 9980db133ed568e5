/** Looks for what a restore that was killed has left in a home: nobody else tells of it before the next one. */
import { isWatchlakeError } from '../core/errors';
import { PROGRAM } from '../core/program-name';
import { exists } from '../stack/files';
import { isLocked } from '../stack/stack';
import { refuseUnfinished } from '../stack/unfinished-restore';
import type { Config } from '../workers/config';
import { leftByRestore } from './backup/restore';
import type { Finding } from './finding';

const name = 'Restore';

/** Nothing while a restore runs, and where none was killed. */
export async function examineRestore(config: Config): Promise<Finding[]> {
  const home = config.WATCHLAKE_HOME;
  if (!(await exists(home)) || (await isLocked(home))) return [];
  try {
    await refuseUnfinished(home);
  } catch (error) {
    if (!isWatchlakeError(error)) throw error;
    return [{ name, status: 'missing', found: error.message, remedy: error.remedy }];
  }
  const left = await leftByRestore(config);
  if (left.length === 0) return [];
  const found = `one that was killed has left ${left.join(' and ')}`;
  const remedy = `Run \`${PROGRAM} restore <folder>\` again, or remove them: they may hold secrets, and no erasure reaches them.`;
  return [{ name, status: 'note', found, remedy }];
}
