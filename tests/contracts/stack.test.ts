/** The embedded stack as its users meet it: configured when it answers, and the same after a kill. */
import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs';
import { Client } from 'pg';
import { exists } from '../../stack/files';
import { isRunning } from '../../stack/processes';
import type { StackProgress } from '../../stack/progress';
import { readStack, startStack, stopStack, type StackAddresses } from '../../stack/stack';
import { readStackRecord } from '../../stack/stack-file';
import { missingSearchAttributes } from '../../stack/temporal-namespace';
import { makeTestHome, testCache } from '../support/start-stack';

jest.setTimeout(120_000);

const ANY_PORT = { temporal: 0, temporalUi: 0, kafka: 0, postgres: 0 };

async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

async function retentionDays(address: string): Promise<number> {
  const connection = await Connection.connect({ address });
  try {
    expect(await missingSearchAttributes(connection, 'default')).toEqual([]);
    const namespace = { namespace: 'default' };
    const { config } = await connection.workflowService.describeNamespace(namespace);
    return Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400;
  } finally {
    await connection.close();
  }
}

async function minutesOfOffsets(brokers: string): Promise<number> {
  const name = 'offsets.retention.minutes';
  const asked = { type: ConfigResourceTypes.BROKER, name: '1', configNames: [name] };
  const { resources } = await withAdmin(brokers, (admin) =>
    admin.describeConfigs({ includeSynonyms: false, resources: [asked] }),
  );
  return Number(resources[0]?.configEntries[0]?.configValue);
}

async function killEverything(home: string): Promise<void> {
  const { processes = {} } = (await readStackRecord(home)) ?? {};
  for (const { pid } of Object.values(processes)) process.kill(pid, 'SIGKILL');
  while (Object.values(processes).some(isRunning)) await sleep(10);
  expect(Object.keys(processes).sort()).toEqual(['kafka', 'postgres', 'temporal']);
}

let home: string;
const told: StackProgress[] = [];
const up = (): ReturnType<typeof startStack> =>
  startStack({
    home,
    cache: testCache(),
    ports: ANY_PORT,
    durable: false,
    retentionDays: 7,
    onProgress: (progress) => told.push(progress),
  });

beforeAll(async () => {
  home = await makeTestHome();
});
afterAll(async () => {
  await stopStack(home);
  await rm(home, { recursive: true });
});

async function writeSomething({ kafka, postgres }: StackAddresses): Promise<void> {
  await query(postgres.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
  await withAdmin(kafka.brokers, (admin) =>
    admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 3 }] }),
  );
}

test('runs beside another one, survives a kill of all its processes, and stops', async () => {
  const first = await up();
  expect(first.started).toEqual(['temporal', 'kafka', 'postgres']);
  // The stack of the whole test run has the same components at the same time.
  expect(first.temporal.address).not.toBe(process.env['TEMPORAL_ADDRESS']);
  expect(await retentionDays(first.temporal.address)).toBe(7);
  // A predictor that has rested for longer than the topics keep their messages knows its place.
  expect(await minutesOfOffsets(first.kafka.brokers)).toBeGreaterThan(60 * 24 * 60);
  await writeSomething(first);

  const again = await up();
  expect(again).toMatchObject({ started: [], temporal: first.temporal, kafka: first.kafka });
  await again.stop();
  expect((await readStack(home))?.processes.every(({ running }) => running)).toBe(true);

  await killEverything(home);
  expect((await readStack(home))?.addresses).toEqual({});
  const second = await up();
  expect(second.started).toEqual(['temporal', 'kafka', 'postgres']);
  expect(await query(second.postgres.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  const partitions = await withAdmin(second.kafka.brokers, (admin) =>
    admin.fetchTopicMetadata({ topics: ['kept'] }),
  );
  expect(partitions.topics[0]?.partitions).toHaveLength(3);

  const records = Object.values((await readStackRecord(home))?.processes ?? {});
  expect((await stopStack(home)).sort()).toEqual(['kafka', 'postgres', 'temporal']);
  expect(records.some(isRunning)).toBe(false);
  expect(await stopStack(home)).toEqual([]);
});

test('keeps its secrets to its owner', async () => {
  const mode = async (...names: string[]): Promise<number> =>
    (await stat(join(home, ...names))).mode & 0o777;
  expect(await mode('secrets')).toBe(0o700);
  expect(await mode('secrets', 'postgres-password')).toBe(0o600);
  expect(await mode('stack.json')).toBe(0o600);
  const password = (await readFile(join(home, 'secrets', 'postgres-password'), 'utf8')).trim();
  expect(await readFile(join(home, 'stack.json'), 'utf8')).not.toContain(password);
  expect(JSON.stringify(told)).not.toContain(password);
});

test('makes no topic that nobody asked for', async () => {
  await withAdmin(process.env['KAFKA_BROKERS'] ?? '', async (admin) => {
    const metadata = admin.fetchTopicMetadata({ topics: ['nobody-asked-for-this'] });
    await expect(metadata).rejects.toThrow(/does not host this topic-partition/);
    expect(await admin.listTopics()).not.toContain('nobody-asked-for-this');
  });
});

test('starts nothing for services that run elsewhere', async () => {
  const elsewhere = await makeTestHome();
  const external = {
    temporal: { address: 'temporal.example:7233', namespace: 'team' },
    kafka: { brokers: 'kafka.example:9092' },
    postgres: { url: 'postgres://user@database.example/watchlake' },
  };
  const stack = await startStack({ home: elsewhere, cache: testCache(), external });
  expect(stack).toMatchObject({ ...external, started: [] });
  expect(await exists(join(elsewhere, 'postgres'))).toBe(false);
  await rm(elsewhere, { recursive: true });
});
