/** The embedded engine: DuckDB over local files of the store. */
import type { CheckRequest, Engine, Store } from '../ports';
import { buildInSession } from './duckdb-build';
import { queryInSession } from './duckdb-query';
import type { DuckdbOptions } from './duckdb-session';
import { createViews, numberOf, withDuckdb } from './duckdb-session';

export interface DuckdbEngineOptions {
  readonly store: Store;
  readonly duckdb: DuckdbOptions;
}

export function createDuckdbEngine({ store, duckdb }: DuckdbEngineOptions): Engine {
  async function check({ relations, checks, signal }: CheckRequest) {
    return withDuckdb({ store, options: duckdb, signal }, async (session) => {
      await createViews(session, store, relations);
      const results = [];
      for (const { name, sql } of checks) {
        results.push({ name, offending: await numberOf(session, sql) });
      }
      return results;
    });
  }

  return {
    name: 'duckdb',
    build: (request) =>
      withDuckdb({ store, options: duckdb, signal: request.signal }, (session) =>
        buildInSession(session, store, request),
      ),
    check,
    query: (request) =>
      withDuckdb({ store, options: duckdb }, (session) => queryInSession(session, store, request)),
  };
}
