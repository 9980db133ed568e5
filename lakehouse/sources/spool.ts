/** Downloads that are whole: they lie side by side, by address and version. */
import { createHash } from 'node:crypto';
import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHash } from '../../core/hash';
import { sweepFolder } from '../stores/scratch';
import type { Half } from './halves';
import { isUnderWay, namesAfter, removeHalf } from './halves';
import type { Validator } from './http-range';

/** A download that is complete. */
export interface Whole {
  readonly path: string;
  /** Names the content, the same on every machine; absent when the server names no version. */
  readonly version?: string;
  readonly validator?: Validator;
  /** Whether it came compressed by its server, and was unpacked. */
  readonly isDecoded?: boolean;
  readonly bytes: number;
}

/** Beside a download whose version has a name. */
type Named = Validator & { readonly isDecoded?: boolean };

const UNNAMED = 'unnamed';
const DECODED = 'decoded';

const spoolFolder = (): string =>
  join(tmpdir(), `watchlake-downloads-${process.getuid?.() ?? 'user'}`);

/** How everything begins that belongs to the downloads of the address. */
export function downloadPath(url: string, folder = spoolFolder()): string {
  return join(folder, createHash('sha256').update(url).digest('hex').slice(0, 32));
}

/** Removes all downloads; an ingest that still needs one fetches it again. */
export const forgetDownloads = (folder = spoolFolder()): Promise<void> =>
  rm(folder, { recursive: true, force: true });

const RIGHTS = 0o7777;

/** Whoever opens a download keeps it from being swept away. What it holds is known by its own time, which stays as it is. */
export async function keepFresh(path: string): Promise<void> {
  for (const each of [path, `${path}.json`]) {
    const facts = await stat(each).catch(() => null);
    // The rights that it has: that alone makes its ctime that of now.
    if (facts !== null) await chmod(each, facts.mode & RIGHTS).catch(() => undefined);
  }
}

/**
 * Removes what nobody has opened since this moment and nobody has landed: the archive of an ingest that has failed for good.
 * One that still needs it fetches it again; what somebody is at work on stays.
 */
export const sweepDownloads = (
  beforeMs: number,
  folder = spoolFolder(),
): Promise<{ objects: number; bytes: number }> =>
  sweepFolder(folder, beforeMs, {
    // When it came here, or was opened last: files have the time at which their objects were written.
    momentOf: ({ ctimeMs }) => ctimeMs,
    isKept: (name) => isUnderWay(join(folder, '/'), name),
  });

/** Null for what is not there, and for what a crash has cut off. */
export async function readValidator(path: string): Promise<Validator | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Validator;
  } catch {
    return null;
  }
}

/** Newest first. */
export async function wholeDownloads(base: string): Promise<Whole[]> {
  const found: (Whole & { modifiedMs: number })[] = [];
  for (const version of await namesAfter(base, '-')) {
    if (!/^[0-9a-z]+$/.test(version)) continue;
    const path = `${base}-${version}`;
    const facts = await stat(path).catch(() => null);
    const isNameless = [UNNAMED, DECODED].includes(version);
    const validator: Named | null = isNameless ? null : await readValidator(`${path}.json`);
    if (facts === null || (validator === null && !isNameless)) continue;
    const isDecoded = validator?.isDecoded ?? version === DECODED;
    const named = validator === null ? {} : { version, validator };
    found.push({ path, isDecoded, ...named, bytes: facts.size, modifiedMs: facts.mtimeMs });
  }
  return found.sort((a, b) => b.modifiedMs - a.modifiedMs);
}

/** It appears under its name when it is whole; another process may have put the same bytes there. */
export async function keepWhole(
  half: Half,
  base: string,
  { validator: of, isDecoded }: { validator: Validator | null; isDecoded: boolean },
): Promise<Whole> {
  const validator: Named | null = of && (isDecoded ? { ...of, isDecoded } : of);
  const version = validator === null ? undefined : contentHash(validator);
  const path = `${base}-${version ?? (isDecoded ? DECODED : UNNAMED)}`;
  if (validator !== null) await writeFile(`${path}.json`, JSON.stringify(validator));
  await rename(half.path, path);
  await removeHalf(half);
  const { size: bytes } = await stat(path);
  const named = validator === null ? {} : { version, validator };
  return { path, bytes, isDecoded, ...named };
}

/** A download that is landed, or of no use, is not needed any more; nor is what was left half done. */
export async function forgetAddress(url: string, folder?: string): Promise<void> {
  const base = downloadPath(url, folder);
  for (const name of await namesAfter(base, '')) {
    // Half of another version may be on its way.
    if (await isUnderWay(base, name)) continue;
    await rm(`${base}${name}`, { recursive: true, force: true });
  }
}
