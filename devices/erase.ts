/** Erases a person of the devices' profiles from PostgreSQL: profiles, aggregates, what their devices told, tokens. */
import type { Pool } from 'pg';
import { WatchlakeError } from '../core/errors';
import { createOverlap } from '../core/needles';
import { createDatabase, type Queryable } from '../core/postgres';
import { PROGRAM } from '../core/program-name';
import { GRAINS } from '../telemetry/aggregate';
import { lockAggregates } from './aggregates';
import { aggregateTables } from './partitions';
import { raiseProfilesVersion } from './source';
import { eraseTokens } from './tokens';

export interface DeviceOwner {
  readonly devices: readonly string[];
  /** What names the person. */
  readonly names: readonly string[];
  /** Of what names everybody else, what is or holds a name of theirs. */
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

async function countOf(connection: Queryable, table: string, userId: string): Promise<number> {
  const { rows } = await connection.query<{ n: string }>(
    `SELECT count(*) AS n FROM devices.${table} WHERE user_id = $1`,
    [userId],
  );
  return Number(rows[0]?.n ?? 0);
}

/** An e-mail names nobody for certain: two people may share one. */
async function refuseEmail(connection: Queryable, given: string): Promise<void> {
  const { rows } = await connection.query(
    'SELECT 1 FROM devices.user_profiles WHERE lower(user_email) = lower($1) LIMIT 1',
    [given],
  );
  if (rows.length === 0) return;
  const detail = `it is an e-mail; give the user_id, which \`${PROGRAM} devices profiles list\` tells`;
  throw new WatchlakeError('INPUT_INVALID', { field: 'person', detail });
}

const NAMES = 'SELECT user_id, device_id, user_email FROM devices.user_profiles';
const PROFILES_AT_ONCE = 10_000;

/** Part by part: there may be millions of profiles. */
async function othersOf(
  connection: Queryable,
  userId: string,
  own: readonly string[],
): Promise<string[]> {
  const overlap = createOverlap(own);
  for (let after: string | undefined = ''; after !== undefined;) {
    const { rows }: { rows: NamesRow[] } = await connection.query<NamesRow>(
      `${NAMES} WHERE user_id <> $1 AND device_id > $2 ORDER BY device_id LIMIT $3`,
      [userId, after, PROFILES_AT_ONCE],
    );
    for (const name of namesIn(rows)) overlap.add(name);
    after = rows[PROFILES_AT_ONCE - 1]?.device_id;
  }
  return overlap.found;
}

async function ownerOf(
  connection: Queryable,
  userId: string,
  alsoCalled: readonly string[],
): Promise<DeviceOwner> {
  const { rows: theirs } = await connection.query<NamesRow>(`${NAMES} WHERE user_id = $1`, [
    userId,
  ]);
  if (theirs.length === 0) await refuseEmail(connection, userId);
  let aggregates = 0;
  for (const table of await aggregateTables(connection)) {
    aggregates += await countOf(connection, table, userId);
  }
  const names = namesIn(theirs);
  return {
    devices: theirs.map(({ device_id: device }) => device),
    names,
    others: await othersOf(connection, userId, [userId, ...alsoCalled, ...names]),
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
  // Else a period that comes to have the same events again would be taken for one that has its rows.
  await connection.query(
    `UPDATE devices.aggregated_periods SET content = '' WHERE EXISTS (
      SELECT 1 FROM devices.local_days days WHERE days.event_date IN ${dates}
        AND date_trunc(grain, days.local_date)::date = period_start)`,
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
    deviceTokens: await eraseTokens(connection, devices),
  };
}

export function createOwners(pool: Pool) {
  const database = createDatabase(pool);
  return {
    /** By the `user_id` of the profiles. INPUT_INVALID when it is somebody's e-mail instead. */
    ownerOf: (userId: string, alsoCalled: readonly string[] = []): Promise<DeviceOwner> =>
      ownerOf(database, userId, alsoCalled),

    /** In one transaction, after which no aggregation that began before can write; what is gone stays gone. */
    eraseOwner: (who: { userId: string; devices: readonly string[] }): Promise<ErasedOwner> =>
      database.transaction((connection) => erase(connection, who)),
  };
}
