/** What runs in a home: written by the supervisor, read by every command. */
import { existsSync } from 'node:fs';
import { readFile, realpath, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, makeFolder, writeFileAtomically } from '../stack/files';
import { acquireLock, holderOf, type Release } from '../stack/lock';
import { isRunning, processIdentity } from '../stack/processes';

export interface UpState {
  /** Of the code that runs there. */
  version: string;
  pid: number;
  startedAt: string;
  temporal: { address: string; uiUrl: string };
  kafka: { brokers: string[] };
  postgres: { url: string };
  app: { url: string };
  metrics: { url: string } | null;
  worker: { pid: number | null; restarts: number; ready: boolean };
}

interface Stored extends Omit<UpState, 'version'> {
  identity: string;
  version?: string;
  /** Whose state it is: a copied folder holds that of another home. */
  home?: string;
}

// The first supervisors did not say, nor for which home it was.
const VERSION_UNKNOWN = 'unknown';

const stateFile = (home: string): string => join(home, 'up.json');

/** Readable by the owner alone: the database's address carries its password. */
export async function writeState(home: string, state: UpState): Promise<void> {
  await makeFolder(home);
  const own = { identity: processIdentity(state.pid) ?? '', home: await realpath(home) };
  const stored: Stored = { ...state, ...own };
  await writeFileAtomically(stateFile(home), `${JSON.stringify(stored, null, 2)}\n`);
}

export const clearState = (home: string): Promise<void> => rm(stateFile(home), { force: true });

/** Null when nothing runs there; what a killed supervisor, a power cut or a copy of another home left behind does not count. */
export async function readState(home: string): Promise<UpState | null> {
  try {
    const text = await readFile(stateFile(home), 'utf8');
    const { identity, home: written, ...state } = JSON.parse(text) as Stored;
    if (await isCopied(home, { written, pid: state.pid })) return null;
    if (!isRunning({ pid: state.pid, identity })) return null;
    return { ...state, version: state.version ?? VERSION_UNKNOWN };
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Of a home that was moved, or is reached by another path, the claim still is the supervisor's; a copy has but a copy of it. */
async function isCopied(
  home: string,
  { written, pid }: { written?: string; pid: number },
): Promise<boolean> {
  if (written === undefined || written === (await realpath(home))) return false;
  return (await holderOf(supervisorLock(home)))?.pid !== pid;
}

/** Whether the last supervisor there had no time to take its record away. */
export const wasKilled = async (home: string): Promise<boolean> =>
  existsSync(stateFile(home)) && (await readState(home)) === null;

export const supervisorLog = (home: string): string => join(home, 'logs', 'supervisor.log');

const supervisorLock = (home: string): string => join(home, 'supervisor.lock');

/** For a supervisor's whole life; throws STACK_BUSY where another one has the home. */
export async function claimHome(home: string): Promise<Release> {
  await makeFolder(home);
  return acquireLock(supervisorLock(home), { waitMs: 0 });
}

/** Whether the claim still is this process's: it goes with the folder. */
export const holdsHome = async (home: string): Promise<boolean> =>
  (await holderOf(supervisorLock(home)))?.pid === process.pid;

/** The process that starts, keeps or stops what runs in a home; null when there is none. */
export async function supervisorOf(home: string): Promise<number | null> {
  const holder = await holderOf(supervisorLock(home));
  if (holder && isRunning(holder)) return holder.pid;
  // Those of earlier versions claimed nothing.
  return (await readState(home))?.pid ?? null;
}
