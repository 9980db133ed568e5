/** A catalogue of JSON objects in the store: each move of a pointer is a new object, the newest counts. */
import { WatchlakeError } from '../../core/errors';
import type { Catalog, Store, TablePointer, VersionedPointer } from '../ports';
import { catalogIdentity } from './identity';
import { isTaken, keysUnder, numberedObjects } from './numbered-objects';
import { CATALOG_ROOT, createReleases } from './releases';

const OLD_VERSIONS_KEPT = 20;

const tablesFolder = (dataset: string): string => `${CATALOG_ROOT}/${dataset}/tables/`;
const tableFolder = (dataset: string, table: string): string => `${tablesFolder(dataset)}${table}/`;

export function createFileCatalog({ store }: { store: Store }): Catalog {
  const seriesOf = (folder: string) =>
    numberedObjects<VersionedPointer>(store, { folder, kept: OLD_VERSIONS_KEPT });

  const readPointer = async (folder: string): Promise<VersionedPointer | null> =>
    (await seriesOf(folder).newest())?.value ?? null;

  async function publish(pointer: TablePointer, expected: number): Promise<VersionedPointer> {
    const folder = tableFolder(pointer.dataset, pointer.table);
    const moved: VersionedPointer = { ...pointer, version: expected + 1 };
    const present = await readPointer(folder);
    if ((present?.version ?? 0) !== expected) {
      throw new WatchlakeError('CATALOG_CONFLICT', { table: pointer.table });
    }
    try {
      // Two publishers of the same version meet here: only one of them can write this object.
      await seriesOf(folder).write(moved.version, moved);
      return moved;
    } catch (error) {
      if (!isTaken(error)) throw error;
      throw new WatchlakeError('CATALOG_CONFLICT', { table: pointer.table }, error);
    }
  }

  async function list({ dataset }: { dataset?: string } = {}): Promise<VersionedPointer[]> {
    const prefix = dataset === undefined ? `${CATALOG_ROOT}/` : tablesFolder(dataset);
    const folders = new Set<string>();
    for (const key of await keysUnder(store, prefix)) {
      const [, named, kind, table] = key.split('/');
      if (kind === 'tables') folders.add(tableFolder(named as string, table as string));
    }
    const pointers = await Promise.all([...folders].map(readPointer));
    return pointers.filter((pointer) => pointer !== null);
  }

  /** The newest goes last: what is interrupted never shows an older one. */
  async function drop({ dataset, table }: { dataset: string; table: string }): Promise<void> {
    for (const key of await keysUnder(store, tableFolder(dataset, table))) await store.remove(key);
  }

  return {
    identity: () => catalogIdentity(store, 'file'),
    pointer: ({ dataset, table }) => readPointer(tableFolder(dataset, table)),
    publish,
    drop,
    list,
    ...createReleases({ store }),
  };
}
