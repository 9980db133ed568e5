/** Work on the files of a home in which nothing runs. */
import { WatchlakeError } from '../../core/errors';
import { lockHome, readStack } from '../../stack/stack';
import { readState } from '../../workers/state';

/** Whoever began to start it after it was stopped, and before it was locked, was faster. */
async function refuseRunning(home: string): Promise<void> {
  const part = (await readStack(home))?.processes.find(({ running }) => running);
  const holder = (await readState(home))?.pid ?? part?.pid;
  if (holder !== undefined) throw new WatchlakeError('STACK_BUSY', { lock: home, holder });
}

/** Nothing can start meanwhile; STACK_BUSY where something runs. */
export const lockStoppedHome = <T>(home: string, work: () => Promise<T>): Promise<T> =>
  lockHome(home, async () => {
    await refuseRunning(home);
    return work();
  });
