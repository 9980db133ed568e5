/** An ingest server in a process of its own, which a test may kill: JSON in, its URL out. */
import { createIngestServer } from '../../streaming/ingest/server';
import { deviceTopics } from '../../streaming/topics';
import { connectBroker, silentLog } from './streams';

export interface IngestProcessInput {
  readonly topic: string;
  readonly folder: string;
  readonly port: number;
  readonly brokers: string[];
}

async function main({ topic, folder, port, brokers }: IngestProcessInput): Promise<void> {
  const broker = connectBroker(brokers);
  const server = await createIngestServer({
    ...{ broker, folder, version: '0.1.0', log: silentLog },
    topics: deviceTopics(topic),
  });
  process.once('SIGTERM', () => {
    void server
      .close()
      .then(() => broker.close())
      .then(() => process.exit(0));
  });
  process.stdout.write(`${await server.listen(port)}\n`);
}

main(JSON.parse(process.argv[2] ?? '') as IngestProcessInput).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
