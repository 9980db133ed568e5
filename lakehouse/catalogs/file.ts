/** A catalogue of JSON objects in the store: each move of a pointer is a new object, the newest counts. */
import { WatchlakeError, isWatchlakeError } from '../../core/errors';
import { readJson, writeJson } from '../json';
import type { Catalog, Release, Store, TablePointer, VersionedPointer } from '../ports';

const ROOT = 'catalog';
const OLD_VERSIONS_KEPT = 20;
const RELEASES_KEPT = 100;
const ATTEMPTS = 20;

const numbered = (version: number): string => String(version).padStart(10, '0');
const tableFolder = (dataset: string, table: string): string =>
  `${ROOT}/${dataset}/tables/${table}/`;
const releaseFolder = (dataset: string): string => `${ROOT}/${dataset}/releases/`;

async function keysUnder(store: Store, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

export function createFileCatalog({ store }: { store: Store }): Catalog {
  async function newest(folder: string): Promise<string | undefined> {
    return (await keysUnder(store, folder)).at(-1);
  }

  /** Null when it was pruned between the listing and the reading: then a newer one exists. */
  async function readOrNull<T>(key: string): Promise<T | null> {
    try {
      return await readJson<T>(store, key);
    } catch (error) {
      if (isWatchlakeError(error) && error.code === 'OBJECT_NOT_FOUND') return null;
      throw error;
    }
  }

  async function prune(folder: string, kept: number): Promise<void> {
    const keys = await keysUnder(store, folder);
    for (const key of keys.slice(0, Math.max(0, keys.length - kept))) await store.remove(key);
  }

  async function readPointer(folder: string): Promise<VersionedPointer | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const key = await newest(folder);
      if (key === undefined) return null;
      const pointer = await readOrNull<VersionedPointer>(key);
      if (pointer !== null) return pointer;
    }
    throw new WatchlakeError('CATALOG_CONFLICT', { table: folder });
  }

  async function publish(pointer: TablePointer, expected: number): Promise<VersionedPointer> {
    const folder = tableFolder(pointer.dataset, pointer.table);
    const moved: VersionedPointer = { ...pointer, version: expected + 1 };
    const present = await readPointer(folder);
    if ((present?.version ?? 0) !== expected) {
      throw new WatchlakeError('CATALOG_CONFLICT', { table: pointer.table });
    }
    try {
      // Two publishers of the same version meet here: only one of them can write this object.
      await writeJson(store, `${folder}${numbered(moved.version)}.json`, moved, { ifAbsent: true });
    } catch (error) {
      if (!isWatchlakeError(error) || error.code !== 'OBJECT_EXISTS') throw error;
      throw new WatchlakeError('CATALOG_CONFLICT', { table: pointer.table }, error);
    }
    await prune(folder, OLD_VERSIONS_KEPT);
    return moved;
  }

  async function list({ dataset }: { dataset?: string } = {}): Promise<VersionedPointer[]> {
    const prefix = dataset === undefined ? `${ROOT}/` : `${ROOT}/${dataset}/tables/`;
    const folders = new Set<string>();
    for (const key of await keysUnder(store, prefix)) {
      const [, named, kind, table] = key.split('/');
      if (kind === 'tables') folders.add(tableFolder(named as string, table as string));
    }
    const pointers = await Promise.all([...folders].map(readPointer));
    return pointers.filter((pointer) => pointer !== null);
  }

  async function releases({ dataset }: { dataset: string }): Promise<Release[]> {
    const keys = await keysUnder(store, releaseFolder(dataset));
    const found = await Promise.all(keys.reverse().map((key) => readOrNull<Release>(key)));
    return found.filter((release) => release !== null);
  }

  async function addRelease(release: Release): Promise<void> {
    const folder = releaseFolder(release.dataset);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const last = await newest(folder);
      const newestRelease = last === undefined ? null : await readOrNull<Release>(last);
      if (newestRelease?.releaseId === release.releaseId) return;
      const number =
        last === undefined ? 1 : Number(last.slice(folder.length, -'.json'.length)) + 1;
      try {
        await writeJson(store, `${folder}${numbered(number)}.json`, release, { ifAbsent: true });
        return await prune(folder, RELEASES_KEPT);
      } catch (error) {
        // Another release took the number: this one comes after it.
        if (!isWatchlakeError(error) || error.code !== 'OBJECT_EXISTS') throw error;
      }
    }
    throw new WatchlakeError('CATALOG_CONFLICT', { table: `releases of ${release.dataset}` });
  }

  return {
    pointer: ({ dataset, table }) => readPointer(tableFolder(dataset, table)),
    publish,
    list,
    addRelease,
    releases,
  };
}
