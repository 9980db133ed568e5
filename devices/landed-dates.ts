/** What PostgreSQL knows of the lake's dates: kept equal to a snapshot, date by date. */
import { writeFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { createDatabase } from '../core/postgres';
import { bulkTransaction, type BulkConnection } from './copy';
import { PEOPLE_SQL } from './profiles';
import {
  adoptLake,
  aggregatedLake,
  claimSource,
  profilesVersion,
  type LakeState,
  type SourceState,
} from './source';

/** Columns of the file that `saveDates` takes: one row for each device, UTC date and local date. */
const FACT_COLUMNS = [
  'device_id text NOT NULL',
  'event_date date NOT NULL',
  'local_date date',
  'events bigint NOT NULL',
  'content numeric',
  'first_reading_ms bigint',
  'last_reading_ms bigint',
  'last_reading_steps bigint',
] as const;

const FACTS = 'date_facts';

export interface SaveDatesRequest {
  readonly source: SourceState;
  /** Content by date, null for one that the lake holds no more. */
  readonly dates: Readonly<Record<string, string | null>>;
  readonly factsFile: string;
}

const FRESH_DEVICE_DAYS = `CREATE TEMP TABLE fresh_device_days ON COMMIT DROP AS
  SELECT device_id, event_date, sum(events)::bigint AS events,
    (array_agg(local_date ORDER BY first_reading_ms)
      FILTER (WHERE first_reading_ms IS NOT NULL))[1] AS first_reading_date,
    max(last_reading_ms) AS last_reading_ms,
    (array_agg(last_reading_steps ORDER BY last_reading_ms DESC)
      FILTER (WHERE last_reading_ms IS NOT NULL))[1] AS last_reading_steps
  FROM ${FACTS} GROUP BY device_id, event_date`;

/** Devices whose last reading at a date is another one now: what they took next counts from there. */
const CHANGED_READINGS = `CREATE TEMP TABLE changed_readings ON COMMIT DROP AS
  SELECT coalesce(fresh.device_id, held.device_id) AS device_id,
    coalesce(fresh.event_date, held.event_date) AS event_date
  FROM fresh_device_days fresh
  FULL JOIN (SELECT * FROM devices.device_days WHERE event_date = ANY($1::date[])) held
    ON held.device_id = fresh.device_id AND held.event_date = fresh.event_date
  WHERE (fresh.last_reading_ms, fresh.last_reading_steps)
    IS DISTINCT FROM (held.last_reading_ms, held.last_reading_steps)`;

const NEXT_READINGS = `UPDATE devices.local_days days SET readings_before = readings_before + 1
  FROM (SELECT DISTINCT next.event_date, next.first_reading_date
    FROM changed_readings changed
    JOIN devices.user_profiles profiles
      ON profiles.device_id = changed.device_id AND profiles.step_counter = 'cumulative'
    CROSS JOIN LATERAL (SELECT later.event_date, later.first_reading_date
      FROM devices.device_days later
      WHERE later.device_id = changed.device_id AND later.event_date > changed.event_date
        AND later.last_reading_ms IS NOT NULL
      ORDER BY later.event_date LIMIT 1) next) touched
  WHERE days.event_date = touched.event_date AND days.local_date = touched.first_reading_date`;

const DEVICE_DAYS = `INSERT INTO devices.device_days
    (device_id, event_date, events, first_reading_date, last_reading_ms, last_reading_steps)
  SELECT device_id, event_date, events, first_reading_date, last_reading_ms, last_reading_steps
  FROM fresh_device_days`;

const FRESH_LOCAL_DAYS = `CREATE TEMP TABLE fresh_local_days ON COMMIT DROP AS
  SELECT local_date, event_date, sum(events)::bigint AS events,
    md5(sum(events) || ':' || sum(content)) AS content
  FROM ${FACTS} WHERE local_date IS NOT NULL GROUP BY local_date, event_date`;

const LOCAL_DAYS = `INSERT INTO devices.local_days AS held (local_date, event_date, events, content)
  SELECT local_date, event_date, events, content FROM fresh_local_days
  ON CONFLICT (local_date, event_date) DO UPDATE
    SET events = excluded.events, content = excluded.content`;

const GONE_LOCAL_DAYS = `DELETE FROM devices.local_days held
  WHERE held.event_date = ANY($1::date[]) AND NOT EXISTS (SELECT 1 FROM fresh_local_days fresh
    WHERE fresh.local_date = held.local_date AND fresh.event_date = held.event_date)`;

async function save(
  connection: BulkConnection,
  { source, dates, factsFile }: SaveDatesRequest,
): Promise<void> {
  await claimSource(connection, source);
  await connection.query(`CREATE TEMP TABLE ${FACTS} (${FACT_COLUMNS.join(', ')}) ON COMMIT DROP`);
  const columns = FACT_COLUMNS.map((definition) => definition.split(' ')[0] as string);
  await connection.copyIn({ table: FACTS, columns }, factsFile);
  const named = [Object.keys(dates)];
  await connection.query(FRESH_DEVICE_DAYS);
  await connection.query(CHANGED_READINGS, named);
  await connection.query(
    'DELETE FROM devices.device_days WHERE event_date = ANY($1::date[])',
    named,
  );
  await connection.query(DEVICE_DAYS);
  await connection.query(FRESH_LOCAL_DAYS);
  await connection.query(GONE_LOCAL_DAYS, named);
  await connection.query(LOCAL_DAYS);
  await connection.query(NEXT_READINGS);
  const gone = Object.keys(dates).filter((date) => dates[date] === null);
  const held = Object.entries(dates).filter(([, content]) => content !== null);
  await connection.query('DELETE FROM devices.landed_dates WHERE event_date = ANY($1::date[])', [
    gone,
  ]);
  await connection.query(
    `INSERT INTO devices.landed_dates (event_date, content)
      SELECT * FROM unnest($1::date[], $2::text[])
      ON CONFLICT (event_date) DO UPDATE SET content = excluded.content`,
    [held.map(([date]) => date), held.map(([, content]) => content)],
  );
}

/** A run of dates without a gap. */
export interface DateRun {
  readonly first: string;
  readonly last: string;
}

const escaped = (date: string): string => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new Error(`not a date: ${date}`);
  return `'${date}'::date`;
};

