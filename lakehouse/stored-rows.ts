/** Streams rows of stored snapshots to our own code, with bounded memory. */
import type { DuckDBValue } from '@duckdb/node-api';
import { createViews, streamDuckdb } from './engines/duckdb-session';
import { streamRows } from './engines/streamed-result';
import type { Lake } from './lake';
import type { SnapshotManifest } from './manifest';

export interface StoredRowsRequest {
  /** Snapshots by the name under which the SELECT knows them. */
  readonly from: Readonly<Record<string, SnapshotManifest>>;
  readonly sql: string;
  readonly signal?: AbortSignal;
}

/** Rows in the order of the SELECT; BIGINT columns are to be cast to DOUBLE by it. */
export function storedRows(
  { store, duckdb: options }: Lake,
  { from, sql, signal }: StoredRowsRequest,
): AsyncGenerator<readonly DuckDBValue[]> {
  return streamDuckdb({ store, options, signal }, async function* (session) {
    await createViews(session, store, from);
    for await (const rows of streamRows(session.connection, sql)) {
      signal?.throwIfAborted();
      yield* rows;
    }
  });
}

/** The numbers of a FLOAT[] cell. */
export function floatsOf(cell: DuckDBValue | undefined): Float32Array {
  const { items } = cell as { items: readonly number[] };
  return Float32Array.from(items);
}
