/** The ingest server in a process of its own for its benchmark: as it is, or with a broker that is none. */
import { join } from 'node:path';
import { createIngestServer } from '../streaming/ingest/server';
import type { Broker } from '../streaming/ports';
import { deviceTopics } from '../streaming/topics';
import { loadConfig, type Config } from '../workers/config';
import { streamLog } from '../workers/dependencies';
import { startIngest } from '../workers/ingest';
import { createLog } from '../workers/logging';

export interface ServerLeg {
  readonly topic: string;
  readonly brokers: string;
  readonly folder: string;
  /** Without it every event counts as stored at once. */
  readonly storesEvents: boolean;
}

interface Running {
  readonly url: string;
  close(): Promise<void>;
}

/** All that the server asks of a broker, at no cost. */
const nowhere = {
  ensureTopics: async () => undefined,
  bounds: async () => new Map(),
  openProducer: async () => ({ send: async () => undefined, close: async () => undefined }),
} as unknown as Broker;

async function startWithoutKafka(config: Config, topic: string): Promise<Running> {
  const log = createLog(config, 'ingest', join(config.WATCHLAKE_HOME, 'ingest.log'));
  const server = await createIngestServer({
    ...{ broker: nowhere, folder: config.WATCHLAKE_HOME, version: '0', log: streamLog(log) },
    topics: deviceTopics(topic),
    logger: log.child({ part: 'ingest' }, { level: 'warn' }),
  });
  return { url: await server.listen(0), close: () => server.close() };
}

async function main({ topic, brokers, folder, storesEvents }: ServerLeg): Promise<void> {
  const config = loadConfig({
    ...{ WATCHLAKE_HOME: folder, KAFKA_BROKERS: brokers, EVENTS_TOPIC: topic },
  });
  const server = storesEvents
    ? await startIngest(config, { port: 0 })
    : await startWithoutKafka(config, topic);
  process.once('SIGTERM', () => void server.close().then(() => process.exit(0)));
  process.stdout.write(`${server.url}\n`);
}

main(JSON.parse(process.argv[2] ?? '') as ServerLeg).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
