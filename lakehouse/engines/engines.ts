/** The engines that a lake has, by name: each opened when it is first asked for. */
import { WatchlakeError } from '../../core/errors';
import type { Engine, Store } from '../ports';
import { createDuckdbEngine } from './duckdb';
import type { DuckdbOptions } from './duckdb-session';
import type { SparkEngine } from './spark';
import { createSparkEngine } from './spark';
import type { SparkRunnerOptions } from './spark/runner';

/** Those that build tables; the same SQL gives the same content on each. */
export const ENGINE_NAMES = ['duckdb', 'spark'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export interface EnginesOptions {
  readonly store: Store;
  readonly duckdb: DuckdbOptions;
  /** What Spark runs with; without it there is none. */
  readonly spark?: Omit<SparkRunnerOptions, 'folder'>;
}

export interface Engines {
  readonly engineNamed: (name: EngineName) => Engine;
  readonly close: () => Promise<void>;
}

export function createEngines({ store, duckdb: options, spark }: EnginesOptions): Engines {
  const duckdb = createDuckdbEngine({ store, duckdb: options });
  let opened: SparkEngine | undefined;

  function openSpark(): Engine {
    if (spark === undefined) {
      const detail = 'this process runs no Spark; give duckdb';
      throw new WatchlakeError('INPUT_INVALID', { field: 'engine', detail });
    }
    const runner = { ...spark, folder: () => store.scratch() };
    opened ??= createSparkEngine({ store, runner, query: (request) => duckdb.query(request) });
    return opened;
  }

  return {
    engineNamed: (name) => (name === 'spark' ? openSpark() : duckdb),
    close: async () => opened?.close(),
  };
}
