/** Everything that activities need, opened once in a process and closed with it. */
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { createAnnotationStore, type AnnotationStore } from '../annotation/annotation';
import { createConsent, type Consent } from '../consent/consent';
import { openLake, type Lake } from '../lakehouse/lake';
import { migrate, openPool } from '../registry/database';
import { createRegistry, type Registry } from '../registry/registry';
import { createKafkaBroker } from '../streaming/kafka';
import type { Broker, StreamLog } from '../streaming/ports';
import {
  deviceTopics,
  topicNames,
  type DeviceTopics,
  type TopicNames,
  type TopicShape,
} from '../streaming/topics';
import type { Addresses } from './addresses';
import { cloudOptions } from './cloud';
import type { Config } from './config';
import { createLog } from './logging';
import { s3Settings } from './s3';
import { pseudonymKey } from './secrets';
import { sparkOptions } from './spark';
import { connectClient } from './temporal';
import { tlsFiles } from './tls-files';

export interface Dependencies {
  config: Config;
  addresses: Addresses;
  client: Client;
  pool: Pool;
  registry: Registry;
  annotation: AnnotationStore;
  consent: Consent;
  lake: Lake;
  broker: Broker;
  topics: TopicNames;
  deviceTopics: DeviceTopics;
  pseudonymKey: string;
  log: StreamLog;
  close(): Promise<void>;
}

export const migrateDatabase = ({ postgres }: Addresses): Promise<string[]> =>
  migrate(postgres.url);

export const lakeOf = (config: Config): Lake =>
  openLake({
    uri: config.LAKE_URI,
    s3: s3Settings(config),
    duckdb: { memoryLimit: config.DUCKDB_MEMORY_LIMIT, threads: config.DUCKDB_THREADS },
    catalog: { kind: config.CATALOG, database: config.GLUE_DATABASE },
    spark: sparkOptions(config),
    cloud: cloudOptions(config),
  });

export async function connectDependencies(
  config: Config,
  addresses: Addresses,
): Promise<Dependencies> {
  const processLog = createLog(config, 'worker');
  const log = streamLog(processLog);
  const client = await connectClient(config, addresses.temporal.address);
  const pool = openPool(addresses.postgres.url, {
    onIdleError: (err) => processLog.warn({ err }, 'an idle database connection broke'),
  });
  const broker = brokerOf(config, addresses, log);
  const secret = await pseudonymKey(config);
  const lake = lakeOf(config);
  return {
    config,
    addresses,
    client,
    pool,
    registry: createRegistry(pool),
    annotation: createAnnotationStore(pool),
    consent: createConsent(pool, secret),
    lake,
    broker,
    topics: topicNames(),
    deviceTopics: deviceTopics(config.EVENTS_TOPIC),
    pseudonymKey: secret,
    log,
    async close() {
      await broker.close();
      await lake.close();
      await pool.end();
      await client.connection.close();
    },
  };
}

export const topicShape = ({ KAFKA_PARTITIONS, KAFKA_REPLICATION }: Config): TopicShape => ({
  ...{ partitions: KAFKA_PARTITIONS, replicationFactor: KAFKA_REPLICATION },
});

export function brokerOf(
  config: Config,
  { kafka }: Pick<Addresses, 'kafka'>,
  log: StreamLog,
  more: { retries?: number } = {},
): Broker {
  const { KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD } = config;
  const credentials = {
    username: KAFKA_SASL_USERNAME ?? '',
    password: KAFKA_SASL_PASSWORD ?? '',
  };
  return createKafkaBroker({
    brokers: kafka.brokers,
    ssl: tlsFiles(config, 'KAFKA') ?? config.KAFKA_TLS,
    ...(KAFKA_SASL_MECHANISM ? { sasl: saslOf(KAFKA_SASL_MECHANISM, credentials) } : {}),
    log,
    ...more,
  });
}

type Mechanism = NonNullable<Config['KAFKA_SASL_MECHANISM']>;

// One literal for each, because the client's type ties the mechanism to its credentials.
function saslOf(mechanism: Mechanism, credentials: { username: string; password: string }) {
  if (mechanism === 'plain') return { mechanism, ...credentials } as const;
  if (mechanism === 'scram-sha-256') return { mechanism, ...credentials } as const;
  return { mechanism, ...credentials } as const;
}

/** Where failures are thrown, and the way to them is nobody's matter. */
export const SILENT_STREAM_LOG: StreamLog = { debug() {}, info() {}, warn() {}, error() {} };

/** Our log in the shape that the streams know. */
export function streamLog(log: ReturnType<typeof createLog>): StreamLog {
  return {
    debug: (message, fields) => log.debug({ ...fields }, message),
    info: (message, fields) => log.info({ ...fields }, message),
    warn: (message, fields) => log.warn({ ...fields }, message),
    error: (message, fields) => log.error({ ...fields }, message),
  };
}
