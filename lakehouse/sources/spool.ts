/** Where downloads lie: whole ones by address and version, halves in the folder of whoever fetches them. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { contentHash } from '../../core/hash';
import { errorCode } from './error-code';
import type { Validator } from './http-range';
import { SILENCE_MS } from './http-range';

/** A download that is complete. */
export interface Whole {
  readonly path: string;
  /** Names the content, the same on every machine; absent when the server names no version. */
  readonly version?: string;
  readonly validator?: Validator;
  readonly bytes: number;
}

/** Half a download, and what it is half of. */
export interface Half {
  readonly folder: string;
  readonly path: string;
  readonly facts: string;
}

const UNNAMED = 'unnamed';
const PART = '.part-';
const THIS_HOST = contentHash(hostname(), 8);

const spoolFolder = (): string =>
  join(tmpdir(), `watchlake-downloads-${process.getuid?.() ?? 'user'}`);

/** How everything begins that belongs to the downloads of the address. */
export function downloadPath(url: string, folder = spoolFolder()): string {
  return join(folder, createHash('sha256').update(url).digest('hex').slice(0, 32));
}

/** Removes all downloads; an ingest that still needs one fetches it again. */
export const forgetDownloads = (folder = spoolFolder()): Promise<void> =>
  rm(folder, { recursive: true, force: true });

/** Null for what is not there, and for what a crash has cut off. */
export async function readValidator(path: string): Promise<Validator | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Validator;
  } catch {
    return null;
  }
}

async function namesAfter(base: string, start: string): Promise<string[]> {
  const names = await readdir(dirname(base)).catch(() => []);
  const first = `${basename(base)}${start}`;
  return names.filter((name) => name.startsWith(first)).map((name) => name.slice(first.length));
}

/** Newest first. */
export async function wholeDownloads(base: string): Promise<Whole[]> {
  const found: (Whole & { modifiedMs: number })[] = [];
  for (const version of await namesAfter(base, '-')) {
    if (!/^[0-9a-z]+$/.test(version)) continue;
    const path = `${base}-${version}`;
    const facts = await stat(path).catch(() => null);
    const validator = version === UNNAMED ? undefined : await readValidator(`${path}.json`);
    if (facts === null || validator === null) continue;
    const named = validator === undefined ? {} : { version, validator };
    found.push({ path, ...named, bytes: facts.size, modifiedMs: facts.mtimeMs });
  }
  return found.sort((a, b) => b.modifiedMs - a.modifiedMs);
}

const halfIn = (folder: string): Half => ({
  ...{ folder, path: join(folder, 'body'), facts: join(folder, 'facts.json') },
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

/** Whoever fetched it has gone: killed, or on another machine and silent for longer than a connection may be. */
async function isAbandoned({ path }: Half, owner: string): Promise<boolean> {
  const [host, pid] = owner.split('-');
  if (host === THIS_HOST) return !isAlive(Number(pid));
  const { mtimeMs } = (await stat(path).catch(() => null)) ?? { mtimeMs: 0 };
  return Date.now() - mtimeMs > 2 * SILENCE_MS;
}

/** Of this process alone: what another has left behind, or one that is not there yet. */
export async function ownHalf(base: string): Promise<Half> {
  const own = halfIn(`${base}${PART}${THIS_HOST}-${process.pid}`);
  await mkdir(dirname(base), { recursive: true, mode: 0o700 });
  if ((await stat(own.folder).catch(() => null)) !== null) return own;
  for (const owner of await namesAfter(base, PART)) {
    const left = halfIn(`${base}${PART}${owner}`);
    if (!(await isAbandoned(left, owner))) continue;
    // Of several who want it one gets it.
    const isOurs = await rename(left.folder, own.folder).then(
      () => true,
      () => false,
    );
    if (isOurs) return own;
  }
  return own;
}

export const removeHalf = ({ folder }: Half): Promise<void> =>
  rm(folder, { recursive: true, force: true });

/** It appears under its name when it is whole; another process may have put the same bytes there. */
export async function keepWhole(
  half: Half,
  base: string,
  validator: Validator | null,
): Promise<Whole> {
  const path = `${base}-${validator === null ? UNNAMED : contentHash(validator)}`;
  if (validator !== null) await writeFile(`${path}.json`, JSON.stringify(validator));
  await rename(half.path, path);
  await removeHalf(half);
  const { size: bytes } = await stat(path);
  return {
    path,
    bytes,
    ...(validator === null ? {} : { version: contentHash(validator), validator }),
  };
}

// As the release before named what it had fetched of an address.
const EARLIER_HALVES: readonly string[] = ['.part', '.part.json'];

async function isNeeded(base: string, name: string): Promise<boolean> {
  if (!name.includes('.part') || EARLIER_HALVES.includes(name)) return false;
  // Half of another version may be on its way.
  const isHalf = name.startsWith(PART);
  return !isHalf || !(await isAbandoned(halfIn(`${base}${name}`), name.slice(PART.length)));
}

/** A download that is landed, or of no use, is not needed any more; nor is what others have left half done. */
export async function forgetAddress(url: string, folder?: string): Promise<void> {
  const base = downloadPath(url, folder);
  for (const name of await namesAfter(base, '')) {
    if (!(await isNeeded(base, name))) await rm(`${base}${name}`, { recursive: true, force: true });
  }
}
