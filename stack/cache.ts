/** Downloads kept outside node_modules: one folder per name, version and hash, complete or absent. */
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import {
  filesBelow,
  makeFolder,
  readTextIfPresent,
  removeSiblings,
  sha256OfFile,
  siblingOf,
  writeFileAtomically,
} from './files';
import { withLock } from './lock';
import type { OnProgress, StackProgress } from './progress';

export interface CacheEntry {
  /** The cache folder, shared by all clones of one user. */
  readonly cache: string;
  readonly name: string;
  /** What progress calls it; the name when absent. */
  readonly component?: string;
  readonly version: string;
  /** Of what is downloaded: another content gets another folder. */
  readonly sha256: string;
  readonly totalBytes?: number;
  readonly onProgress?: OnProgress;
  /** Downloads into the folder and verifies what it got; whatever it leaves there is kept. */
  readonly fill: (folder: string) => Promise<void>;
}

interface EntryRecord {
  readonly formatVersion: 1;
  readonly files: Record<string, string>;
}

const RECORD = 'entry.json';
const OTHER_DOWNLOAD_MS = 15 * 60_000;
const PROGRESS_EVERY_MS = 1_000;

/** Throws CHECKSUM_MISMATCH when the file is not the one that was asked for. */
export async function verifySha256(path: string, expected: string, what: string): Promise<void> {
  const actual = await sha256OfFile(path);
  if (actual !== expected) {
    throw new WatchlakeError('CHECKSUM_MISMATCH', { what, actual, expected, path });
  }
}

async function hashesOf(folder: string): Promise<Record<string, string>> {
  const names = (await filesBelow(folder)).filter((name) => name !== RECORD);
  const pairs: [string, string][] = [];
  for (const name of names) pairs.push([name, await sha256OfFile(join(folder, name))]);
  return Object.fromEntries(pairs);
}

/** Whether the folder still has exactly the content that was verified when it was filled. */
async function isIntact(folder: string): Promise<boolean> {
  const text = await readTextIfPresent(join(folder, RECORD));
  if (text === undefined) return false;
  try {
    const { files } = JSON.parse(text) as EntryRecord;
    for (const [name, sha256] of Object.entries(files)) {
      if ((await sha256OfFile(join(folder, name))) !== sha256) return false;
    }
    return true;
  } catch {
    return false;
  }
}

async function bytesBelow(folder: string): Promise<number> {
  const names = await filesBelow(folder);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Tells once a second how much has arrived in the folder; more than expected is being unpacked. */
function watchFolder(folder: string, entry: CacheEntry): () => void {
  const { onProgress, component = entry.name, totalBytes = Infinity } = entry;
  if (!onProgress) return () => undefined;
  const tell = (message: string, sizes: Partial<StackProgress> = {}): void =>
    onProgress({ component, message, ...sizes });
  const begin = Date.now();
  let last = { bytes: 0, at: begin };
  const tick = async (): Promise<void> => {
    const bytes = await bytesBelow(folder).catch(() => last.bytes);
    const at = Date.now();
    const bytesPerSecond = Math.max(0, ((bytes - last.bytes) * 1000) / Math.max(1, at - last.at));
    last = { bytes, at };
    const elapsed = `${Math.round((at - begin) / 1000)} s`;
    if (bytes > totalBytes) tell(`unpacking, ${elapsed}`);
    else if (bytes === 0) tell(`fetching, ${elapsed}`);
    else tell('downloading', { bytes, totalBytes: entry.totalBytes, bytesPerSecond });
  };
  const timer = setInterval(() => void tick(), PROGRESS_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

async function fillEntry(entry: CacheEntry, target: string): Promise<void> {
  await removeSiblings(target, 'partial');
  const partial = siblingOf(target, 'partial');
  await mkdir(partial, { recursive: true });
  const stopWatching = watchFolder(partial, entry);
  try {
    await entry.fill(partial);
    const record: EntryRecord = { formatVersion: 1, files: await hashesOf(partial) };
    await writeFileAtomically(join(partial, RECORD), JSON.stringify(record, null, 2), 0o644);
    await rename(partial, target);
  } finally {
    stopWatching();
    await rm(partial, { recursive: true, force: true });
  }
}

export const entryFolder = ({
  cache,
  name,
  version,
  sha256,
}: Pick<CacheEntry, 'cache' | 'name' | 'version' | 'sha256'>): string =>
  join(cache, `${name}-${version}-${sha256.slice(0, 16)}`);

/** The folder of the entry; downloaded when absent, downloaded again when its content was damaged. */
export async function cachedFolder(entry: CacheEntry): Promise<string> {
  const target = entryFolder(entry);
  if (await isIntact(target)) return target;
  await makeFolder(entry.cache);
  const { onProgress, component = entry.name } = entry;
  const tell = (message: string): void => onProgress?.({ component, message });
  const onWait = (holder: number): void => tell(`waiting for the download of process ${holder}`);
  await withLock(`${target}.lock`, { waitMs: OTHER_DOWNLOAD_MS, onWait }, async () => {
    if (await isIntact(target)) return;
    const present = await readdir(target).catch(() => undefined);
    if (present) tell('the cached copy is damaged and is downloaded again');
    await rm(target, { recursive: true, force: true });
    await fillEntry(entry, target);
  });
  return target;
}
