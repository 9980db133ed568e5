/** Copies files and folders with their modes and owners, hashing every byte on its way. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, type Stats } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isMissing } from '../../stack/files';
import type { BackupFile, BackupFolder } from './manifest';

export interface Tree {
  folders: BackupFolder[];
  files: BackupFile[];
}

export interface CopyOptions {
  /** What is copied, and where it goes below `root`. */
  source: string;
  root: string;
  path: string;
  signal?: AbortSignal;
}

export interface Copied {
  bytes: number;
  sha256: string;
}

const MODE_BITS = 0o7777;

const ownerOf = (path: string, { mode, uid, gid }: Stats): BackupFolder => ({
  path,
  mode: mode & MODE_BITS,
  uid,
  gid,
});

/** Only root may give files away; for everybody else what is copied is their own. */
export async function applyOwner(target: string, owner: BackupFolder): Promise<void> {
  await chmod(target, owner.mode);
  if (process.getuid?.() === 0) await chown(target, owner.uid, owner.gid);
}

export async function copyFileHashed(
  source: string,
  target: string,
  signal?: AbortSignal,
): Promise<Copied> {
  const hash = createHash('sha256');
  let bytes = 0;
  const tap = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  // Closed to others from its first byte on: secrets are among the files.
  const written = createWriteStream(target, { mode: 0o600 });
  await pipeline(createReadStream(source), tap, written, { signal });
  return { bytes, sha256: hash.digest('hex') };
}

/** Copies `source` to `<root>/<path>`, and notes every file and folder in the tree. */
export async function copyTree(options: CopyOptions, tree: Tree): Promise<void> {
  const { source, root, path, signal } = options;
  signal?.throwIfAborted();
  const facts = await lstat(source);
  const target = join(root, path);
  if (facts.isFile()) {
    const copied = await copyFileHashed(source, target, signal);
    tree.files.push({ ...ownerOf(path, facts), ...copied });
  } else if (facts.isDirectory()) {
    await mkdir(target, { mode: 0o700 });
    tree.folders.push(ownerOf(path, facts));
    for (const name of (await readdir(source)).sort()) {
      const inner = { source: join(source, name), path: `${path}/${name}` };
      await copyTree({ ...options, ...inner }, tree);
    }
  } else if (!facts.isSocket()) {
    throw new Error(`${source} is neither a file nor a folder`);
  }
}

/** The first symbolic link at or below the path. What goes away meanwhile is none: the home may still run. */
export async function linkIn(path: string): Promise<string | undefined> {
  try {
    const facts = await lstat(path);
    if (facts.isSymbolicLink()) return path;
    if (!facts.isDirectory()) return undefined;
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const inner = join(path, entry.name);
      if (entry.isSymbolicLink()) return inner;
      const link = entry.isDirectory() ? await linkIn(inner) : undefined;
      if (link !== undefined) return link;
    }
    return undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
