/** Writes the dates that have new events anew: their old rows and the new ones, in order, each once. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { literal, quoted, relationSql, rowsOf, numberOf } from '../engines/duckdb-session';
import { copyToParquet } from '../engines/parquet-sink';
import type { Lake } from '../lake';
import type { DataFile } from '../manifest';
import { filesOfDates } from './date-files';
import { EVENT_COLUMNS, deviceEventsTable } from './device-events';
import { ARRIVED } from './stage-events';

const FRESH = 'fresh';
const HELD = 'held';

const COLUMNS = EVENT_COLUMNS.map(({ name }) => quoted(name)).join(', ');
const ORDER = deviceEventsTable('any').orderBy.map(quoted).join(', ');

export interface Fresh {
  /** Rows that are new, by date. */
  readonly dates: ReadonlyMap<string, number>;
  readonly duplicates: number;
  readonly late: number;
}

export interface Lateness {
  /** An event is late when its date lies more than so many days before the newest one before it. */
  readonly lateDays: number;
  /** Dates before this one are late by what had landed; null when nothing had. */
  readonly lateBefore: string | null;
  /** Later dates are those of clocks that run ahead, and make nobody late. */
  readonly lastDate: string;
}

/** By what had landed, and by what lies before them in their partition. */
const lateSql = ({ lateDays, lateBefore, lastDate }: Lateness): string =>
  `SELECT count(*) FROM (SELECT event_date, max(CASE WHEN event_date <= ${literal(lastDate)} THEN event_date END)
      OVER (PARTITION BY kafka_partition ORDER BY kafka_offset
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS newest FROM ${FRESH})
    WHERE event_date < ${literal(lateBefore ?? '')}
      OR CAST(event_date AS DATE) < CAST(newest AS DATE) - ${lateDays}`;

/** Of the events that arrived those that the table does not hold yet, each the first time it came. */
export async function keepFresh(
  session: DuckdbSession,
  { store }: Lake,
  { held, ...lateness }: Lateness & { held: readonly DataFile[] },
): Promise<Fresh> {
  const { connection } = session;
  const arrived = await rowsOf(session, `SELECT DISTINCT event_date AS date FROM ${ARRIVED}`);
  const files = filesOfDates(held, new Set(arrived.map(({ date }) => date as string)));
  const from = await relationSql(session, store, { columns: EVENT_COLUMNS, files });
  await connection.run(`CREATE VIEW ${HELD} AS SELECT * FROM ${from}`);
  await connection.run(
    `CREATE TABLE ${FRESH} AS SELECT a.* FROM ${ARRIVED} a
      WHERE NOT EXISTS (SELECT 1 FROM ${HELD} h
        WHERE h.event_date = a.event_date AND h.event_id = a.event_id)
      QUALIFY row_number() OVER (PARTITION BY a.event_date, a.event_id
        ORDER BY a.kafka_partition, a.kafka_offset) = 1`,
  );
  const counts = await rowsOf(
    session,
    `SELECT event_date AS date, count(*) AS n FROM ${FRESH} GROUP BY 1 ORDER BY 1`,
  );
  const dates = new Map(counts.map(({ date, n }) => [date as string, Number(n)]));
  return {
    dates,
    duplicates:
      (await numberOf(session, `SELECT count(*) FROM ${ARRIVED}`)) -
      [...dates.values()].reduce((sum, n) => sum + n, 0),
    late: await numberOf(session, lateSql(lateness)),
  };
}

const rowsOfDate = (table: string, date: string): string =>
  `SELECT ${COLUMNS} FROM ${table} WHERE event_date = ${literal(date)}`;

/** The files of one date below the folder: as few as their size allows. */
export async function writeDate(
  session: DuckdbSession,
  { store }: Lake,
  { date, folder, from = [HELD, FRESH] }: { date: string; folder: string; from?: string[] },
): Promise<DataFile[]> {
  const rows = from.map((table) => rowsOfDate(table, date)).join(' UNION ALL ');
  const local = await copyToParquet(session, {
    folder: `date-${date}`,
    select: `SELECT * FROM (${rows}) ORDER BY ${ORDER}`,
  });
  const written: DataFile[] = [];
  for (const { path, name, rows: n, bytes } of local) {
    const key = `${folder}event_date=${date}/${name}`;
    await store.adopt(key, path);
    written.push({ key, rows: n, bytes });
  }
  return written;
}
