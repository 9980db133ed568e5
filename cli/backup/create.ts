/** Makes a backup of a home that is stopped: a consistent copy of all its parts, complete or absent. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { CODE_VERSION } from '../../core/version';
import { makeFolder } from '../../stack/files';
import { processIdentity } from '../../stack/processes';
import { refuseUnfinished } from '../../stack/unfinished-restore';
import type { Config } from '../../workers/config';
import { copyTree, linkIn, type Tree } from './copy-tree';
import { MANIFEST_FILE, type BackupManifest } from './manifest';
import { existingPath, isPresent, notIncluded, partsOf, type Part } from './parts';
import { lockStoppedHome } from './stopped-home';

export interface BackupOptions {
  config: Config;
  target: string;
  onProgress: (part: string) => void;
  /** Breaks it off; nothing of it is left. */
  signal?: AbortSignal;
}

export interface BackupResult {
  target: string;
  parts: string[];
  files: number;
  bytes: number;
  notIncluded: string[];
}

const totalBytes = ({ files }: Tree): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

async function presentParts(config: Config): Promise<Part[]> {
  const found: Part[] = [];
  for (const part of await partsOf(config)) if (await isPresent(part.place)) found.push(part);
  return found;
}

async function writeManifest(
  folder: string,
  tree: Tree,
  about: Pick<BackupManifest, 'parts' | 'notIncluded'>,
): Promise<void> {
  const createdAt = new Date().toISOString();
  const manifest: BackupManifest = {
    formatVersion: 1,
    createdAt,
    watchlake: CODE_VERSION,
    ...about,
    ...tree,
  };
  await writeFile(join(folder, MANIFEST_FILE), JSON.stringify(manifest, null, 1), { mode: 0o600 });
}

async function copyParts({
  config,
  target,
  onProgress,
  signal,
}: BackupOptions): Promise<BackupResult> {
  const parts = await presentParts(config);
  if (parts.length === 0) {
    throw new WatchlakeError('NOTHING_TO_BACK_UP', { home: config.WATCHLAKE_HOME });
  }
  const partial = `${target}.partial-${process.pid}`;
  const tree: Tree = { folders: [], files: [] };
  await makeFolder(dirname(target));
  try {
    await mkdir(partial, { mode: 0o700 });
    for (const { name, place } of parts) {
      onProgress(name);
      await copyTree({ source: place, root: partial, path: name, signal }, tree);
    }
    const about = { parts: parts.map(({ name }) => name), notIncluded: notIncluded(config) };
    await writeManifest(partial, tree, about);
    await rename(partial, target);
    return { target, ...about, files: tree.files.length, bytes: totalBytes(tree) };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** A copy inside of what is copied would never end. */
async function refuseInside(target: string, config: Config): Promise<void> {
  const path = join(await existingPath(dirname(resolve(target))), sep);
  for (const { place } of await partsOf(config)) {
    const part = join(await existingPath(place), sep);
    if (path.startsWith(part)) throw new WatchlakeError('TARGET_INSIDE', { target, place });
  }
}

/** It may lead anywhere, and where it leads nowhere a disk is missing. */
async function refuseLinks(config: Config): Promise<void> {
  for (const { place } of await partsOf(config)) {
    const link = await linkIn(place);
    if (link === undefined) continue;
    throw new WatchlakeError('SOURCE_LINK', { source: dirname(link), link: basename(link) });
  }
}

/** Throws TARGET_EXISTS rather than mixing two backups, TARGET_INSIDE, SOURCE_LINK, RESTORE_UNFINISHED, and NOTHING_TO_BACK_UP without a home. */
export async function checkBackup({
  target,
  config,
}: Pick<BackupOptions, 'target' | 'config'>): Promise<void> {
  if (await isPresent(target)) throw new WatchlakeError('TARGET_EXISTS', { target });
  if (!(await isPresent(config.WATCHLAKE_HOME))) {
    throw new WatchlakeError('NOTHING_TO_BACK_UP', { home: config.WATCHLAKE_HOME });
  }
  await refuseUnfinished(config.WATCHLAKE_HOME);
  await refuseInside(target, config);
  await refuseLinks(config);
}

/** What killed backups have left in the folder of the target: large, and perhaps with secrets. */
export async function leftOvers(target: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await readdir(dirname(target)).catch(() => [])) {
    const pid = Number(/\.partial-(\d+)$/.exec(name)?.[1]);
    if (Number.isNaN(pid) || processIdentity(pid) !== undefined) continue;
    const path = join(dirname(target), name);
    const inside = await readdir(path).catch((): string[] => []);
    if (inside.includes('lake') || inside.includes('secrets')) found.push(path);
  }
  return found;
}

/** While it copies, nothing can start. */
export async function createBackup(options: BackupOptions): Promise<BackupResult> {
  await checkBackup(options);
  return lockStoppedHome(options.config.WATCHLAKE_HOME, () => copyParts(options));
}
