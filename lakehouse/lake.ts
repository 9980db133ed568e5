/** A lake opened: its store, its catalogue and the engine that works on it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WatchlakeError } from '../core/errors';
import { createFileCatalog } from './catalogs/file';
import { createDuckdbEngine } from './engines/duckdb';
import type { DuckdbOptions } from './engines/duckdb-session';
import { DEFAULT_DUCKDB } from './engines/duckdb-session';
import type { Catalog, Engine, Store } from './ports';
import { createFileStore } from './stores/file';

export interface Lake {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly engine: Engine;
  /** Limits of the DuckDB that reads and writes rows for our own code, whatever the engine. */
  readonly duckdb: DuckdbOptions;
}

export interface LakeOptions {
  /** A folder, or a `file:` address of one. */
  readonly uri: string;
  readonly duckdb?: Partial<DuckdbOptions>;
}

function folderOf(uri: string): string {
  if (uri.startsWith('file:')) return fileURLToPath(uri);
  const scheme = /^([a-z][a-z0-9+]+):\/\//i.exec(uri)?.[1];
  if (scheme === undefined) return join(uri);
  throw new WatchlakeError('CONFIG_INVALID', {
    problems: `LAKE_URI: ${scheme} is not supported, use a folder`,
  });
}

export function openLake({ uri, duckdb }: LakeOptions): Lake {
  const options = { ...DEFAULT_DUCKDB, ...duckdb };
  const store = createFileStore({ folder: folderOf(uri) });
  const catalog = createFileCatalog({ store });
  return {
    store,
    catalog,
    engine: createDuckdbEngine({ store, duckdb: options }),
    duckdb: options,
  };
}
