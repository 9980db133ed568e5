/** A DuckDB session over some UTC dates of the events, and the files that go in and out of it. */
import { join } from 'node:path';
import type { DuckdbSession } from '../../engines/duckdb-session';
import { literal, numberOf, relationSql, withDuckdb } from '../../engines/duckdb-session';
import { rowsIn } from '../../engines/parquet-sink';
import type { Lake } from '../../lake';
import type { SnapshotManifest } from '../../manifest';
import { filesOfDates } from '../date-files';
import { EVENT_COLUMNS } from '../device-events';

/** What was read of the lake. */
export interface ReadFigures {
  readonly files: number;
  readonly bytes: number;
  readonly rows: number;
}

export interface Aggregation {
  readonly session: DuckdbSession;
  readonly read: ReadFigures;
  /** A path in the session's own folder. */
  fileNamed(name: string): string;
  /** Writes what a SELECT gives as CSV without a header, null as nothing; gives the rows. */
  writeCsv(name: string, select: string): Promise<{ file: string; rows: number }>;
}

export interface AggregationRequest {
  readonly manifest: SnapshotManifest;
  readonly dates: readonly string[];
  readonly signal?: AbortSignal;
}

const csvOptions = `(FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '')`;

/** The view `device_events` has the rows of these dates alone; no file of another date is opened. */
export const withAggregation = <T>(
  lake: Lake,
  { manifest, dates, signal }: AggregationRequest,
  work: (aggregation: Aggregation) => Promise<T>,
): Promise<T> =>
  withDuckdb({ store: lake.store, options: lake.duckdb, signal }, async (session) => {
    const files = filesOfDates(manifest.files, new Set(dates));
    const from = await relationSql(session, lake.store, { columns: EVENT_COLUMNS, files });
    await session.connection.run(`CREATE VIEW device_events AS SELECT * FROM ${from}`);
    const fileNamed = (name: string) => join(session.scratch, `${name}.csv`);
    return work({
      session,
      read: {
        files: files.length,
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        rows: rowsIn(files),
      },
      fileNamed,
      async writeCsv(name, select) {
        const file = fileNamed(name);
        const copy = `COPY (${select}) TO ${literal(file)} ${csvOptions}`;
        return { file, rows: await numberOf(session, copy) };
      },
    });
  });
