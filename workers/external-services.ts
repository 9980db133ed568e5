/** Whether the services that run elsewhere answer, before anything is started beside them. */
import { createDatabase } from '../core/postgres';
import { openPool } from '../registry/database';
import type { OnProgress } from '../stack/progress';
import { topicNames, topicSpecs } from '../streaming/topics';
import type { Config } from './config';
import { brokerOf, SILENT_STREAM_LOG, topicShape } from './dependencies';
import { connectClient } from './temporal';

/** About three seconds: one that is away for longer has to be looked after. */
const KAFKA_RETRIES = 8;

/** Also whether the topics of streams could be made. Throws BROKER_UNAVAILABLE, BROKER_REFUSED and TOPICS_REFUSED. */
export async function askKafka(config: Config, brokers: string[]): Promise<void> {
  const addresses = { kafka: { brokers } };
  const broker = brokerOf(config, addresses, SILENT_STREAM_LOG, { retries: KAFKA_RETRIES });
  try {
    // Those of devices are made by what serves them, which not everybody runs.
    await broker.tryTopics(topicSpecs(topicNames(), topicShape(config)));
  } finally {
    await broker.close();
  }
}

async function askPostgres(url: string): Promise<void> {
  const pool = openPool(url);
  try {
    await createDatabase(pool).query('SELECT 1');
  } finally {
    await pool.end();
  }
}

async function askTemporal(config: Config, address: string): Promise<void> {
  const { connection } = await connectClient(config, address);
  await connection.close();
}

/** Throws BROKER_UNAVAILABLE, BROKER_REFUSED, TOPICS_REFUSED, TEMPORAL_UNAVAILABLE, DATABASE_UNAVAILABLE and DATABASE_REFUSED. */
export async function requireExternal(config: Config, onProgress: OnProgress): Promise<void> {
  const { TEMPORAL_ADDRESS: temporal, KAFKA_BROKERS: brokers, DATABASE_URL: url } = config;
  if (!temporal && !brokers && !url) return;
  onProgress({ component: 'stack', message: 'asking the services that run elsewhere' });
  await Promise.all([
    temporal && askTemporal(config, temporal),
    brokers && askKafka(config, brokers),
    url && askPostgres(url),
  ]);
}
