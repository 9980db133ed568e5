/** A lock file that one process holds; one whose holder has died is taken over. */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
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

/** Tells the lock itself from a copy of it, as in a copied folder. */
interface Place {
  readonly path: string;
  readonly inode: string;
}

interface LockRecord extends ProcessRecord {
  /** Those of earlier versions did not say. */
  readonly place?: Place;
}

const realPathOf = async (path: string): Promise<string> =>
  join(await realpath(dirname(path)), basename(path));

/** Creates the file with its content in one step, so that nobody reads half a lock; null where there is one. */
async function createExclusively(
  path: string,
  contentFor: (place: Place) => string,
): Promise<string | null> {
  const temporary = siblingOf(path, 'claim');
  try {
    const file = await open(temporary, 'wx', 0o600);
    let content: string;
    try {
      const { ino } = await file.stat({ bigint: true });
      content = contentFor({ path: await realPathOf(path), inode: String(ino) });
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await link(temporary, path);
    return content;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** One that was moved is still the same file, and one that is reached by another path as well. */
async function isCopy(path: string, place: Place | undefined): Promise<boolean> {
  if (place === undefined || place.path === (await realPathOf(path))) return false;
  const { ino } = await stat(path, { bigint: true });
  return place.inode !== String(ino);
}

/** Who has written the lock, alive or not; a copy of another folder's lock was written by nobody. */
export async function holderOf(path: string): Promise<ProcessRecord | undefined> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as LockRecord;
    return (await isCopy(path, record.place)) ? undefined : record;
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Only one process may take over at a time: otherwise the second removes the first one's new lock. */
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.takeover`;
  if ((await createExclusively(guard, () => '')) === null) {
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
  const claim = { pid: process.pid, identity, claim: randomUUID() };
  const create = () => createExclusively(path, (place) => JSON.stringify({ ...claim, place }));
  const deadline = Date.now() + options.waitMs;
  let told = false;
  let mine = await create();
  while (mine === null) {
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
    mine = await create();
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
