/** What clients ask of the embedded PostgreSQL, and fail with, may name people: its log tells nothing of it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

const NAME = 'ann.of.the.log@example.org';

async function session(): Promise<Client> {
  const client = new Client({ connectionString: process.env['DATABASE_URL'] });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

const logText = () =>
  readFile(join(process.env['WATCHLAKE_TEST_HOME'] as string, 'logs', 'postgres.log'), 'utf8');

test.each([
  ['a wrong column', `SELECT no_such_column FROM pg_class WHERE relname = '${NAME}'`],
  ['a quote that is missing', `SELECT 1 FROM pg_class WHERE relname = '${NAME}`],
  ['a value of another type', `SELECT * FROM generate_series(1, 2) n WHERE n = '${NAME}'`],
  [
    'a row that is there already',
    `CREATE TEMP TABLE people (name text PRIMARY KEY);
     INSERT INTO people VALUES ('${NAME}'), ('${NAME}')`,
  ],
])('a statement that fails of %s is told to the client alone', async (_what, statement) => {
  const client = await session();
  await expect(client.query(statement)).rejects.toThrow();
  await client.end();
  expect(await logText()).not.toContain(NAME);
});

test('a session that is ended says so, without what it was doing', async () => {
  const [client, other] = [await session(), await session()];
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const running = client.query(`SELECT pg_sleep(60), '${NAME}'`).catch(() => undefined);
  await other.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
  await running;
  await other.end();
  const isTold = async () => (await logText()).includes(`[${rows[0]?.pid}] FATAL`);
  for (let waits = 0; !(await isTold()) && waits < 50; waits += 1) await sleep(100);
  expect(await isTold()).toBe(true);
  expect(await logText()).not.toContain(NAME);
});
