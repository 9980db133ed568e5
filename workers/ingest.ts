/** The ingest server as the command line runs it: the home's Kafka and PostgreSQL, and the configuration. */
import { join } from 'node:path';
import type { Pool } from 'pg';
import { createLedger } from '../consent/ledger';
import { createDatabase } from '../core/postgres';
import { isLoopback, parseTokens } from '../core/tokens';
import { CODE_VERSION } from '../core/version';
import { createDeviceTokens } from '../devices/tokens';
import { openPool, requireMigrated } from '../registry/database';
import { makeFolder } from '../stack/files';
import type { Release } from '../stack/lock';
import { reservePort } from '../stack/ports';
import { deviceTopics } from '../streaming/topics';
import { createIngestServer, type IngestServer } from '../streaming/ingest/server';
import { awaitParts, type OnWait } from './awaited-parts';
import type { Config } from './config';
import { brokerOf, streamLog } from './dependencies';
import { keepIngestPort, preferredPort } from './kept-ports';
import { createLog, serverLogger } from './logging';
import { migratedPool } from './migrated-pool';

const DECOMPRESSED_TIMES = 4;

export interface RunningIngest {
  readonly url: string;
  readonly topic: string;
  readonly brokers: readonly string[];
  /** Whether devices may show tokens of their own: those are kept in PostgreSQL. */
  readonly deviceTokens: boolean;
  /** Whether requests without a token are let in. */
  readonly isOpen: boolean;
  /** Answers what was taken, and forgets nothing of it. */
  close(): Promise<void>;
}

export interface IngestPlace {
  readonly host?: string;
  readonly port?: number;
}

/** Needs PostgreSQL alone. Throws STACK_NOT_RUNNING, STACK_NOT_READY and DATABASE_OLDER. */
export async function openDeviceTokens(config: Config, onWait?: OnWait) {
  const pool = await migratedPool(config, onWait);
  return { tokens: createDeviceTokens(pool), close: () => pool.end() };
}

const limitsOf = (config: Config) => ({
  bodyBytes: config.INGEST_BODY_BYTES,
  decompressedBytes: DECOMPRESSED_TIMES * config.INGEST_BODY_BYTES,
  queuedRecords: config.INGEST_QUEUE_RECORDS,
  clockAheadMs: config.INGEST_CLOCK_AHEAD_SECONDS * 1000,
  lingerMs: config.INGEST_LINGER_MS,
});

function deviceOfToken(pool: Pool): (token: string) => Promise<string | null> {
  const tokens = createDeviceTokens(pool);
  return (token) => tokens.deviceOf(token);
}

function renewalsIn(pool: Pool): () => Promise<number> {
  const ledger = createLedger(createDatabase(pool));
  return () => ledger.newestRenewal();
}

async function listen(
  server: IngestServer,
  { home, given }: { home: string; given: number | undefined },
): Promise<string> {
  const preferred = await preferredPort(home, 'ingest');
  const reserved = await reservePort({ service: 'the ingest server', given, preferred });
  try {
    return await server.listen(reserved.port);
  } finally {
    await reserved.release();
  }
}

/**
 * Temporal has no part in this: a server that only takes events does without it. Throws STACK_NOT_RUNNING,
 * STACK_NOT_READY, BROKER_UNAVAILABLE, TOPIC_MISMATCH, DATABASE_OLDER and PORT_TAKEN.
 */
export async function startIngest(
  config: Config,
  place: IngestPlace,
  onWait?: OnWait,
): Promise<RunningIngest> {
  const found = await awaitParts(config, { needed: ['kafka'], welcome: ['postgres'], onWait });
  const { postgres } = found;
  const kafka = { brokers: found.kafka.brokers.split(',') };
  const logs = join(config.WATCHLAKE_HOME, 'logs');
  const folder = join(config.WATCHLAKE_HOME, 'ingest');
  await Promise.all([logs, folder].map((each) => makeFolder(each)));
  const processLog = createLog(config, 'ingest', join(logs, 'ingest.log'));
  const log = streamLog(processLog);
  const { host = config.INGEST_HOST, port = config.INGEST_PORT } = place;
  const tokens = parseTokens(config.INGEST_TOKENS ?? '');
  const broker = brokerOf(config, { kafka }, log);
  let pool: Pool | undefined;
  let server: IngestServer | undefined;
  let releasePort: Release | undefined;
  const close = async () => {
    await server?.close();
    await releasePort?.();
    await broker.close();
    await pool?.end();
  };
  try {
    if (postgres) {
      pool = openPool(postgres.url, { connections: 4 });
      await requireMigrated(pool);
    }
    server = await createIngestServer({
      ...{ broker, host, tokens, folder, log, version: CODE_VERSION },
      topics: deviceTopics(config.EVENTS_TOPIC),
      shape: { partitions: config.KAFKA_PARTITIONS, replicationFactor: config.KAFKA_REPLICATION },
      deviceOf: pool && deviceOfToken(pool),
      newestRenewal: pool && renewalsIn(pool),
      limits: limitsOf(config),
      requestsPerMinute: config.INGEST_REQUESTS_PER_MINUTE,
      logger: serverLogger(processLog, 'ingest'),
    });
    const home = config.WATCHLAKE_HOME;
    const url = await listen(server, { home, given: port });
    releasePort = await keepIngestPort({ home, log: processLog }, url);
    return {
      url,
      topic: config.EVENTS_TOPIC,
      brokers: kafka.brokers,
      deviceTokens: pool !== undefined,
      isOpen: tokens.length === 0 && isLoopback(host),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
