/** The log that the workers of a home write to one after the other, and what the last one has said before it ended. */
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { turnOver } from '../stack/processes';
import { logLine } from './start-failure';

export interface WorkerLog {
  readonly file: string;
  readonly descriptor: number;
  /** Where the lines of this worker begin. */
  readonly from: number;
  close(): void;
}

const FATAL = 60;

/** For one more worker. */
export function openWorkerLog(home: string): WorkerLog {
  const file = join(home, 'logs', 'worker.log');
  mkdirSync(dirname(file), { recursive: true });
  turnOver(file);
  const descriptor = openSync(file, 'a', 0o600);
  const from = fstatSync(descriptor).size;
  return { file, descriptor, from, close: () => closeSync(descriptor) };
}

/** Why a worker could not go on, by its own log; undefined where it had no time to say so. */
export function lastWords({ file, from }: Pick<WorkerLog, 'file' | 'from'>): string | undefined {
  const lines = textOf(file, from).split('\n').map(logLine);
  return lines
    .map(
      (line) => line?.failure?.message ?? (line?.level === FATAL ? line.err?.message : undefined),
    )
    .findLast((message) => message !== undefined);
}

function textOf(file: string, from: number): string {
  try {
    return readFileSync(file).subarray(from).toString('utf8');
  } catch {
    // The home may be gone, and what it said with it.
    return '';
  }
}
