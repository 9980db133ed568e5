/** Writes aggregates: in one transaction what is new or has changed, and nothing that is not of these periods. */
import type { Pool } from 'pg';
import { WatchlakeError } from '../core/errors';
import type { Queryable } from '../core/postgres';
import type { Grain } from '../telemetry/aggregate';
import { bulkTransaction, type BulkConnection } from './copy';
import { FIGURES } from './figures';
import { AGGREGATE_TABLES, ensurePartitions, lockPartitions } from './partitions';
import { periodsNow, type Period } from './periods';
import { startsOfPresentDays, sumDays } from './sum-days';

/** Of the file, in its order; weeks and months count the devices of their days. */
const columnsOf = (grain: Grain): readonly string[] =>
  grain === 'day' ? [...FIGURES, 'device_ids'] : FIGURES;

export interface Periods<G extends Grain = Grain> {
  readonly grain: G;
  /** As they were when they were aggregated. */
  readonly periods: readonly Period[];
}

export interface WriteRequest extends Periods {
  readonly file: string;
}

/** rows = written + unchanged. */
export interface WrittenAggregates {
  readonly rows: number;
  /** New, or with other figures. */
  readonly written: number;
  /** Of people who have no events there any more. */
  readonly deleted: number;
  /** Periods whose partition was detached. */
  readonly notKept: readonly string[];
}

export interface SummedDays extends WrittenAggregates {
  /** First dates of the periods that are done. */
  readonly starts: readonly string[];
}

/** Puts the periods' rows into the table, which is empty. */
type Fill = (connection: BulkConnection, table: string) => Promise<void>;

const FRESH = 'fresh';
// For joining what a run writes with what is there.
const JOIN_MEMORY = '64MB';

const LOCKS: Record<Grain, number> = { day: 1, week: 2, month: 3 };
const WRITE_LOCK = 4_105_734_000;

/** Until the transaction ends nobody else writes aggregates of the grains. */
export async function lockAggregates(connection: Queryable, grains: readonly Grain[]) {
  for (const grain of grains) {
    await connection.query('SELECT pg_advisory_xact_lock($1)', [WRITE_LOCK + LOCKS[grain]]);
  }
}

/** What was aggregated from must still be what there is: of two runs the one with older events gives way. */
async function requirePresent(
  connection: BulkConnection,
  { grain, periods }: Periods,
): Promise<void> {
  const starts = periods.map(({ start }) => start);
  const now = new Map(
    (await periodsNow(connection, grain, starts)).map(({ start, content }) => [start, content]),
  );
  const other = periods.find(({ start, content }) => now.get(start) !== content);
  if (other === undefined) return;
  throw new WatchlakeError('AGGREGATES_OUTDATED', { what: `other events of ${other.start}` });
}

async function upsert(
  connection: BulkConnection,
  grain: Grain,
  { fill, notKept }: { fill: Fill; notKept: readonly string[] },
): Promise<{ rows: number; written: number }> {
  const { table, period } = AGGREGATE_TABLES[grain];
  const names = columnsOf(grain);
  const columns = ['user_id', period, ...names];
  await connection.query(`CREATE TEMP TABLE ${FRESH} ON COMMIT DROP AS
    SELECT ${columns.join(', ')} FROM devices.${table} WITH NO DATA`);
  await fill(connection, FRESH);
  if (notKept.length > 0) {
    await connection.query(`DELETE FROM ${FRESH} WHERE ${period} = ANY($1::date[])`, [notKept]);
  }
  const { rows } = await connection.query<{ n: string; first: string; last: string }>(
    `SELECT count(*) AS n, min(${period})::text AS first, max(${period})::text AS last FROM ${FRESH}`,
  );
  const [fresh] = rows;
  const of = (relation: string, all: readonly string[]) =>
    all.map((name) => `${relation}.${name}`).join(', ');
  // Nobody else writes meanwhile: one join, where ON CONFLICT looks up, marks and locks row by row. The span keeps
  // partitions out that no row can be in.
  await connection.query(`SET LOCAL work_mem = '${JOIN_MEMORY}'`);
  const { rowCount } = await connection.query(
    `MERGE INTO devices.${table} held USING ${FRESH} fresh
      ON held.user_id = fresh.user_id AND held.${period} = fresh.${period}
        AND held.${period} BETWEEN $1::date AND $2::date
      WHEN MATCHED AND (${of('held', names)}) IS DISTINCT FROM (${of('fresh', names)}) THEN UPDATE SET
        ${names.map((name) => `${name} = fresh.${name}`).join(', ')}, aggregated_at = now()
      WHEN NOT MATCHED THEN INSERT (${columns.join(', ')}) VALUES (${of('fresh', columns)})`,
    [fresh?.first, fresh?.last],
  );
  return { rows: Number(fresh?.n), written: rowCount ?? 0 };
}

