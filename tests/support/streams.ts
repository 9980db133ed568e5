/** A broker with topics of its own for one test file, and a log that keeps what it was told. */
import { randomBytes } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { setTimeout } from 'node:timers/promises';
import { createKafkaBroker } from '../../streaming/kafka';
import type { Broker, StreamLog } from '../../streaming/ports';
import { topicNames, topicSpecs, type TopicNames } from '../../streaming/topics';

const STORY_LINES = 200;

export const silentLog: StreamLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Keeps what was said, for a test that has to explain why it failed. */
export function recordingLog(): StreamLog & { story(): string } {
  const lines: string[] = [];
  const record =
    (level: string): StreamLog['info'] =>
    (message, fields) =>
      void lines.push(`${new Date().toISOString()} ${level} ${message} ${JSON.stringify(fields)}`);
  return {
    ...{ debug: record('debug'), info: record('info'), warn: record('warn') },
    error: record('error'),
    story: () => lines.slice(-STORY_LINES).join('\n'),
  };
}

export function kafkaAddresses(): string[] {
  const addresses = process.env['KAFKA_BROKERS'];
  if (addresses === undefined) throw new Error('the stack of the tests is not running');
  return addresses.split(',');
}

export const connectBroker = (brokers = kafkaAddresses(), log = silentLog): Broker =>
  createKafkaBroker({ brokers, log, clientId: 'watchlake-test' });

export const freshTopicNames = (): TopicNames => topicNames(`t${randomBytes(5).toString('hex')}`);

/** Deletes the topic and makes it again, empty, as an operator would. */
export async function makeAnew(topic: string, numPartitions: number): Promise<void> {
  const admin = new Kafka({ brokers: kafkaAddresses(), logLevel: logLevel.NOTHING }).admin();
  try {
    await admin.deleteTopics({ topics: [topic] });
    while ((await admin.listTopics()).includes(topic)) await setTimeout(50);
  } finally {
    await admin.disconnect();
  }
  // It waits for the leaders; waiting inside `createTopics` fails on a busy broker.
  const broker = connectBroker();
  await broker.ensureTopics([{ topic, partitions: numPartitions, compacted: false }]);
  await broker.close();
}

export interface TestStreams {
  readonly broker: Broker;
  readonly topics: TopicNames;
}

/** Topics that no other test uses, on the stack's broker. */
export async function createTestStreams(partitions = 4): Promise<TestStreams> {
  const broker = connectBroker();
  const topics = freshTopicNames();
  await broker.ensureTopics(topicSpecs(topics, { partitions }));
  return { broker, topics };
}

/** Where a topic of one partition ends, once that is beyond `before`: what a transaction has committed shows a moment later. */
export async function endAfter(broker: Broker, topic: string, before: number): Promise<number> {
  for (;;) {
    const end = (await broker.bounds(topic)).get(0)?.end ?? 0;
    if (end > before) return end;
    await setTimeout(20);
  }
}
