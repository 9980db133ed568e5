/** What is written down in the lake of every start, each object once: who may start, which start counts, how it ended. */
import { isWatchlakeError } from '../../../core/errors';
import { readJson, writeJson } from '../../json';
import type { JobContext, Store } from '../../ports';
import type { Started } from './ports';

/** Says that something is about to be started, where, and by whom; of several starters the first writes it. */
export interface Claim {
  readonly formatVersion: 1;
  readonly session: string;
  readonly holder: string;
  readonly place: string;
  readonly at: string;
}

/** The start that counts; whoever runs by another one ends without touching data. */
export interface Choice extends Started {
  readonly formatVersion: 1;
  readonly session: string;
  readonly at: string;
}

/** Folder of everything about the jobs of a dataset; `vacuum` takes it with the snapshots. */
export const jobsFolder = (dataset: string): string => `jobs/${dataset}/`;
export const sessionFolder = (dataset: string, session: string): string =>
  `${jobsFolder(dataset)}session-${session}/`;

export const claimKey = (folder: string): string => `${folder}claim.json`;
const fullKey = (folder: string): string => `${folder}full.json`;
export const choiceKey = (folder: string): string => `${folder}chosen.json`;
const endKey = (dataset: string, session: string): string =>
  `${sessionFolder(dataset, session)}ended.json`;

const isCode = (error: unknown, code: string): boolean =>
  isWatchlakeError(error) && error.code === code;

export async function readOrNull<T>(store: Store, key: string): Promise<T | null> {
  try {
    return await readJson<T>(store, key);
  } catch (error) {
    if (isCode(error, 'OBJECT_NOT_FOUND')) return null;
    throw error;
  }
}

/** What stands there afterwards: ours, or that of whoever was first. */
async function writeOnce<T>(store: Store, key: string, value: T): Promise<T> {
  try {
    await writeJson(store, key, value, { ifAbsent: true });
    return value;
  } catch (error) {
    if (!isCode(error, 'OBJECT_EXISTS')) throw error;
    return readJson<T>(store, key);
  }
}

export const readClaim = (store: Store, folder: string): Promise<Claim | null> =>
  readOrNull<Claim>(store, claimKey(folder));

export const readChoice = (store: Store, folder: string): Promise<Choice | null> =>
  readOrNull<Choice>(store, choiceKey(folder));

export const writeClaim = (
  store: Store,
  folder: string,
  { session, holder, place }: Pick<JobContext, 'session' | 'holder'> & { place: string },
): Promise<Claim> =>
  writeOnce<Claim>(store, claimKey(folder), {
    ...{ formatVersion: 1, session, holder, place },
    at: new Date().toISOString(),
  });

export const writeChoice = (
  store: Store,
  folder: string,
  { id, attempt }: Started,
  session: string,
): Promise<Choice> =>
  writeOnce<Choice>(store, choiceKey(folder), {
    ...{ formatVersion: 1, id, attempt, session },
    at: new Date().toISOString(),
  });

/** Whatever is started for the session from now on is to be stopped at once by whoever has started it. */
export const markEnded = async (store: Store, dataset: string, session: string): Promise<void> => {
  await writeOnce(store, endKey(dataset, session), { at: new Date().toISOString() });
};

/** What was started there got no machines: that counts as no try. */
export const markFull = async (store: Store, folder: string): Promise<void> => {
  await writeOnce(store, fullKey(folder), { at: new Date().toISOString() });
};

export const wasFull = (store: Store, folder: string): Promise<boolean> =>
  store.has(fullKey(folder));

export const isEnded = (store: Store, dataset: string, session: string): Promise<boolean> =>
  store.has(endKey(dataset, session));

/** Folders directly below a prefix that hold a claim, by their number, in order. */
export async function numberedFolders(
  store: Store,
  prefix: string,
): Promise<{ number: number; folder: string }[]> {
  const numbers = new Set<number>();
  for await (const { key } of store.list(prefix)) {
    const match = /^(\d+)\/claim\.json$/.exec(key.slice(prefix.length));
    if (match !== null) numbers.add(Number(match[1]));
  }
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted.map((number) => ({ number, folder: `${prefix}${number}/` }));
}