async function removeGone(
  connection: BulkConnection,
  grain: Grain,
  starts: readonly string[],
): Promise<number> {
  const { table, period } = AGGREGATE_TABLES[grain];
  const { rowCount } = await connection.query(
    `DELETE FROM devices.${table} held WHERE held.${period} = ANY($1::date[])
      AND NOT EXISTS (SELECT 1 FROM ${FRESH} fresh
        WHERE fresh.user_id = held.user_id AND fresh.${period} = held.${period})`,
    [starts],
  );
  return rowCount ?? 0;
}

async function record(connection: BulkConnection, { grain, periods }: Periods) {
  const gone = periods.filter(({ content }) => content === null).map(({ start }) => start);
  await connection.query(
    'DELETE FROM devices.aggregated_periods WHERE grain = $1 AND period_start = ANY($2::date[])',
    [grain, gone],
  );
  const held = periods.filter(({ content }) => content !== null);
  await connection.query(
    `INSERT INTO devices.aggregated_periods (grain, period_start, content)
      SELECT $1, * FROM unnest($2::date[], $3::text[])
      ON CONFLICT (grain, period_start) DO UPDATE
        SET content = excluded.content, aggregated_at = now()`,
    [grain, held.map(({ start }) => start), held.map(({ content }) => content)],
  );
}

async function write(
  connection: BulkConnection,
  request: Periods,
  fill: Fill,
): Promise<WrittenAggregates> {
  const { grain, periods } = request;
  // Two runs of one grain write one after the other; what they compute, they compute side by side.
  await lockAggregates(connection, [grain]);
  await requirePresent(connection, request);
  const of = AGGREGATE_TABLES[grain];
  const starts = periods.map(({ start }) => start);
  const { detached } = await ensurePartitions(connection, of, starts);
  const counts = await upsert(connection, grain, { fill, notKept: detached });
  const deleted = await removeGone(connection, grain, starts);
  await record(connection, request);
  return { ...counts, deleted, notKept: detached };
}

/** No period whose days are all there. */
export const NONE: SummedDays = { rows: 0, written: 0, deleted: 0, notKept: [], starts: [] };

async function writeFromDays(
  connection: BulkConnection,
  { grain, periods }: Periods<Exclude<Grain, 'day'>>,
): Promise<SummedDays> {
  // Days that are being written would be summed in parts.
  await lockAggregates(connection, ['day', grain]);
  await lockPartitions(connection);
  const given = periods.map(({ start }) => start);
  const starts = await startsOfPresentDays(connection, grain, given);
  if (starts.length === 0) return NONE;
  const done = periods.filter(({ start }) => starts.includes(start));
  const counts = await write(connection, { grain, periods: done }, (_, table) =>
    sumDays(connection, grain, { table, starts }),
  );
  return { ...counts, starts };
}

export function createAggregates(pool: Pool) {
  return {
    /**
     * The periods' rows become those of the file, which has person, period and the figures; all of it, or nothing.
     * AGGREGATES_OUTDATED when other events tell of a period than those that were aggregated.
     */
    writeAggregates: ({ file, ...request }: WriteRequest): Promise<WrittenAggregates> =>
      bulkTransaction(pool, (connection) => {
        const { grain } = request;
        const columns = ['user_id', AGGREGATE_TABLES[grain].period, ...columnsOf(grain)];
        return write(connection, request, (bulk, table) => bulk.copyIn({ table, columns }, file));
      }),

    /** The same for those weeks or months whose days are all stored as the events now tell them: sums of the days. */
    sumDays: (request: Periods<Exclude<Grain, 'day'>>): Promise<SummedDays> =>
      bulkTransaction(pool, (connection) => writeFromDays(connection, request)),
  };
}
