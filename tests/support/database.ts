/** Gives a test file its own migrated database on the stack's PostgreSQL. */
import { randomBytes } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { migrate, openPool } from '../../registry/database';

export interface TestDatabase {
  readonly url: string;
  readonly pool: Pool;
  drop(): Promise<void>;
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(statement).finally(() => client.end());
}

export async function createEmptyDatabase(): Promise<TestDatabase> {
  const server = process.env['DATABASE_URL'];
  if (server === undefined) throw new Error('the stack of the tests is not running');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(server, `CREATE DATABASE ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = openPool(url.href);
  return {
    url: url.href,
    pool,
    async drop() {
      await pool.end();
      await onServer(server, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  await migrate(database.url);
  return database;
}
