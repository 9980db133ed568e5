/** Erases a person of the devices' profiles from PostgreSQL: profiles, aggregates, what their devices told, tokens. */
import type { Pool } from 'pg';
import { WatchlakeError } from '../core/errors';
import { createDatabase, type Queryable } from '../core/postgres';
import { GRAINS } from '../telemetry/aggregate';
import { lockAggregates } from './aggregates';
import { AGGREGATE_TABLES, tablesOf } from './partitions';
import { raiseProfilesVersion } from './source';

export interface DeviceOwner {
  readonly devices: readonly string[];
  /** What names the person. */
  readonly names: readonly string[];
  /** What names everybody else. */
  readonly others: readonly string[];
  /** Rows of the tables that are the person's. */
  readonly rows: Readonly<Record<string, number>>;
}

export interface ErasedOwner {
  readonly profiles: number;
  readonly aggregates: number;
  readonly deviceTokens: number;
}

interface NamesRow {
  user_id: string;
  device_id: string;
  user_email: string | null;
}

const namesIn = (rows: readonly NamesRow[]): string[] =>
  rows.flatMap(({ user_id: user, device_id: device, user_email: email }) =>
    email === null ? [user, device] : [user, device, email],
  );

/** Also of partitions that were detached: those are tables of their own. */
async function aggregateTables(connection: Queryable): Promise<string[]> {
  const tables: string[] = [];
  for (const grain of GRAINS) tables.push(...(await tablesOf(connection, AGGREGATE_TABLES[grain])));
  return tables;
}

async function countOf(connection: Queryable, table: string, userId: string): Promise<number> {
  const { rows } = await connection.query<{ n: string }>(
    `SELECT count(*) AS n FROM devices.${table} WHERE user_id = $1`,
    [userId],
  );
  return Number(rows[0]?.n ?? 0);
}

/** An e-mail names nobody for certain: two people may share one. */
function refuseEmail(profiles: readonly NamesRow[], given: string): void {
  const isEmail = profiles.some((each) => each.user_email?.toLowerCase() === given.toLowerCase());
  if (!isEmail) return;
  const detail = 'it is an e-mail; give the user_id, which `watchlake devices profiles list` tells';
  throw new WatchlakeError('INPUT_INVALID', { field: 'person', detail });
}

async function ownerOf(connection: Queryable, userId: string): Promise<DeviceOwner> {
  const { rows: profiles } = await connection.query<NamesRow>(
    'SELECT user_id, device_id, user_email FROM devices.user_profiles',
  );
  const theirs = profiles.filter(({ user_id: user }) => user === userId);
  if (theirs.length === 0) refuseEmail(profiles, userId);
  let aggregates = 0;
  for (const table of await aggregateTables(connection)) {
    aggregates += await countOf(connection, table, userId);
  }
  return {
    devices: theirs.map(({ device_id: device }) => device),
    names: namesIn(theirs),
    others: namesIn(profiles.filter(({ user_id: user }) => user !== userId)),
    rows: { user_profiles: theirs.length, aggregates },
  };
}

/** A run that computes aggregates from what the devices told finds that it is outdated. */
async function outdatePeriods(connection: Queryable, devices: readonly string[]): Promise<void> {
  const dates = '(SELECT event_date FROM devices.device_days WHERE device_id = ANY($1))';
  await connection.query(
    `UPDATE devices.landed_dates SET content = NULL WHERE event_date IN ${dates}`,
    [devices],
  );
  await connection.query(
    `UPDATE devices.local_days SET readings_before = readings_before + 1
      WHERE event_date IN ${dates}`,
    [devices],
  );
}

async function erase(
  connection: Queryable,
  { userId, devices }: { userId: string; devices: readonly string[] },
): Promise<ErasedOwner> {
  await lockAggregates(connection, GRAINS);
  await connection.query('LOCK TABLE devices.user_profiles IN SHARE ROW EXCLUSIVE MODE');
  await raiseProfilesVersion(connection);
  const remove = async (from: string, where: string, value: unknown): Promise<number> => {
    const { rowCount } = await connection.query(`DELETE FROM devices.${from} WHERE ${where}`, [
      value,
    ]);
    return rowCount ?? 0;
  };
  await outdatePeriods(connection, devices);
  await remove('device_days', 'device_id = ANY($1)', devices);
  let aggregates = 0;
  for (const table of await aggregateTables(connection)) {
    aggregates += await remove(table, 'user_id = $1', userId);
  }
  return {
    profiles: await remove('user_profiles', 'user_id = $1', userId),
    aggregates,
    deviceTokens: await remove('tokens', 'device_id = ANY($1)', devices),
  };
}

export function createOwners(pool: Pool) {
  const database = createDatabase(pool);
  return {
    /** By the `user_id` of the profiles. INPUT_INVALID when it is somebody's e-mail instead. */
    ownerOf: (userId: string): Promise<DeviceOwner> => ownerOf(database, userId),

    /** In one transaction, after which no aggregation that began before can write; what is gone stays gone. */
    eraseOwner: (who: { userId: string; devices: readonly string[] }): Promise<ErasedOwner> =>
      database.transaction((connection) => erase(connection, who)),
  };
}
