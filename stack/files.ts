/** Small file operations that leave either the old state or the new one, never something between. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { WatchlakeError } from '../core/errors';

export const isMissing = (error: unknown): boolean =>
  (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';

/** The disk, or this user's share of it. */
export const isFull = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | null)?.code ?? '');

/** A name beside `path` that no other process uses, with a marker by which left-overs are found. */
export const siblingOf = (path: string, marker: string): string =>
  `${path}.${marker}-${process.pid}-${randomBytes(4).toString('hex')}`;

/** Writes the whole file or nothing, also on a full disk; the mode holds from the first byte on. */
export async function writeFileAtomically(
  path: string,
  content: string,
  mode = 0o600,
): Promise<void> {
  const temporary = siblingOf(path, 'partial');
  try {
    await writeFile(temporary, content, { mode });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Makes a folder and those above it; throws NOT_WRITABLE. The recursive way of the runtime never
 * ends where the system says of a new folder that it is missing, as below /proc.
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  try {
    if (!(await isFolder(path))) await makeStepwise(path, mode);
  } catch (error) {
    const detail = (error as Error).message;
    throw new WatchlakeError('NOT_WRITABLE', { path, detail }, error);
  }
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

async function makeStepwise(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    // Somebody else may have made it at the same moment.
    if (await isFolder(path)) return;
    if (!isMissing(error) || (await isFolder(dirname(path)))) throw error;
    await makeStepwise(dirname(path), mode);
    await makeStepwise(path, mode);
  }
}

export const makePrivateFolder = (path: string): Promise<void> => makeFolder(path, 0o700);

export async function readTextIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Removes what killed processes left beside `path` under one marker. */
export async function removeSiblings(path: string, marker: string): Promise<void> {
  const prefix = `${basename(path)}.${marker}-`;
  const names = await readdir(dirname(path));
  const left = names.filter((name) => name.startsWith(prefix));
  await Promise.all(
    left.map((name) => rm(join(dirname(path), name), { recursive: true, force: true })),
  );
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}

/** All files below a folder, relative to it, sorted. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(folder.length + 1))
    .sort();
}
