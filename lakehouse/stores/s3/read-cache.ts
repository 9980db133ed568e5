/** Local copies of objects, for engines that read files: bounded, shared by processes, never stale. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { dirname, extname, join, relative } from 'node:path';
import { linkOrCopy } from '../link-or-copy';

/** One content of one object. */
export interface CachedVersion {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
}

export interface ReadCacheOptions {
  readonly folder: string;
  readonly maximumBytes: number;
  /** Where downloads lie until they are complete; on the same file system. */
  readonly partial: () => Promise<string>;
  readonly fetch: (version: CachedVersion, target: string) => Promise<void>;
}

interface Entry {
  readonly path: string;
  readonly bytes: number;
  readonly usedMs: number;
  /** Somebody's link keeps the content: to remove ours would free nothing. */
  readonly isHeld: boolean;
}

// Who was given a path without holding the file has so long to open it.
const OPENING_MS = 10 * 60_000;
// The folder is measured again when this share of the limit has arrived.
const MEASURE_SHARE = 0.05;

const nameOf = ({ key, etag }: CachedVersion): string =>
  `${etag.replace(/[^0-9a-zA-Z-]/g, '')}${extname(key)}`;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

async function entriesOf(folder: string): Promise<Entry[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return Promise.all(
    found
      .filter((each) => each.isFile())
      .map(async ({ parentPath, name }) => {
        const path = join(parentPath, name);
        const facts = await stat(path).catch(() => null);
        const { size: bytes = 0, mtimeMs: usedMs = 0, nlink = 0 } = facts ?? {};
        return { path, bytes, usedMs, isHeld: nlink > 1 };
      }),
  );
}

async function removeEntry(path: string): Promise<void> {
  await rm(path, { force: true });
  // Its folder may hold another content of the object.
  await rmdir(dirname(path)).catch(() => undefined);
}

export function createReadCache({ folder, maximumBytes, partial, fetch }: ReadCacheOptions) {
  const fetching = new Map<string, Promise<void>>();
  let unmeasured = Infinity;
  const folderOf = (key: string): string => join(folder, key);
  const pathOf = (version: CachedVersion): string => join(folderOf(version.key), nameOf(version));

  /** The least recently used go first; what is in use stays, if need be beyond the limit. */
  async function evict(): Promise<void> {
    const entries = (await entriesOf(folder)).sort((a, b) => a.usedMs - b.usedMs);
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    const beforeMs = Date.now() - OPENING_MS;
    for (const { path, bytes, usedMs, isHeld } of entries) {
      if (total <= maximumBytes) break;
      if (isHeld || usedMs > beforeMs) continue;
      await removeEntry(path);
      total -= bytes;
    }
    unmeasured = 0;
  }

  async function place(version: CachedVersion, file: string): Promise<void> {
    const path = pathOf(version);
    const move = async (): Promise<void> => {
      await mkdir(dirname(path), { recursive: true });
      await rename(file, path);
    };
    await move().catch((error: unknown) => {
      // Another process removed the folder, empty as it was, in between.
      if (codeOf(error) === 'ENOENT') return move();
      throw error;
    });
    const now = new Date();
    await utimes(path, now, now);
    unmeasured += version.bytes;
    if (unmeasured > maximumBytes * MEASURE_SHARE) await evict();
  }

  async function download(version: CachedVersion): Promise<void> {
    const scratch = await partial();
    try {
      const target = join(scratch, randomUUID());
      await fetch(version, target);
      await place(version, target);
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  /** Once, however many ask at the same time. */
  async function ensure(version: CachedVersion): Promise<void> {
    const path = pathOf(version);
    const now = new Date();
    const touched = await utimes(path, now, now).then(
      () => true,
      () => false,
    );
    if (touched) return;
    const running = fetching.get(path) ?? download(version).finally(() => fetching.delete(path));
    fetching.set(path, running);
    await running;
  }

  /** A link in the folder: the content stays as long as the folder does. */
  async function hold(version: CachedVersion, folder: string): Promise<string> {
    const path = pathOf(version);
    const id = createHash('sha256').update(path).digest('hex').slice(0, 32);
    const held = join(folder, `${id}${extname(version.key)}`);
    await linkOrCopy(path, held).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error;
    });
    return held;
  }

  return {
    async pathOf(version: CachedVersion, heldIn?: string): Promise<string> {
      for (let attempt = 1; ; attempt += 1) {
        await ensure(version);
        if (heldIn === undefined) return pathOf(version);
        try {
          return await hold(version, heldIn);
        } catch (error) {
          // Another process evicted it in between.
          if (codeOf(error) !== 'ENOENT' || attempt === 3) throw error;
        }
      }
    },
    /** Takes over a local file whose content is known to be the object's. */
    adopt: place,
    /** All copies of the objects that `isGone` tells of. */
    async drop(isGone: (keys: string[]) => Promise<ReadonlySet<string>>): Promise<void> {
      const entries = (await entriesOf(folder)).map(({ path }) => ({
        path,
        key: relative(folder, dirname(path)),
      }));
      const gone = await isGone([...new Set(entries.map(({ key }) => key))]);
      for (const { path, key } of entries) if (gone.has(key)) await removeEntry(path);
    },
    async dropOne(key: string): Promise<void> {
      const names = await readdir(folderOf(key)).catch(() => []);
      for (const name of names) await removeEntry(join(folderOf(key), name)).catch(() => undefined);
    },
  };
}
