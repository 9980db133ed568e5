/** Partitions of the aggregates: made ahead of the dates, detached when they are older than what is kept. */
import type { Pool } from 'pg';
import { createDatabase, type Queryable } from '../core/postgres';
import { GRAINS, type Grain } from '../telemetry/aggregate';

export interface AggregateTable {
  readonly table: string;
  /** Column of the period's first local date. */
  readonly period: string;
  /** How much one partition holds. */
  readonly span: 'month' | 'year';
}

export const AGGREGATE_TABLES: Readonly<Record<Grain, AggregateTable>> = {
  day: { table: 'daily_aggregates', period: 'event_date', span: 'month' },
  week: { table: 'weekly_aggregates', period: 'period_start', span: 'year' },
  month: { table: 'monthly_aggregates', period: 'period_start', span: 'year' },
};

export interface Partition {
  readonly name: string;
  /** First date. */
  readonly from: string;
  /** First date after it. */
  readonly to: string;
}

const PARTITIONS_LOCK = 4_105_733_921;

/** The partition that holds the date. */
export function partitionOf({ table, span }: AggregateTable, date: string): Partition {
  const [year = 0, month = 0] = date.split('-').map(Number);
  const first = span === 'year' ? 1 : month;
  const from = new Date(Date.UTC(year, first - 1, 1));
  const to = new Date(Date.UTC(year, first - 1 + (span === 'year' ? 12 : 1), 1));
  const suffix = from
    .toISOString()
    .slice(0, span === 'year' ? 4 : 7)
    .replace('-', '_');
  const isoDate = (each: Date): string => each.toISOString().slice(0, 10);
  return { name: `${table}_${suffix}`, from: isoDate(from), to: isoDate(to) };
}

interface PresentPartition extends Partition {
  readonly isAttached: boolean;
}

/** By name; a table that was detached keeps its name. */
async function presentPartitions(
  connection: Queryable,
  { table, span }: AggregateTable,
): Promise<Map<string, PresentPartition>> {
  const { rows } = await connection.query<{ name: string; attached: boolean }>(
    `SELECT child.relname AS name, child.relispartition AS attached
      FROM pg_class child JOIN pg_namespace schema ON schema.oid = child.relnamespace
      WHERE schema.nspname = 'devices' AND child.relkind = 'r' AND child.relname ~ $1`,
    [`^${table}_[0-9]{4}(_[0-9]{2})?$`],
  );
  return new Map(
    rows.map(({ name, attached }) => {
      const date = `${name.slice(table.length + 1).replace('_', '-')}${span === 'year' ? '-01' : ''}-01`;
      const place = partitionOf({ table, span, period: '' }, date);
      return [name, { ...place, isAttached: attached }];
    }),
  );
}

/** The table with all its partitions, and those that were detached. */
async function tablesOf(connection: Queryable, of: AggregateTable): Promise<string[]> {
  const present = [...(await presentPartitions(connection, of)).values()];
  return [of.table, ...present.filter(({ isAttached }) => !isAttached).map(({ name }) => name)];
}

// A period's rows are written again as events come in: with room on its page a row stays there, and no index changes.
const FILL_PERCENT = 50;

/** Attached when it is there: a table that is made as a partition waits for all who read, and whoever comes to read waits for it. */
async function createPartition(
  connection: Queryable,
  { table }: AggregateTable,
  { name, from, to }: Partition,
): Promise<void> {
  await connection.query(
    `CREATE TABLE devices.${name} (LIKE devices.${table} INCLUDING ALL)
      WITH (fillfactor = ${FILL_PERCENT})`,
  );
  await connection.query(
    `ALTER TABLE devices.${table} ATTACH PARTITION devices.${name}
      FOR VALUES FROM ('${from}') TO ('${to}')`,
  );
}

/** Until the transaction ends no partition comes or goes; whoever reads aggregates and writes them then takes it first. */
export const lockPartitions = (connection: Queryable) =>
  connection.query('SELECT pg_advisory_xact_lock($1)', [PARTITIONS_LOCK]);

/** Of all grains, also the tables that were detached. In a transaction none is detached until it ends: its rows would be looked for where they are no more. */
export async function aggregateTables(connection: Queryable): Promise<string[]> {
  await lockPartitions(connection);
  const tables: string[] = [];
  for (const grain of GRAINS) tables.push(...(await tablesOf(connection, AGGREGATE_TABLES[grain])));
  return tables;
}

export interface EnsuredPartitions {
  readonly created: readonly string[];
  /** Dates whose partition was detached: what belongs there is not kept any more. */
  readonly detached: readonly string[];
}

/** Makes what the dates need; in a transaction, of two at a time the later one waits. */
export async function ensurePartitions(
  connection: Queryable,
  of: AggregateTable,
  dates: readonly string[],
): Promise<EnsuredPartitions> {
  await lockPartitions(connection);
  const present = await presentPartitions(connection, of);
  const wanted = new Map(dates.map((date) => [date, partitionOf(of, date)]));
  const created = new Map<string, Partition>();
  for (const partition of wanted.values()) {
    if (!present.has(partition.name)) created.set(partition.name, partition);
  }
  for (const partition of created.values()) await createPartition(connection, of, partition);
  const detached = dates.filter(
    (date) => present.get(wanted.get(date)?.name ?? '')?.isAttached === false,
  );
  return { created: [...created.keys()], detached };
}

export interface MaintainRequest {
  readonly today: string;
  /** Partitions are there for so many months from now on. */
  readonly aheadMonths: number;
  /** What has ended more than so many months ago is detached; absent: nothing is. */
  readonly keepMonths?: number;
}

export interface Maintained {
  readonly created: readonly string[];
  readonly detached: readonly string[];
}

function monthsFrom(date: string, months: number): string {
  const [year = 0, month = 0] = date.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

export function createPartitions(pool: Pool) {
  const database = createDatabase(pool);
  return {
    /**
     * Repeating it changes nothing. A partition that is detached stays a table of its own, under its name, until
     * somebody drops it or attaches it again.
     */
    maintainPartitions: (
      grain: Grain,
      { today, aheadMonths, keepMonths }: MaintainRequest,
    ): Promise<Maintained> =>
      database.transaction(async (connection) => {
        const of = AGGREGATE_TABLES[grain];
        const ahead = Array.from({ length: aheadMonths + 1 }, (_, at) => monthsFrom(today, at));
        const { created } = await ensurePartitions(connection, of, ahead);
        if (keepMonths === undefined) return { created, detached: [] };
        const cutoff = monthsFrom(today, -keepMonths);
        const present = await presentPartitions(connection, of);
        const old = [...present.values()].filter(
          ({ to, isAttached }) => isAttached && to <= cutoff,
        );
        for (const { name } of old) {
          await connection.query(
            `ALTER TABLE devices.${of.table} DETACH PARTITION devices.${name}`,
          );
        }
        return { created, detached: old.map(({ name }) => name).toSorted() };
      }),
  };
}
