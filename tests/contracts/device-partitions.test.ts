/** Partitions of the aggregates: made ahead and on demand, detached when they are too old, never lost. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../core/project-root';
import { createDeviceTables, type DeviceTables } from '../../devices/devices';
import { FIGURES } from '../../devices/figures';
import { AGGREGATE_TABLES, partitionOf } from '../../devices/partitions';
import { GRAINS } from '../../telemetry/aggregate';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let devices: DeviceTables;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  devices = createDeviceTables(database.pool);
  folder = await mkdtemp(join(tmpdir(), 'watchlake-partitions-'));
});
afterEach(() => database.drop());

async function attached(table: string): Promise<string[]> {
  const { rows } = await database.pool.query<{ name: string }>(
    `SELECT inhrelid::regclass::text AS name FROM pg_inherits
      WHERE inhparent = $1::regclass ORDER BY 1`,
    [`devices.${table}`],
  );
  return rows.map(({ name }) => name.replace('devices.', ''));
}

/** Rows of a person at the given days, written as an aggregation writes them. */
async function write(...days: string[]) {
  const file = join(folder, `${days.join('-')}.csv`);
  const figures = FIGURES.map((name) => (/^(avg|min|max)_/.test(name) ? '' : '1')).join(',');
  await writeFile(file, days.map((day) => `ada,${day},${figures},[]\n`).join(''));
  for (const day of days) {
    await database.pool.query(
      `INSERT INTO devices.local_days (local_date, event_date, events, content)
        VALUES ($1, $1, 1, 'c') ON CONFLICT DO NOTHING`,
      [day],
    );
  }
  const periods = await devices.periodsNow('day', days);
  return devices.writeAggregates({ grain: 'day', periods, file });
}

test('are named by month or year, and hold exactly that', () => {
  const of = (grain: 'day' | 'week' | 'month', date: string) =>
    partitionOf(AGGREGATE_TABLES[grain], date);
  expect(of('day', '2024-08-31')).toEqual({
    ...{ name: 'daily_aggregates_2024_08', from: '2024-08-01', to: '2024-09-01' },
  });
  expect(of('day', '2024-12-01').to).toBe('2025-01-01');
  expect(of('week', '2024-12-30')).toEqual({
    ...{ name: 'weekly_aggregates_2024', from: '2024-01-01', to: '2025-01-01' },
  });
  expect(of('month', '2026-01-01').name).toBe('monthly_aggregates_2026');
});

test('are made ahead, once', async () => {
  const request = { today: '2026-11-25', aheadMonths: 2 };
  expect(await devices.maintainPartitions('day', request)).toEqual({
    created: ['daily_aggregates_2026_11', 'daily_aggregates_2026_12', 'daily_aggregates_2027_01'],
    detached: [],
  });
  expect(await devices.maintainPartitions('day', request)).toEqual({ created: [], detached: [] });
  expect((await devices.maintainPartitions('week', request)).created).toEqual([
    'weekly_aggregates_2026',
    'weekly_aggregates_2027',
  ]);
});

test('are made beside whoever reads the tables for long, and keep nobody from reading', async () => {
  await write('2026-03-31');
  const reader = await database.pool.connect();
  await reader.query('BEGIN');
  for (const grain of GRAINS) {
    const { table } = AGGREGATE_TABLES[grain];
    await reader.query(`SELECT count(*) FROM devices.${table}`);
  }
  const ahead = { today: '2026-11-25', aheadMonths: 0 };
  try {
    for (const grain of GRAINS) {
      const made = devices.maintainPartitions(grain, ahead);
      const late = new Promise((resolve) => setTimeout(resolve, 5_000, 'it waits').unref());
      expect(await Promise.race([made, late])).toMatchObject({ detached: [] });
    }
    expect(await write('2026-04-01')).toMatchObject({ written: 1 });
  } finally {
    await reader.query('ROLLBACK');
    reader.release();
  }
  // As the tables are: their keys, indexes and columns are those of all.
  const definitions = await database.pool.query(
    `SELECT count(DISTINCT indexrelid) AS n FROM pg_index
      WHERE indrelid = 'devices.weekly_aggregates_2026'::regclass`,
  );
  expect(definitions.rows).toEqual([{ n: '2' }]);
  const { rows } = await database.pool.query(
    `SELECT reloptions FROM pg_class WHERE oid = 'devices.daily_aggregates_2026_11'::regclass`,
  );
  expect(rows).toEqual([{ reloptions: ['fillfactor=50'] }]);
});

test('are made when rows need them, whoever comes first', async () => {
  await Promise.all([write('2019-05-01', '2026-03-02'), write('2019-05-02')]);
  expect(await attached('daily_aggregates')).toEqual([
    'daily_aggregates_2019_05',
    'daily_aggregates_2026_03',
  ]);
});

test('that are older than what is kept are detached, stay as tables, and take no rows', async () => {
  await write('2026-03-31', '2026-04-01', '2026-11-01');
  const request = { today: '2026-11-25', aheadMonths: 0, keepMonths: 7 };
  expect(await devices.maintainPartitions('day', request)).toEqual({
    created: [],
    detached: ['daily_aggregates_2026_03'],
  });
  const { rows } = await database.pool.query(
    'SELECT user_id FROM devices.daily_aggregates_2026_03',
  );
  expect(rows).toEqual([{ user_id: 'ada' }]);
  expect(await attached('daily_aggregates')).not.toContain('daily_aggregates_2026_03');
  // Late events of that month are not forced into it; those of others are written.
  expect(await write('2026-03-30', '2026-04-02')).toMatchObject({
    ...{ rows: 1, written: 1, notKept: ['2026-03-30'] },
  });
  // Repeating it changes nothing, and the name is not given to another table.
  expect(await devices.maintainPartitions('day', request)).toEqual({ created: [], detached: [] });
});

test('of all three tables rows go into the partition of their period', async () => {
  for (const grain of GRAINS) {
    await devices.maintainPartitions(grain, { today: '2026-11-25', aheadMonths: 0 });
    const { table } = AGGREGATE_TABLES[grain];
    expect(await attached(table)).toHaveLength(1);
  }
});

test('of an earlier release can be attached again, and their days are due', async () => {
  await write('2026-03-31');
  const request = { today: '2026-11-25', aheadMonths: 0, keepMonths: 7 };
  await devices.maintainPartitions('day', request);
  const { pool } = database;
  for (const table of ['daily_aggregates', 'daily_aggregates_2026_03']) {
    await pool.query(`ALTER TABLE devices.${table} DROP COLUMN device_ids`);
  }
  expect(await devices.duePeriods('day')).toEqual([]);
  const migration = join(PROJECT_ROOT, 'migrations', '20261126100000000_device_ids_of_days.sql');
  await pool.query(await readFile(migration, 'utf8'));
  await pool.query(`ALTER TABLE devices.daily_aggregates ATTACH PARTITION
    devices.daily_aggregates_2026_03 FOR VALUES FROM ('2026-03-01') TO ('2026-04-01')`);
  expect((await devices.duePeriods('day')).map(({ start }) => start)).toEqual(['2026-03-31']);
  expect(await write('2026-03-31')).toMatchObject({ rows: 1, written: 0, notKept: [] });
});
