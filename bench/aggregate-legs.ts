/** What the aggregation bench measures: ours as the workflow runs it, and the peers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { Pool } from 'pg';
import { createDeviceAggregateActivities } from '../activities/device-aggregate-activities';
import { FIGURES } from '../devices/figures';
import type { DeviceTables } from '../devices/devices';
import { createDeviceTables } from '../devices/devices';
import { AGGREGATE_TABLES } from '../devices/partitions';
import { DEVICES_DATASET } from '../lakehouse/devices/names';
import { DEVICE_DAYS, SHARED_SLEEP, periodsSql } from '../lakehouse/devices/aggregation/sql';
import { DEFAULT_DUCKDB, literal } from '../lakehouse/engines/duckdb-session';
import type { Lake } from '../lakehouse/lake';
import type { SnapshotManifest } from '../lakehouse/manifest';
import { GRAINS, type Grain } from '../telemetry/aggregate';
import { addDays, offsetsOf, periodStartOf } from '../telemetry/calendar';
import { DAYS, FIRST_DATE, profilesOf, type InputSize } from './aggregate-input';

/** Seconds of the calls of an object's methods, by name. */
function timed<T extends object>(target: T, seconds: Record<string, number>): T {
  const wrap =
    (name: string, call: (...given: unknown[]) => Promise<unknown>) =>
    async (...given: unknown[]) => {
      const startedMs = performance.now();
      try {
        return await call(...given);
      } finally {
        seconds[name] = (seconds[name] ?? 0) + (performance.now() - startedMs) / 1000;
      }
    };
  return Object.fromEntries(
    Object.entries(target).map(([name, call]) => [name, wrap(name, call as never)]),
  ) as T;
}

export interface OursRun {
  /** Looking at the dates, which happens once for all three tables. */
  readonly lookSeconds: number;
  /** In the engine, by grain. */
  readonly engineSeconds: Readonly<Record<Grain, number>>;
  readonly writeSeconds: number;
  readonly rows: number;
  readonly files: number;
  readonly eventsRead: number;
  readonly written: number;
  readonly periods: number;
}

const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);

interface GrainRun {
  readonly engineSeconds: number;
  readonly writeSeconds: number;
  readonly lookSeconds: number;
  readonly counts: Record<'people' | 'files' | 'rows' | 'written' | 'periods', number>;
}

async function aggregateGrain(
  lake: Lake,
  tables: DeviceTables,
  grain: Grain,
  range: { from?: string; to?: string },
): Promise<GrainRun> {
  const seconds: Record<string, number> = {};
  const devices = timed(tables, seconds);
  const activities = createDeviceAggregateActivities({ lake, devices });
  const input = { dataset: DEVICES_DATASET, grain, ...range, maximumBatches: 1_000 };
  const began = performance.now();
  const plan = await run(() => activities.planAggregation(input));
  const lookSeconds = (performance.now() - began) / 1000;
  const counts = { people: 0, files: 0, rows: 0, written: 0, periods: 0 };
  for (const name of Object.keys(seconds)) delete seconds[name];
  const startedMs = performance.now();
  for (const periods of plan.batches) {
    const request = { dataset: DEVICES_DATASET, grain, periods };
    const done = await run(() => activities.aggregatePeriods(request));
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += done[name];
  }
  const wholeSeconds = (performance.now() - startedMs) / 1000;
  const outside = Object.values(seconds).reduce((sum, each) => sum + each, 0);
  const writeSeconds = seconds['writeAggregates'] ?? 0;
  // Weeks and months are summed up where the days lie: that is their aggregation.
  const summing = seconds['sumDays'] ?? 0;
  return { engineSeconds: wholeSeconds - outside + summing, writeSeconds, lookSeconds, counts };
}

/** All three tables, what is due or a range. */
export async function aggregateOurs(
  lake: Lake,
  pool: Pool,
  range: { from?: string; to?: string } = {},
  grains: readonly Grain[] = GRAINS,
): Promise<OursRun> {
  const tables = createDeviceTables(pool);
  const runs: [Grain, GrainRun][] = [];
  for (const grain of grains) runs.push([grain, await aggregateGrain(lake, tables, grain, range)]);
  const sum = (of: (each: GrainRun) => number) =>
    runs.reduce((total, [, each]) => total + of(each), 0);
  const engine = Object.fromEntries(runs.map(([grain, each]) => [grain, each.engineSeconds]));
  return {
    lookSeconds: sum((each) => each.lookSeconds),
    engineSeconds: engine as Record<Grain, number>,
    writeSeconds: sum((each) => each.writeSeconds),
    rows: sum(({ counts }) => counts.people),
    files: sum(({ counts }) => counts.files),
    eventsRead: sum(({ counts }) => counts.rows),
    written: sum(({ counts }) => counts.written),
    periods: sum(({ counts }) => counts.periods),
  };
}

