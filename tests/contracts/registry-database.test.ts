/** What the migrations and the connection pool promise. */
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { migrate, openPool, requireMigrated } from '../../registry/database';
import { createDatabase } from '../../core/postgres';
import { PROJECT_ROOT } from '../../core/project-root';
import { createRegistry } from '../../registry/registry';
import { createEmptyDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createEmptyDatabase();
  folder = await mkdtemp(join(tmpdir(), 'watchlake-migrations-'));
});
afterEach(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

test('starts at the same time run every migration once', async () => {
  const runs = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  const counts = runs.map((names) => names.length).sort();
  expect(counts.slice(0, 2)).toEqual([0, 0]);
  expect(counts[2]).toBeGreaterThanOrEqual(3);
  expect(await migrate(database.url)).toEqual([]);
});

test('a user who owns the database and may do nothing else is enough', async () => {
  const url = new URL(database.url);
  const name = url.pathname.slice(1);
  const user = `owner_of_${name}`;
  await database.pool.query(`CREATE ROLE ${user} LOGIN PASSWORD 'of the tests'`);
  await database.pool.query(`ALTER DATABASE ${name} OWNER TO ${user}`);
  url.username = user;
  url.password = 'of the tests';
  expect(await migrate(url.href)).not.toEqual([]);
  const pool = openPool(url.href);
  const { saveSplit, getSplit } = createRegistry(pool);
  const split = { dataset: 'watch', seed: 0 };
  await saveSplit({ ...split, parts: { holdout: ['k1'] } });
  expect(await getSplit(split)).toEqual({ holdout: ['k1'] });
  await pool.end();
  await database.pool.query(`REASSIGN OWNED BY ${user} TO CURRENT_USER`);
  await database.pool.query(`DROP ROLE ${user}`);
});

test('a migration that fails leaves nothing behind', async () => {
  await writeFile(join(folder, '20300101000000000_good.sql'), 'CREATE TABLE good (id int);');
  await writeFile(join(folder, '20300101000000001_bad.sql'), 'CREATE TABLE bad (id nonsense);');
  await expect(migrate(database.url, { folder })).rejects.toThrow(/nonsense/);
  const { rows } = await database.pool.query(`SELECT to_regclass('good') AS good`);
  expect(rows).toEqual([{ good: null }]);
});

test('a database that a newer version made is refused by name', async () => {
  await writeFile(join(folder, '20300101000000000_future.sql'), 'SELECT 1;');
  await migrate(database.url, { folder });
  await expect(migrate(database.url)).rejects.toMatchObject({
    code: 'DATABASE_NEWER',
    message: expect.stringContaining('20300101000000000_future') as string,
  });
});

describe('the newest migration', () => {
  const names = async (): Promise<string[]> =>
    (await readdir(join(PROJECT_ROOT, 'migrations'))).sort();

  /** The database as the code before the newest migration left it. */
  async function withoutNewest(): Promise<string> {
    const files = await names();
    for (const file of files.slice(0, -1)) {
      await cp(join(PROJECT_ROOT, 'migrations', file), join(folder, file));
    }
    await migrate(database.url, { folder });
    return parse(files.at(-1) ?? '').name;
  }

  test('is added to a database in use, whose rows stay', async () => {
    const newest = await withoutNewest();
    await database.pool.query(`INSERT INTO registry.models (model) VALUES ('kept')`);
    await database.pool.query(
      `INSERT INTO registry.versions (model, version, key, artefact_uri, card)
       VALUES ('kept', 1, 'a key', 'file:///artefact', '{"any": "card"}')`,
    );
    expect(await migrate(database.url)).toEqual([newest]);
    const kept = 'SELECT version, key, artefact_uri, card FROM registry.versions';
    expect((await database.pool.query(kept)).rows).toEqual([
      { version: 1, key: 'a key', artefact_uri: 'file:///artefact', card: { any: 'card' } },
    ]);
  });

  test('is asked for by name where it is missing', async () => {
    const newest = await withoutNewest();
    await expect(requireMigrated(database.pool)).rejects.toMatchObject({
      code: 'DATABASE_OLDER',
      message: expect.stringContaining(newest) as string,
    });
    await migrate(database.url);
    await expect(requireMigrated(database.pool)).resolves.toBeUndefined();
  });
});

test('whoever only uses a database refuses one that a newer version made', async () => {
  await writeFile(join(folder, '20300101000000000_future.sql'), 'SELECT 1;');
  await migrate(database.url, { folder });
  await expect(requireMigrated(database.pool)).rejects.toMatchObject({ code: 'DATABASE_NEWER' });
});

test('a database that is not there is an outage that may be retried', async () => {
  const nowhere = 'postgres://watchlake:x@127.0.0.1:9/watchlake';
  const pool = openPool(nowhere);
  const registry = createRegistry(pool);
  const outage = { code: 'DATABASE_UNAVAILABLE', retryable: true };
  await expect(registry.listModels()).rejects.toMatchObject(outage);
  await expect(registry.rollback({ model: 'm', actor: 'a', reason: 'r' })).rejects.toMatchObject(
    outage,
  );
  await expect(migrate(nowhere)).rejects.toMatchObject(outage);
  await pool.end();
});

test.each([
  ['password', (url: URL) => (url.password = 'wrong')],
  ['database', (url: URL) => (url.pathname = '/nowhere')],
])('a wrong %s is told as that of the configuration', async (_, spoil) => {
  const url = new URL(database.url);
  spoil(url);
  const pool = openPool(url.href);
  const remedy: unknown = expect.stringContaining('DATABASE_URL');
  const refused = { code: 'DATABASE_REFUSED', remedy };
  await expect(createRegistry(pool).listModels()).rejects.toMatchObject(refused);
  await expect(migrate(url.href)).rejects.toMatchObject(refused);
  await pool.end();
});

test('a connection that the server ends is replaced by the next query', async () => {
  await migrate(database.url);
  const registry = createRegistry(database.pool);
  await registry.listModels();
  const killer = openPool(database.url);
  const ended = database.pool.query('SELECT pg_sleep(20)').catch((error: unknown) => error);
  await killer.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
  await ended;
  expect(await registry.listModels()).toEqual([]);
  await killer.end();
});

test('a transaction whose connection breaks between two queries is an outage, not a crash', async () => {
  const { pool } = database;
  const broken = createDatabase(pool).transaction(async (connection) => {
    const { rows } = await connection.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await connection.query('SELECT 1');
  });
  await expect(broken).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
  await expect(createDatabase(pool).query('SELECT 1')).resolves.toBeDefined();
});
