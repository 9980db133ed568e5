/** What runs in a home: written by the supervisor, read by every command. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

type Stored = Omit<UpState, 'version'> & { identity: string; version?: string };

// The first supervisors did not say.
const VERSION_UNKNOWN = 'unknown';

const stateFile = (home: string): string => join(home, 'up.json');

/** Readable by the owner alone: the database's address carries its password. */
export async function writeState(home: string, state: UpState): Promise<void> {
  const stored: Stored = { ...state, identity: processIdentity(state.pid) ?? '' };
  const temporary = `${stateFile(home)}.${process.pid}`;
  await mkdir(home, { recursive: true });
  await writeFile(temporary, `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, stateFile(home));
}

export const clearState = (home: string): Promise<void> => rm(stateFile(home), { force: true });

/** Null when nothing runs there; the file that a killed supervisor left behind does not count. */
export async function readState(home: string): Promise<UpState | null> {
  try {
    const text = await readFile(stateFile(home), 'utf8');
    const { identity, ...state } = JSON.parse(text) as Stored;
    if (!isRunning({ pid: state.pid, identity })) return null;
    return { ...state, version: state.version ?? VERSION_UNKNOWN };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
