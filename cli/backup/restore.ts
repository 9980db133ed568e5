/** Puts a backup back: verified to the last byte before anything that is there is touched. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { makeFolder } from '../../stack/files';
import { clearRestore, markRestore } from '../../stack/unfinished-restore';
import type { Config } from '../../workers/config';
import { applyOwner, copyFileHashed } from './copy-tree';
import { partOf, readManifest, type BackupFile, type BackupManifest } from './manifest';
import { isPresent, memoriesOf, partsOf, type Part } from './parts';
import { lockStoppedHome } from './stopped-home';

export interface RestoreOptions {
  config: Config;
  source: string;
  /** Moves aside what is there, instead of refusing. */
  force: boolean;
  onProgress: (part: string) => void;
  /** Breaks it off while nothing that is there was touched. */
  signal?: AbortSignal;
}

export interface RestoreResult {
  source: string;
  createdAt: string;
  restored: string[];
  /** Parts of the backup that the configuration keeps elsewhere now. */
  leftOut: string[];
  /** What ran elsewhere when the backup was made. */
  neverIncluded: string[];
  /** Where the former parts are kept. */
  movedAside: string[];
}

const stagingOf = ({ place }: Part): string => `${place}.restoring`;

/** Where a path of the backup lies in the staging place of its part. */
const stagedPath = (part: Part, path: string): string =>
  join(stagingOf(part), path.slice(part.name.length + 1));

async function stageFile(
  { source, signal }: RestoreOptions,
  part: Part,
  file: BackupFile,
): Promise<void> {
  const from = join(source, file.path);
  const target = stagedPath(part, file.path);
  const copied = await copyFileHashed(from, target, signal).catch(
    (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'ENOENT') throw cause;
      throw new WatchlakeError('BACKUP_INVALID', { source, detail: `${file.path} is missing` });
    },
  );
  if (copied.sha256 !== file.sha256) {
    throw new WatchlakeError('BACKUP_INVALID', { source, detail: `${file.path} was changed` });
  }
  await applyOwner(target, file);
}

/** Copies one part beside its place. */
async function stage(options: RestoreOptions, manifest: BackupManifest, part: Part) {
  await rm(stagingOf(part), { recursive: true, force: true });
  await mkdir(dirname(part.place), { recursive: true });
  const folders = manifest.folders.filter(({ path }) => partOf(path) === part.name);
  for (const { path } of folders) await mkdir(stagedPath(part, path), { mode: 0o700 });
  for (const file of manifest.files) {
    if (partOf(file.path) === part.name) await stageFile(options, part, file);
  }
  // Last and innermost first: a folder's mode may forbid writing into it.
  for (const folder of folders.reverse()) await applyOwner(stagedPath(part, folder.path), folder);
}

interface Move {
  from: string;
  to: string;
}

/** All renames or none: what was done is undone when one fails. Where this is killed, the marker stays. */
async function moveAll(moves: readonly Move[], home: string, source: string): Promise<void> {
  await markRestore(home, source);
  const done: Move[] = [];
  try {
    for (const move of moves) {
      await rename(move.from, move.to);
      done.push(move);
    }
  } catch (error) {
    for (const { from, to } of done.reverse()) await rename(to, from);
    await clearRestore(home);
    throw error;
  }
  await clearRestore(home);
}

async function existing(parts: readonly Part[]): Promise<Part[]> {
  const found: Part[] = [];
  for (const part of parts) if (await isPresent(part.place)) found.push(part);
  return found;
}

/** Copies that were never put in their places, of a restore that was killed. */
export async function leftByRestore(config: Config): Promise<string[]> {
  const staged = (await partsOf(config)).map((part) => ({ ...part, place: stagingOf(part) }));
  return (await existing(staged)).map(({ place }) => place);
}

/** The parts that are there already; RESTORE_TARGET_EXISTS when they may not be moved. */
async function partsInTheWay(
  parts: readonly Part[],
  { force }: Pick<RestoreOptions, 'force'>,
): Promise<Part[]> {
  const inTheWay = await existing(parts);
  if (inTheWay[0] && !force) {
    throw new WatchlakeError('RESTORE_TARGET_EXISTS', { target: inTheWay[0].place });
  }
  return inTheWay;
}

async function stageAndSwap(options: RestoreOptions, manifest: BackupManifest) {
  const { config, onProgress, signal } = options;
  const parts = await partsOf(config);
  const inTheWay = await partsInTheWay(parts, options);
  const wanted = parts.filter(({ name }) => manifest.parts.includes(name));
  try {
    for (const part of wanted) {
      onProgress(part.name);
      await stage(options, manifest, part);
    }
    signal?.throwIfAborted();
    const stamp = new Date().toISOString().replace(/[:.]/g, '');
    // All former parts go, also those that the backup lacks: a left-over log would corrupt another's database.
    const aside = [...inTheWay, ...(await existing(memoriesOf(config)))].map(({ place }) => ({
      from: place,
      to: `${place}.before-restore-${stamp}`,
    }));
    const placed = wanted.map((part) => ({ from: stagingOf(part), to: part.place }));
    await moveAll([...aside, ...placed], config.WATCHLAKE_HOME, options.source);
    const restored = wanted.map(({ name }) => name);
    const leftOut = manifest.parts.filter((name) => !restored.includes(name));
    return { restored, leftOut, movedAside: aside.map(({ to }) => to) };
  } finally {
    for (const part of wanted) await rm(stagingOf(part), { recursive: true, force: true });
  }
}

/** What can be told before a file is copied; throws as `restoreBackup` does. */
export async function checkRestore(
  options: Omit<RestoreOptions, 'onProgress' | 'signal'>,
): Promise<void> {
  await readManifest(options.source);
  // Where the database's data go depends on who can reach it.
  await makeFolder(options.config.WATCHLAKE_HOME);
  await partsInTheWay(await partsOf(options.config), options);
}

/** Throws BACKUP_INVALID when a file is missing or changed, RESTORE_TARGET_EXISTS without `force`. */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const { source, config } = options;
  const manifest = await readManifest(source);
  await makeFolder(config.WATCHLAKE_HOME);
  const swapped = await lockStoppedHome(config.WATCHLAKE_HOME, () =>
    stageAndSwap(options, manifest),
  );
  const { createdAt, notIncluded: neverIncluded } = manifest;
  return { source, createdAt, neverIncluded, ...swapped };
}
