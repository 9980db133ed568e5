/** Opens PostgreSQL and brings its schemas up to date. */
import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { Client, Pool } from 'pg';
import { WatchlakeError } from '../core/errors';
import { databaseError } from '../core/postgres';
import { PROJECT_ROOT } from '../core/project-root';

const MIGRATIONS_FOLDER = join(PROJECT_ROOT, 'migrations');
const MIGRATIONS_TABLE = 'watchlake_migrations';
/** Any number that every Watchlake has in common: concurrent starts wait for each other on it. */
const MIGRATION_LOCK = 5_729_301_648;

export interface PoolOptions {
  connections?: number;
  connectTimeoutMs?: number;
  statementTimeoutMs?: number;
  /** Told of connections that break while nobody uses them; the pool replaces them. */
  onIdleError?: (error: Error) => void;
}

export function openPool(url: string, options: PoolOptions = {}): Pool {
  const pool = new Pool({
    connectionString: url,
    max: options.connections ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    application_name: 'watchlake',
  });
  // Without a listener, a database that goes away would end the process.
  pool.on('error', options.onIdleError ?? (() => undefined));
  return pool;
}

export interface MigrateOptions {
  folder?: string;
  log?: (message: string) => void;
  lockTimeoutMs?: number;
}

/** Runs the migrations that are missing, each once; concurrent starts wait. Returns their names. */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  let client: Client | undefined;
  try {
    client = new Client({ connectionString: url, application_name: 'watchlake-migrate' });
    client.on('error', () => undefined);
    await client.connect();
    await client.query(`SET lock_timeout = ${Math.trunc(options.lockTimeoutMs ?? 60_000)}`);
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await runMigrations(client, options);
  } catch (error) {
    throw databaseError(error);
  } finally {
    // Ending the session gives the lock back.
    await client?.end();
  }
}

async function runMigrations(client: Client, options: MigrateOptions): Promise<string[]> {
  const folder = options.folder ?? MIGRATIONS_FOLDER;
  await compareMigrations(client, folder);
  const log = options.log ?? (() => undefined);
  // The package ships ES modules only.
  const { runner } = await import('node-pg-migrate');
  const migrations = await runner({
    dbClient: client,
    dir: folder,
    direction: 'up',
    singleTransaction: true,
    migrationsTable: MIGRATIONS_TABLE,
    checkOrder: true,
    // Its own lock gives up at once instead of waiting; ours is held already.
    noLock: true,
    logger: { info: log, warn: log, error: log },
  });
  return migrations.map(({ name }) => name);
}

/** Whoever only uses the database calls it first: throws DATABASE_OLDER or DATABASE_NEWER. */
export async function requireMigrated(pool: Pool, folder = MIGRATIONS_FOLDER): Promise<void> {
  try {
    const { missing } = await compareMigrations(pool, folder);
    if (missing.length > 0) {
      throw new WatchlakeError('DATABASE_OLDER', { names: missing.join(', ') });
    }
  } catch (error) {
    throw databaseError(error);
  }
}

/** The names of the migrations that the database lacks; refuses one with migrations unknown to us. */
async function compareMigrations(
  database: Pick<Pool, 'query'>,
  folder: string,
): Promise<{ missing: string[] }> {
  const known = (await readdir(folder)).map((file) => parse(file).name).sort();
  const applied = await appliedMigrations(database);
  const unknown = applied.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new WatchlakeError('DATABASE_NEWER', { names: unknown.join(', ') });
  return { missing: known.filter((name) => !applied.includes(name)) };
}

async function appliedMigrations(database: Pick<Pool, 'query'>): Promise<string[]> {
  const { rows: found } = await database.query<{ present: boolean }>(
    'SELECT to_regclass($1) IS NOT NULL AS present',
    [`public.${MIGRATIONS_TABLE}`],
  );
  if (found[0]?.present !== true) return [];
  const { rows } = await database.query<{ name: string }>(
    `SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`,
  );
  return rows.map(({ name }) => name);
}
