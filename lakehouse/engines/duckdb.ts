/** The embedded engine: DuckDB over local files of the store. */
import type { CheckRequest, Engine, Store } from '../ports';
import { buildInSession } from './duckdb-build';
import { queryInSession } from './duckdb-query';
import type { DuckdbOptions } from './duckdb-session';
import { createViews, numberOf, withDuckdb } from './duckdb-session';
import { isWithoutNulls } from './parquet-statistics';

export interface DuckdbEngineOptions {
  readonly store: Store;
  readonly duckdb: DuckdbOptions;
}

export function createDuckdbEngine({ store, duckdb }: DuckdbEngineOptions): Engine {
  async function check({ relations, checks, signal }: CheckRequest) {
    return withDuckdb({ store, options: duckdb, signal }, async (session) => {
      await createViews(session, store, relations);
      const results = [];
      for (const { name, sql, nullsIn } of checks) {
        const relation = nullsIn && relations[nullsIn.relation];
        const none = relation && (await isWithoutNulls(session, store, relation, nullsIn.columns));
        results.push({ name, offending: none ? 0 : await numberOf(session, sql) });
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
