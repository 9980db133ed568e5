/** A lake opened: its store, its catalogue and the engine that works on it. */
import type { EngineName } from '../core/engine-names';
import { openCatalog, type CatalogOptions } from './catalogs/open-catalog';
import type { DuckdbOptions } from './engines/duckdb-session';
import { DEFAULT_DUCKDB } from './engines/duckdb-session';
import type { Engines, EnginesOptions } from './engines/engines';
import { createEngines } from './engines/engines';
import type { Catalog, Engine, Store } from './ports';
import { openStore, type S3Settings } from './stores/open-store';

export interface Lake extends Engines {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly engine: Engine;
  /** Limits of the DuckDB that reads and writes rows for our own code, whatever the engine. */
  readonly duckdb: DuckdbOptions;
}

export interface LakeOptions {
  /** A folder, a `file:` address of one, or `s3://bucket/prefix`. */
  readonly uri: string;
  readonly s3?: S3Settings;
  readonly duckdb?: Partial<DuckdbOptions>;
  readonly catalog?: CatalogOptions;
  readonly spark?: EnginesOptions['spark'];
  readonly cloud?: EnginesOptions['cloud'];
}

export function openLake(given: LakeOptions): Lake {
  const { uri, s3, duckdb, catalog: catalogOptions, spark, cloud } = given;
  const options = { ...DEFAULT_DUCKDB, ...duckdb };
  const store = openStore(uri, s3);
  const catalog = openCatalog(store, catalogOptions);
  const engines = createEngines({ store, duckdb: options, spark, cloud });
  return { store, catalog, engine: engines.engineNamed('duckdb'), duckdb: options, ...engines };
}

/** The same lake, with its tables built by the engine of this name. */
export const withEngine = (lake: Lake, name: EngineName): Lake => ({
  ...lake,
  engine: lake.engineNamed(name),
});
