/** Half of a download: in a folder of the process that fetches it, taken over from one that has gone. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { contentHash } from '../../core/hash';
import { errorCode } from './error-code';
import { SILENCE_MS } from './http-range';

export interface Half {
  readonly folder: string;
  /** What has come so far: a file, or a folder of them. */
  readonly path: string;
  /** What it is half of, where the name of the folder does not tell. */
  readonly facts: string;
}

const PART = '.part-';
const THIS_HOST = contentHash(hostname(), 8);
const THIS_PROCESS = `${THIS_HOST}-${process.pid}`;

/** The folders that this process is writing to. */
const atWork = new Set<string>();

const halfIn = (folder: string): Half => ({
  ...{ folder, path: join(folder, 'body'), facts: join(folder, 'facts.json') },
});

const ownFolder = (base: string): string => `${base}${PART}${THIS_PROCESS}`;

/** The ends of the names that lie beside each other and begin in the same way. */
export async function namesAfter(base: string, start: string): Promise<string[]> {
  const names = await readdir(dirname(base)).catch(() => []);
  const first = `${basename(base)}${start}`;
  return names.filter((name) => name.startsWith(first)).map((name) => name.slice(first.length));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** When something in it was last written; 0 when it is not there. */
async function lastWrittenMs(folder: string): Promise<number> {
  const below = await readdir(folder, { recursive: true }).catch(() => []);
  let lastMs = 0;
  for (const name of ['', ...below]) {
    const facts = await stat(join(folder, name)).catch(() => null);
    lastMs = Math.max(lastMs, facts?.mtimeMs ?? 0);
  }
  return lastMs;
}

/** Whoever fetched it has gone: killed, or on another machine and silent for longer than a connection may be. */
async function isAbandoned(folder: string, owner: string): Promise<boolean> {
  if (owner === THIS_PROCESS) return !atWork.has(folder);
  const [host, pid] = owner.split('-');
  if (host === THIS_HOST) return !isAlive(Number(pid));
  return Date.now() - (await lastWrittenMs(folder)) > 2 * SILENCE_MS;
}

/** Of this process alone: what another has left behind, or one that is not there yet. */
export async function ownHalf(base: string): Promise<Half> {
  const own = halfIn(ownFolder(base));
  await mkdir(dirname(base), { recursive: true, mode: 0o700 });
  if ((await stat(own.folder).catch(() => null)) !== null) return own;
  for (const owner of await namesAfter(base, PART)) {
    const left = `${base}${PART}${owner}`;
    if (!(await isAbandoned(left, owner))) continue;
    // Of several who want it one gets it.
    const isOurs = await rename(left, own.folder).then(
      () => true,
      () => false,
    );
    if (isOurs) return own;
  }
  return own;
}

/** Nobody removes the half while the work goes on; what is left of it after that waits for the next attempt. */
export async function withHalf<T>(base: string, work: (half: Half) => Promise<T>): Promise<T> {
  const folder = ownFolder(base);
  atWork.add(folder);
  try {
    return await work(await ownHalf(base));
  } finally {
    atWork.delete(folder);
  }
}

/** Whether it is a half that somebody is at work on. */
export async function isUnderWay(base: string, name: string): Promise<boolean> {
  const at = name.lastIndexOf(PART);
  return at >= 0 && !(await isAbandoned(`${base}${name}`, name.slice(at + PART.length)));
}

export const removeHalf = ({ folder }: Half): Promise<void> =>
  rm(folder, { recursive: true, force: true });