/** The same SQL bare in one DuckDB over all files, days, weeks and months from one pass; nothing is written. */
export async function aggregateBare(
  lake: Lake,
  manifest: SnapshotManifest,
  size: InputSize,
): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: DEFAULT_DUCKDB.memoryLimit,
    threads: String(DEFAULT_DUCKDB.threads),
    temp_directory: join(await lake.store.scratch(), 'spill'),
  });
  const connection = await instance.connect();
  const paths = await Promise.all(manifest.files.map(({ key }) => lake.store.localPath(key)));
  const values = (rows: readonly string[]): string => rows.map((row) => `(${row})`).join(', ');
  const profiles = profilesOf(size);
  const zones = [...new Set(profiles.map(({ timeZone }) => timeZone))];
  const days = Array.from({ length: DAYS + 2 }, (_, at) => addDays(FIRST_DATE, at - 1));
  const startedMs = performance.now();
  await connection.run(`CREATE VIEW device_events AS SELECT * FROM read_parquet(
    [${paths.map(literal).join(', ')}], hive_partitioning = true, hive_types = {'event_date': VARCHAR})`);
  await connection.run(`CREATE TABLE people AS SELECT *,
      CAST(dense_rank() OVER (ORDER BY user_id) AS INTEGER) AS user_no,
      CAST(row_number() OVER (ORDER BY device_id) AS INTEGER) AS device_no,
      count(*) OVER (PARTITION BY user_id) = 1 AS alone
    FROM (VALUES ${values(
      profiles.map(
        ({ deviceId, userId, timeZone, stepCounter }) =>
          `'${deviceId}', '${userId}', '${timeZone}', ${stepCounter === 'cumulative'}`,
      ),
    )}) given (device_id, user_id, time_zone, cumulative)`);
  const offsets = zones.flatMap((zone) => {
    const found = offsetsOf(zone, Date.parse(FIRST_DATE), Date.parse(days.at(-1) as string));
    return found.map(
      ({ fromMs, offsetMs }, at) =>
        `'${zone}', ${fromMs}, ${found[at + 1]?.fromMs ?? 9e12}, ${offsetMs}`,
    );
  });
  await connection.run(
    `CREATE TABLE offsets AS SELECT time_zone, CAST(from_ms AS BIGINT) AS from_ms,
      CAST(to_ms AS BIGINT) AS to_ms, CAST(offset_ms AS BIGINT) AS offset_ms
      FROM (VALUES ${values(offsets)}) given (time_zone, from_ms, to_ms, offset_ms)`,
  );
  await connection.run(`CREATE TABLE read_dates AS SELECT event_date, 0 AS run
    FROM (VALUES ${values(days.map(literal))}) given (event_date)`);
  await connection.run(
    'CREATE TABLE readings_before (run INTEGER, device_no INTEGER, steps BIGINT)',
  );
  const wanted = (grain: Grain): string =>
    `CREATE OR REPLACE TABLE wanted_days AS SELECT CAST(local_day AS INTEGER) AS local_day, period_start
      FROM (VALUES ${values(
        days.map((day) => `${Date.parse(day) / 86_400_000}, '${periodStartOf(grain, day)}'`),
      )}) given (local_day, period_start)`;
  await connection.run(wanted('day'));
  await connection.run(DEVICE_DAYS);
  await connection.run(SHARED_SLEEP);
  for (const grain of GRAINS) {
    await connection.run(wanted(grain));
    await connection.run(`CREATE TABLE ${grain}_rows AS ${periodsSql(grain)}`);
  }
  const seconds = (performance.now() - startedMs) / 1000;
  connection.closeSync();
  instance.closeSync();
  return seconds;
}

/** Rows of people and days as a file that is copied, and as values; `round` makes every figure another one. */
export async function upsertInput(folder: string, people: number, days: number, round: number) {
  const rows: (string | number)[][] = [];
  for (let person = 0; person < people; person += 1) {
    for (let day = 0; day < days; day += 1) {
      const figures = FIGURES.map((_, at) => person + day + at + round);
      rows.push([`user-${person}`, addDays('2025-01-01', day), ...figures, '[]']);
    }
  }
  const file = join(folder, `upsert-${round}.csv`);
  await writeFile(file, rows.map((row) => `${row.join(',')}\n`).join(''));
  return { rows, file };
}

const VALUES_A_STATEMENT = 1_000;

/** As it is done without COPY: a thousand rows a statement, in one transaction. */
export async function insertValues(pool: Pool, rows: readonly (string | number)[][]) {
  const columns = ['user_id', 'event_date', ...FIGURES, 'device_ids'];
  const client = await pool.connect();
  const startedMs = performance.now();
  try {
    await client.query('BEGIN');
    for (let at = 0; at < rows.length; at += VALUES_A_STATEMENT) {
      const part = rows.slice(at, at + VALUES_A_STATEMENT);
      const places = part.map(
        (row, n) => `(${row.map((_, m) => `$${n * row.length + m + 1}`).join(', ')})`,
      );
      await client.query(
        `INSERT INTO devices.${AGGREGATE_TABLES.day.table} (${columns.join(', ')})
          VALUES ${places.join(', ')} ON CONFLICT (user_id, event_date) DO UPDATE SET
          ${FIGURES.map((name) => `${name} = excluded.${name}`).join(', ')}`,
        part.flat(),
      );
    }
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  return (performance.now() - startedMs) / 1000;
}
