/** Local folders for unfinished work, and their removal when whoever made them was killed. */
import type { Stats } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A new, empty folder under `root`. */
export async function scratchFolder(root: string): Promise<string> {
  await mkdir(root, { recursive: true });
  return mkdtemp(join(root, 'work-'));
}

async function bytesUnder(path: string): Promise<number> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) return 0;
  if (!facts.isDirectory()) return facts.size;
  const names = await readdir(path).catch(() => []);
  const sizes = await Promise.all(names.map((name) => bytesUnder(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

export interface SweepOptions {
  /** By which its age is told; when it was last written unless told otherwise. */
  readonly momentOf?: (facts: Stats) => number;
  /** Whether it stays, whatever its age. */
  readonly isKept?: (name: string) => Promise<boolean>;
}

/** Removes everything in the folder that is older than this moment. */
export async function sweepFolder(
  folder: string,
  beforeMs: number,
  { momentOf = ({ mtimeMs }) => mtimeMs, isKept }: SweepOptions = {},
): Promise<{ objects: number; bytes: number }> {
  const names = await readdir(folder).catch(() => []);
  let [objects, bytes] = [0, 0];
  for (const name of names) {
    const path = join(folder, name);
    const facts = await stat(path).catch(() => null);
    if (facts === null || momentOf(facts) > beforeMs || (await isKept?.(name))) continue;
    objects += 1;
    bytes += await bytesUnder(path);
    await rm(path, { recursive: true, force: true });
  }
  return { objects, bytes };
}
