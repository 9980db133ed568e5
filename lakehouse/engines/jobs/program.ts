/** The runner as services load it: in the lake, under a name that tells its content. */
import { readFile } from 'node:fs/promises';
import { isWatchlakeError } from '../../../core/errors';
import { contentHash } from '../../../core/hash';
import type { Store } from '../../ports';
import { RUNNER } from '../spark/process';

const PROGRAMS = 'code/';

/** Its URI. Written once; older ones stay for the jobs that still use them. */
export async function shipRunner(store: Store): Promise<string> {
  const program = await readFile(RUNNER, 'utf8');
  const key = `${PROGRAMS}spark-runner-${contentHash(program)}.py`;
  if (!(await store.has(key))) {
    await store.put(key, program, { ifAbsent: true }).catch((error: unknown) => {
      if (!isWatchlakeError(error) || error.code !== 'OBJECT_EXISTS') throw error;
    });
  }
  return store.uriOf(key);
}
