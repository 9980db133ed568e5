/** One reading statement over the tables of devices in PostgreSQL, for those who have no client of it at hand. */
import { types, type Pool, type PoolClient } from 'pg';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { databaseError } from '../core/postgres';

export interface DeviceQuery {
  readonly sql: string;
  readonly maximumRows: number;
  readonly timeoutMs?: number;
}

// As on DuckDB.
const TIMEOUT_MS = 60_000;
/** PostgreSQL's code for a statement that was stopped. */
const STOPPED = '57014';

export interface DeviceRows {
  readonly columns: string[];
  readonly rows: Record<string, unknown>[];
  /** Whether there were more rows than asked for. */
  readonly truncated: boolean;
}

/** As on DuckDB: a number where that is exact in its whole digits, else text; sums and means are of these types. */
const numberOrText = (text: string): number | string =>
  Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER ? Number(text) : text;

const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  [types.builtins.INT8]: numberOrText,
  [types.builtins.NUMERIC]: numberOrText,
  // A day is no moment: as a Date it would move with the time zone of this machine.
  [types.builtins.DATE]: String,
  [types.builtins.TIMESTAMP]: String,
  [types.builtins.TIMESTAMPTZ]: String,
};

const READABLE = {
  getTypeParser: (oid: number) => PARSERS[oid] ?? (types.getTypeParser(oid) as () => unknown),
};

/** `n`, and `n_2` for a second column of that name. */
function namesOf(fields: readonly { name: string }[]): string[] {
  const seen = new Map<string, number>();
  return fields.map(({ name }) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name}_${times}`;
  });
}

async function read(client: PoolClient, { sql, maximumRows }: DeviceQuery): Promise<DeviceRows> {
  // A cursor takes what reads alone, and the extended protocol one statement.
  const cursor = { text: `DECLARE answer NO SCROLL CURSOR FOR ${sql}`, queryMode: 'extended' };
  await client.query(cursor);
  const found = await client.query<unknown[]>({
    ...{ text: `FETCH FORWARD ${maximumRows + 1} FROM answer`, rowMode: 'array', types: READABLE },
  });
  const columns = namesOf(found.fields);
  const rows = found.rows
    .slice(0, maximumRows)
    .map((row) => Object.fromEntries(columns.map((name, at) => [name, row[at] ?? null])));
  return { columns, rows, truncated: found.rows.length > maximumRows };
}

function refused(error: unknown, timeoutMs: number): unknown {
  const known = databaseError(error);
  if (isWatchlakeError(known) || !(error instanceof Error)) return known;
  const isStopped = (error as { code?: unknown }).code === STOPPED;
  const detail = isStopped
    ? `it took more than ${timeoutMs / 1000} s; one that reads less may not`
    : error.message;
  return new WatchlakeError('QUERY_INVALID', { detail }, error);
}

const ignore = () => undefined;

/** Plain names are those of the schema `devices`. QUERY_INVALID for whatever PostgreSQL refuses, with its own words. */
export async function queryDevices(pool: Pool, query: DeviceQuery): Promise<DeviceRows> {
  const { timeoutMs = TIMEOUT_MS } = query;
  let client: PoolClient | undefined;
  try {
    client = await pool.connect();
    // A connection that breaks tells its listeners as well as who waits for its answer; without one the process ends.
    client.on('error', ignore);
    await client.query(
      `BEGIN READ ONLY; SET LOCAL search_path TO devices; SET LOCAL TIME ZONE 'UTC';
        SET LOCAL statement_timeout = ${timeoutMs}`,
    );
    return await read(client, query);
  } catch (error) {
    throw refused(error, timeoutMs);
  } finally {
    // Ends the transaction whatever became of it.
    client?.release(true);
  }
}
