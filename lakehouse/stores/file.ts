/** A store in a local folder: an object appears under its key in one step, or not at all. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import {
  mkdir,
  open,
  readFile,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { WatchlakeError } from '../../core/errors';
import type { Store, StoredObject } from '../ports';
import { checkKey } from './key';
import { linkOrCopy } from './link-or-copy';
import { scratchFolder, sweepFolder } from './scratch';

const SCRATCH = '.scratch';

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

const isFull = (error: unknown): boolean => ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '');

async function writing<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw isFull(error) ? new WatchlakeError('STORE_FULL', { key }, error) : error;
  }
}

async function reading<T>(key: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const missing = ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(codeOf(error) ?? '');
    throw missing ? new WatchlakeError('OBJECT_NOT_FOUND', { key }, error) : error;
  }
}

async function writeDurably(path: string, body: Parameters<Store['put']>[1]): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeFile(file, body);
    // A manifest must not survive a power cut that its data do not.
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** In the order of the keys: a folder is visited where its name with the slash sorts. */
async function* walk(folder: string, prefix: string, wanted: string): AsyncGenerator<StoredObject> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  });
  const named = entries
    .map((entry) => ({ entry, key: `${prefix}${entry.name}${entry.isDirectory() ? '/' : ''}` }))
    .filter(({ key }) => key.startsWith(wanted) || (wanted.startsWith(key) && key.endsWith('/')))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  for (const { entry, key } of named) {
    if (key === `${SCRATCH}/`) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      yield* walk(path, key, wanted);
      continue;
    }
    const facts = await stat(path).catch(() => null);
    if (facts !== null) yield { key, bytes: facts.size, modifiedMs: facts.mtimeMs };
  }
}

async function foldersIn(path: string, prefix: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `${prefix}${name}/`)
    .filter((key) => key !== `${SCRATCH}/`)
    .sort();
}

export function createFileStore({ folder }: { folder: string }): Store {
  const root = resolve(folder);
  const scratchRoot = join(root, SCRATCH);
  const pathOf = (key: string): string => join(root, checkKey(key));

  /** Makes the object visible: over an older one, or only where there is none. */
  async function reveal(temporary: string, key: string, ifAbsent: boolean): Promise<void> {
    const path = pathOf(key);
    const place = () => (ifAbsent ? linkOrCopy(temporary, path) : rename(temporary, path));
    await mkdir(dirname(path), { recursive: true });
    try {
      await place().catch(async (error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
        // Somebody removed the empty folder in between.
        await mkdir(dirname(path), { recursive: true });
        await place();
      });
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw new WatchlakeError('OBJECT_EXISTS', { key }, error);
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async function temporaryPath(): Promise<string> {
    await mkdir(scratchRoot, { recursive: true });
    return join(scratchRoot, randomUUID());
  }

  async function removeEmptyFolders(from: string): Promise<void> {
    for (let path = from; path.startsWith(`${root}/`); path = dirname(path)) {
      const removed = await rmdir(path).then(
        () => true,
        () => false,
      );
      if (!removed) return;
    }
  }

  const isFile = (key: string): Promise<boolean> =>
    stat(pathOf(key)).then(
      (facts) => facts.isFile(),
      () => false,
    );

  async function removeObject(key: string): Promise<{ objects: number; bytes: number }> {
    const facts = await stat(pathOf(key)).catch(() => null);
    if (!facts?.isFile()) return { objects: 0, bytes: 0 };
    await rm(pathOf(key), { force: true });
    await removeEmptyFolders(dirname(pathOf(key)));
    return { objects: 1, bytes: facts.size };
  }

  return {
    uriOf: (key) => pathToFileURL(pathOf(key)).href,
    put: (key, body, { ifAbsent = false } = {}) =>
      writing(key, async () => {
        const temporary = await temporaryPath();
        try {
          await writeDurably(temporary, body);
          await reveal(temporary, key, ifAbsent);
        } finally {
          await rm(temporary, { force: true });
        }
      }),
    adopt: (key, localFile) =>
      writing(key, async () => {
        await syncFile(localFile);
        await reveal(localFile, key, false);
      }),
    copy: (from, to) =>
      writing(to, async () => {
        const temporary = await temporaryPath();
        await reading(from, () => linkOrCopy(pathOf(from), temporary));
        await reveal(temporary, to, false);
      }),
    get: (key) => reading(key, () => readFile(pathOf(key))),
    stream: (key) =>
      reading(key, async (): Promise<Readable> => {
        const facts = await stat(pathOf(key));
        if (facts.isDirectory()) throw new WatchlakeError('OBJECT_NOT_FOUND', { key });
        return createReadStream(pathOf(key));
      }),
    has: isFile,
    list: (prefix) => walk(root, '', prefix),
    folders: (prefix) => foldersIn(join(root, prefix), prefix),
    remove: async (key) => void (await removeObject(key)),
    retire: async (key) => (await removeObject(key)).objects > 0,
    isRetired: async (key) => !(await isFile(key)),
    removeVersions: removeObject,
    removeAllVersions: async (prefix) => {
      const total = { objects: 0, bytes: 0 };
      for await (const { key } of walk(root, '', prefix)) {
        const { objects, bytes } = await removeObject(key);
        total.objects += objects;
        total.bytes += bytes;
      }
      return total;
    },
    // A folder keeps one version of each file.
    removeOldVersions: async () => ({ objects: 0, bytes: 0 }),
    localPath: (key) => reading(key, () => stat(pathOf(key)).then(() => pathOf(key))),
    scratch: () => scratchFolder(scratchRoot),
    sweep: (olderThanMs) => sweepFolder(scratchRoot, Date.now() - olderThanMs),
  };
}
