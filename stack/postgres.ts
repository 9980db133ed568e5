/** The embedded PostgreSQL server: starts it on the home's data, loopback only, and stops it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { DEFAULT_PORTS, LOOPBACK, reservePort } from './ports';
import { postgresPrograms } from './postgres-binaries';
import { DATABASE_USER, databaseUser, prepareData } from './postgres-data';
import {
  spawnDetached,
  stopProcess,
  tailOf,
  waitUntilReady,
  type DetachedProcess,
  type ProcessRecord,
} from './processes';
import type { OnProgress } from './progress';
import type { SystemUser } from './system-user';

export interface PostgresOptions {
  readonly home: string;
  readonly port?: number;
  readonly preferred?: number;
  /** False only where the data may be lost with the machine's power: tests. */
  readonly durable?: boolean;
  readonly onProgress?: OnProgress;
  readonly onSpawn?: (record: ProcessRecord) => Promise<void>;
}

export interface RunningPostgres {
  readonly record: ProcessRecord;
  readonly url: string;
  readonly port: number;
  readonly logFile: string;
  readonly stop: () => Promise<void>;
}

const DATABASE_NAME = 'watchlake';

const START_LIMIT_MS = 60_000;
const START_TRIES = 5;

/** Fast shutdown: clients are disconnected, everything is written; SIGTERM would wait for them. */
export const POSTGRES_STOP_SIGNAL = 'SIGINT';

export function databaseUrl(port: number, password: string, database = DATABASE_NAME): string {
  return `postgres://${DATABASE_USER}:${password}@${LOOPBACK}:${port}/${database}`;
}

/** Answers when the server does, after making sure that our database exists. */
async function ensureDatabase(port: number, password: string): Promise<void> {
  const connectionString = databaseUrl(port, password, 'postgres');
  const client = new Client({ connectionString, connectionTimeoutMillis: 2_000, ssl: false });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const known = 'SELECT 1 FROM pg_database WHERE datname = $1';
    const { rowCount } = await client.query(known, [DATABASE_NAME]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE_NAME}`);
    // An error's first line quotes values as well, and whoever asked is told it; the server's own errors stay in the log.
    await client.query(`ALTER ROLE ${DATABASE_USER} SET log_min_messages = 'log'`);
  } finally {
    await client.end();
  }
}

function serverArguments(data: string, port: number, durable: boolean): string[] {
  const settings: Record<string, string> = {
    listen_addresses: LOOPBACK,
    // No socket file: its folder would have to be short, writable and unshared.
    unix_socket_directories: '',
    shared_buffers: '64MB',
    max_connections: '100',
    fsync: durable ? 'on' : 'off',
    // Statements, and details such as a row that is there already, may name people.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  return ['-D', data, '-p', String(port), ...options];
}

interface Start {
  readonly command: string;
  readonly args: string[];
  readonly logFile: string;
  readonly user: SystemUser | undefined;
  readonly check: () => Promise<void>;
  readonly onSpawn?: (record: ProcessRecord) => Promise<void>;
}

async function startOnce(start: Start): Promise<DetachedProcess> {
  const { command, args, logFile, user, check, onSpawn } = start;
  const service = 'PostgreSQL';
  const child = await spawnDetached({ service, command, args, logFile, ...user });
  await onSpawn?.(child);
  await waitUntilReady({ service, logFile, child, timeoutMs: START_LIMIT_MS, check });
  return child;
}

/** The children of a killed server hold its memory for a moment; a start in between is refused. */
async function startWhenReleased(start: Start): Promise<DetachedProcess> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(start);
    } catch (error) {
      const isHeld = tailOf(start.logFile).includes('shared memory block');
      if (!isHeld || attempt === START_TRIES) throw error;
      await sleep(attempt * 300);
    }
  }
}

/** Starts the server; the database and its user exist when it resolves. */
export async function startPostgres(options: PostgresOptions): Promise<RunningPostgres> {
  const { home, onProgress, onSpawn, durable = true } = options;
  const user = await databaseUser(home);
  const programs = await postgresPrograms(user, onProgress);
  const { data, password } = await prepareData({ home, programs, user, onProgress });
  await mkdir(join(home, 'logs'), { recursive: true });
  const logFile = join(home, 'logs', 'postgres.log');
  const preferred = options.preferred ?? DEFAULT_PORTS.postgres;
  const reserved = await reservePort({ service: 'PostgreSQL', given: options.port, preferred });
  const { port } = reserved;
  try {
    const command = join(programs, 'postgres');
    const args = serverArguments(data, port, durable);
    const check = (): Promise<void> => ensureDatabase(port, password);
    const child = await startWhenReleased({ command, args, logFile, user, check, onSpawn });
    return {
      record: { pid: child.pid, identity: child.identity },
      url: databaseUrl(port, password),
      port,
      logFile,
      stop: async () => void (await stopProcess(child, { signal: POSTGRES_STOP_SIGNAL })),
    };
  } finally {
    await reserved.release();
  }
}
