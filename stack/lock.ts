/** A lock file that one process holds; one whose holder has died is taken over. */
import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError } from '../core/errors';
import { isMissing, readTextIfPresent, siblingOf } from './files';
import { isRunning, processIdentity, type ProcessRecord } from './processes';

export interface LockOptions {
  /** How long to wait for another holder; 0 fails at once. */
  readonly waitMs: number;
  readonly onWait?: (holder: number) => void;
}

export type Release = () => Promise<void>;

const TAKEOVER_LIMIT_MS = 10_000;

/** Creates the file with its content in one step, so that nobody reads half a lock. */
async function createExclusively(path: string, content: string): Promise<boolean> {
  const temporary = siblingOf(path, 'claim');
  try {
    await writeFile(temporary, content, { mode: 0o600 });
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Who has written the lock, alive or not. */
export async function holderOf(path: string): Promise<ProcessRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ProcessRecord;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Only one process may take over at a time: otherwise the second removes the first one's new lock. */
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.takeover`;
  if (!(await createExclusively(guard, ''))) {
    const age = await stat(guard).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > TAKEOVER_LIMIT_MS) await rm(guard, { force: true });
    return;
  }
  try {
    const holder = await holderOf(path);
    if (!holder || !isRunning(holder)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

/** Takes the lock, waiting for a live holder at most `waitMs`; throws STACK_BUSY after that. */
export async function acquireLock(path: string, options: LockOptions): Promise<Release> {
  const identity = processIdentity(process.pid) ?? '';
  const mine = JSON.stringify({ pid: process.pid, identity, claim: randomUUID() });
  const deadline = Date.now() + options.waitMs;
  let told = false;
  while (!(await createExclusively(path, mine))) {
    const holder = await holderOf(path);
    if (!holder || !isRunning(holder)) {
      await removeStale(path);
    } else if (Date.now() >= deadline) {
      throw new WatchlakeError('STACK_BUSY', { lock: path, holder: holder.pid });
    } else if (!told) {
      told = true;
      options.onWait?.(holder.pid);
    }
    await sleep(50);
  }
  return async () => {
    // Whose folder was deleted meanwhile has lost the lock: who holds it now goes on holding it.
    if ((await readTextIfPresent(path)) === mine) await rm(path, { force: true });
  };
}

/** Runs one piece of work while holding the lock. */
export async function withLock<T>(
  path: string,
  options: LockOptions,
  work: () => Promise<T>,
): Promise<T> {
  const release = await acquireLock(path, options);
  try {
    return await work();
  } finally {
    await release();
  }
}