/** The run's number, a device with a cumulative counter that has events there, and its last reading before. */
const readingsBeforeSql = (runs: readonly DateRun[]): string =>
  `SELECT runs.run, named.device_id, earlier.last_reading_steps
    FROM (VALUES ${runs
      .map(({ first, last }, at) => `(${at}, ${escaped(first)}, ${escaped(last)})`)
      .join(', ')}) runs (run, first, last)
    CROSS JOIN LATERAL (SELECT DISTINCT days.device_id FROM devices.device_days days
      JOIN devices.user_profiles profiles
        ON profiles.device_id = days.device_id AND profiles.step_counter = 'cumulative'
      WHERE days.event_date BETWEEN runs.first AND runs.last) named
    CROSS JOIN LATERAL (SELECT days.last_reading_steps FROM devices.device_days days
      WHERE days.device_id = named.device_id AND days.event_date < runs.first
        AND days.last_reading_ms IS NOT NULL
      ORDER BY days.event_date DESC LIMIT 1) earlier`;

export function createLandedDates(pool: Pool) {
  const database = createDatabase(pool);
  return {
    /** Content by date; null where it has to be looked at again. */
    async knownDates(): Promise<Map<string, string | null>> {
      const { rows } = await database.query<{ date: string; content: string | null }>(
        'SELECT event_date::text AS date, content FROM devices.landed_dates',
      );
      return new Map(rows.map(({ date, content }) => [date, content]));
    },

    /** The lake that the dates were looked at in. */
    aggregatedLake: () => aggregatedLake(database),

    /** Repeating it is harmless. */
    adoptLake: (state: LakeState) => adoptLake(database, state),

    /** Rises with each change of a profile. */
    profilesVersion: (): Promise<number> => profilesVersion(database),

    /** Writes device, person, time zone and step counter of all profiles; gives the version that they have. */
    exportPeople: (file: string): Promise<number> =>
      bulkTransaction(pool, async (connection) => {
        // Read first: a change in between makes the version older than the people, and is found out.
        const version = await profilesVersion(connection);
        await connection.copyOut(PEOPLE_SQL, file);
        return version;
      }),

    /** Replaces what is known of the dates; AGGREGATES_OUTDATED when newer things were learned meanwhile. */
    saveDates: (request: SaveDatesRequest): Promise<void> =>
      bulkTransaction(pool, (connection) => save(connection, request)),

    /** Events of devices that no profile names. */
    async unassignedEvents(): Promise<number> {
      const { rows } = await database.query<{ events: string }>(
        `SELECT coalesce(sum(days.events), 0) AS events FROM devices.device_days days
          WHERE NOT EXISTS (SELECT 1 FROM devices.user_profiles profiles
            WHERE profiles.device_id = days.device_id)`,
      );
      return Number(rows[0]?.events ?? 0);
    },

    exportReadingsBefore: async (runs: readonly DateRun[], file: string): Promise<void> =>
      runs.length === 0
        ? writeFile(file, '')
        : bulkTransaction(pool, (connection) => connection.copyOut(readingsBeforeSql(runs), file)),
  };
}
