/** Forgets what was aggregated from a dataset that is removed. Profiles and tokens stay: who wears what is no event. */
import type { Pool } from 'pg';
import { createDatabase, type Queryable } from '../core/postgres';
import { GRAINS } from '../telemetry/aggregate';
import { lockAggregates } from './aggregates';
import { bulkTransaction } from './copy';
import { aggregateTables } from './partitions';
import { leaveSource, sourceDataset } from './source';

// What is known of the lake's dates, by which aggregates are made.
const KNOWN = ['aggregated_periods', 'local_days', 'device_days', 'landed_dates'];

async function rowsIn(connection: Queryable, table: string): Promise<number> {
  const { rows } = await connection.query<{ n: string }>(
    `SELECT count(*) AS n FROM devices.${table}`,
  );
  return Number(rows[0]?.n ?? 0);
}

async function countOf(connection: Queryable, dataset: string): Promise<number> {
  if ((await sourceDataset(connection)) !== dataset) return 0;
  let rows = 0;
  for (const table of await aggregateTables(connection)) rows += await rowsIn(connection, table);
  return rows;
}

async function remove(connection: Queryable, dataset: string): Promise<number> {
  await lockAggregates(connection, GRAINS);
  if (!(await leaveSource(connection, dataset))) return 0;
  let removed = 0;
  for (const table of await aggregateTables(connection)) {
    removed += (await connection.query(`DELETE FROM devices.${table}`)).rowCount ?? 0;
  }
  for (const table of KNOWN) await connection.query(`DELETE FROM devices.${table}`);
  return removed;
}

export function createAggregateRemoval(pool: Pool) {
  const database = createDatabase(pool);
  return {
    /** Rows that were aggregated from the dataset; none where the tables hold those of another one. */
    aggregatesOf: (dataset: string): Promise<number> => countOf(database, dataset),

    /** In one transaction, after which no aggregation that began before can write. Gives the number of rows. */
    removeAggregates: (dataset: string): Promise<number> =>
      bulkTransaction(pool, (connection) => remove(connection, dataset)),
  };
}
