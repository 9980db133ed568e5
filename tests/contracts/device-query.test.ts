/** `query --engine postgres` reads the aggregates as they are, and changes nothing. */
import type { Socket } from 'node:net';
import { createDeviceTables } from '../../devices/devices';
import { queryDevices } from '../../devices/query';
import { openPool } from '../../registry/database';
import { profile } from '../support/device-aggregates';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  const people = ['ada', 'bob', 'cy'].map((userId) => profile(`w-${userId}`, { userId }));
  await createDeviceTables(database.pool).importProfiles(people);
  await database.pool.query(`
    CREATE TABLE devices.monthly_2024 PARTITION OF devices.monthly_aggregates
      FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    INSERT INTO devices.monthly_aggregates VALUES
      ('ada', '2024-08-01', 9007199254740993, 51.5, NULL, NULL, NULL, 480, 12, 1, 0, 0, 0, 0, 0, '2024-09-01T00:30:00Z')`);
});
afterAll(() => database.drop());

const ask = (sql: string, maximumRows = 10) => queryDevices(database.pool, { sql, maximumRows });

test('tables are found by their plain names, a day stays a day, and no digit is lost', async () => {
  const sql = `SELECT user_id, period_start, total_steps, events, avg_heart_rate_asleep AS asleep, avg_heart_rate,
    aggregated_at FROM monthly_aggregates;`;
  expect(await ask(sql)).toEqual({
    columns: [
      ...['user_id', 'period_start', 'total_steps', 'events', 'asleep', 'avg_heart_rate'],
      'aggregated_at',
    ],
    rows: [
      {
        ...{ user_id: 'ada', period_start: '2024-08-01', total_steps: '9007199254740993' },
        ...{ events: 12, asleep: 51.5, avg_heart_rate: null },
        aggregated_at: '2024-09-01 00:30:00+00',
      },
    ],
    truncated: false,
  });
});

test('sums and means are numbers, as on the other engines', async () => {
  const sql = `SELECT sum(events) AS events, avg(events) AS mean, 1.5 AS more, sum(total_steps) AS steps,
    'NaN'::numeric AS nothing FROM monthly_aggregates`;
  expect((await ask(sql)).rows).toEqual([
    { events: 12, mean: 12, more: 1.5, steps: '9007199254740993', nothing: 'NaN' },
  ]);
});

test('a limit is kept and said, and columns of one name are told apart', async () => {
  const sql = 'SELECT user_id, device_id AS user_id FROM user_profiles ORDER BY 1';
  expect(await ask(sql, 1)).toEqual({
    columns: ['user_id', 'user_id_2'],
    rows: [{ user_id: 'ada', user_id_2: 'w-ada' }],
    truncated: true,
  });
  expect((await ask(sql, 3)).truncated).toBe(false);
});

test.each([
  'DELETE FROM user_profiles',
  'SELECT 1; DELETE FROM user_profiles',
  'SELECT 1; COMMIT; DELETE FROM user_profiles',
  'WITH gone AS (DELETE FROM user_profiles RETURNING *) SELECT * FROM gone',
  "SELECT nextval('devices.made')",
  'SELECT nothing FROM user_profiles',
  '',
])('refuses «%s», and goes on', async (sql) => {
  await database.pool.query('CREATE SEQUENCE IF NOT EXISTS devices.made');
  await expect(ask(sql)).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  expect((await ask('SELECT count(*) AS n FROM user_profiles')).rows).toEqual([{ n: 3 }]);
});

test('what takes too long is told as that', async () => {
  const asking = queryDevices(database.pool, {
    ...{ sql: 'SELECT pg_sleep(20)', maximumRows: 1, timeoutMs: 200 },
  });
  const detail = 'it took more than 0.2 s; one that reads less may not';
  await expect(asking).rejects.toMatchObject({ code: 'QUERY_INVALID', context: { detail } });
});

test('a connection that breaks under a query is an outage, and does not end the process', async () => {
  const pool = openPool(database.url);
  pool.once('acquire', (client) => {
    const { connection } = client as unknown as { connection: { stream: Socket } };
    setTimeout(() => connection.stream.destroy(), 300);
  });
  const asking = queryDevices(pool, { sql: 'SELECT pg_sleep(20)', maximumRows: 1 });
  await expect(asking).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await pool.end();
});
