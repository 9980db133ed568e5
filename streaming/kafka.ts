/** The broker port on kafkajs, the one place that knows this client. */
import { ConfigResourceTypes, Kafka, logLevel, type Admin } from 'kafkajs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError } from '../core/errors';
import { consume, type FindPlaces } from './kafka-consumer';
import { openIdempotentProducer, openTransactionalProducer } from './kafka-producer';
import { readRange } from './kafka-reader';
import { brokerError, isKafkaJsError, logTo, RETRY, type KafkaSecurity } from './kafka-support';
import type { Broker, Offsets, PartitionBounds, ReadRequest, StreamLog, TopicSpec } from './ports';

export interface KafkaOptions extends KafkaSecurity {
  readonly brokers: readonly string[];
  readonly clientId?: string;
  readonly log: StreamLog;
  readonly connectionTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
  /** How often a request is tried again before the caller hears of it. */
  readonly retries?: number;
}

const TOPIC_WAIT_MS = 30_000;
const TOPIC_POLL_MS = 100;
const ADMIN_ATTEMPTS = 40;
const ADMIN_WAIT_MS = 250;

function createClient(options: KafkaOptions): Kafka {
  return new Kafka({
    clientId: options.clientId ?? 'watchlake',
    brokers: [...options.brokers],
    ssl: options.ssl,
    sasl: options.sasl,
    connectionTimeout: options.connectionTimeoutMs ?? 3000,
    requestTimeout: options.requestTimeoutMs ?? 15_000,
    retry: { ...RETRY, retries: options.retries ?? RETRY.retries },
    logLevel: logLevel.INFO,
    logCreator: logTo(options.log),
  });
}

async function partitionCounts(admin: Admin, topics: readonly string[]) {
  const known = new Set(await admin.listTopics());
  const wanted = topics.filter((topic) => known.has(topic));
  // Asked about none, kafkajs tells of all.
  if (wanted.length === 0) return new Map<string, number>();
  const { topics: found } = await admin.fetchTopicMetadata({ topics: wanted });
  const ready = found.filter(({ partitions }) => partitions.every(({ leader }) => leader >= 0));
  return new Map(ready.map(({ name, partitions }) => [name, partitions.length]));
}

const kafkaTopic = ({ topic, partitions, compacted, replicationFactor = 1 }: TopicSpec) => ({
  topic,
  numPartitions: partitions,
  replicationFactor,
  configEntries: compacted ? [{ name: 'cleanup.policy', value: 'compact' }] : [],
});

/** Waiting inside `createTopics` fails on a busy broker: nobody waits there. */
async function requestMissing(admin: Admin, specs: readonly TopicSpec[], validateOnly = false) {
  const existing = new Set(await admin.listTopics());
  const topics = specs.filter(({ topic }) => !existing.has(topic)).map(kafkaTopic);
  if (topics.length > 0) await admin.createTopics({ waitForLeaders: false, validateOnly, topics });
}

/** Makes them, and looks for their leaders until all have one. */
async function createMissing(admin: Admin, specs: readonly TopicSpec[], brokers: string) {
  const names = specs.map(({ topic }) => topic);
  await requestMissing(admin, specs);
  const deadlineMs = performance.now() + TOPIC_WAIT_MS;
  for (;;) {
    const counts = await partitionCounts(admin, names);
    if (counts.size === names.length) return counts;
    if (performance.now() > deadlineMs) {
      const detail = `topics have no leaders after ${TOPIC_WAIT_MS} ms`;
      throw new WatchlakeError('BROKER_UNAVAILABLE', { brokers, detail });
    }
    await sleep(TOPIC_POLL_MS);
  }
}

/** While another request makes kafkajs look at a new topic, it knows those that came before it no more for a moment. */
const isForgotten = (error: unknown): boolean =>
  error instanceof Error && error.name === 'TypeError' && error.message.includes('.pop(...)');

/** One connected admin client, replaced after a failure. */
class AdminPool {
  private admin?: Promise<Admin>;
  private readonly client: Kafka;

  constructor(client: Kafka) {
    this.client = client;
  }

  private async connect(): Promise<Admin> {
    const admin = this.client.admin();
    await admin.connect();
    return admin;
  }

  /** Tries again what kafkajs hands on although it passes, such as a coordinator that loads, and what it forgets. */
  async use<T>(task: (admin: Admin) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      this.admin ??= this.connect();
      try {
        return await task(await this.admin);
      } catch (error) {
        const passes = (isKafkaJsError(error) && error.retriable === true) || isForgotten(error);
        if (!passes || attempt >= ADMIN_ATTEMPTS) {
          await this.close();
          throw error;
        }
        await sleep(ADMIN_WAIT_MS);
      }
    }
  }

  async close(): Promise<void> {
    const admin = await this.admin?.catch(() => undefined);
    this.admin = undefined;
    await admin?.disconnect().catch(() => undefined);
  }
}

class KafkaBroker implements Broker {
  private readonly options: KafkaOptions;
  private readonly client: Kafka;
  private readonly admin: AdminPool;
  private readonly partitions = new Map<string, number>();

  constructor(options: KafkaOptions) {
    this.options = options;
    this.client = createClient(options);
    this.admin = new AdminPool(this.client);
  }

  private async translated<T>(task: () => Promise<T>, owner?: string): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw brokerError(error, this.options.brokers, owner);
    }
  }

  /** A topic to which nothing can be sent may have been made anew, with other partitions. */
  private async sending<T>(task: () => Promise<T>, owner?: string): Promise<T> {
    try {
      return await this.translated(task, owner);
    } catch (error) {
      this.partitions.clear();
      throw error;
    }
  }

  private readonly partitionCount = async (topic: string): Promise<number> => {
    const known = this.partitions.get(topic);
    if (known !== undefined) return known;
    const count = (await this.admin.use((admin) => partitionCounts(admin, [topic]))).get(topic);
    if (count === undefined) {
      throw new WatchlakeError('TOPIC_MISMATCH', { topic, actual: 0, expected: 'at least 1' });
    }
    this.partitions.set(topic, count);
    return count;
  };

  ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    const brokers = this.options.brokers.join(',');
    return this.translated(async () => {
      const counts = await this.admin.use((admin) => createMissing(admin, topics, brokers));
      for (const { topic, partitions } of topics) {
        const actual = counts.get(topic);
        if (actual === partitions) continue;
        throw new WatchlakeError('TOPIC_MISMATCH', { topic, actual, expected: partitions });
      }
    });
  }

  tryTopics(topics: readonly TopicSpec[]): Promise<void> {
    return this.translated(() => this.admin.use((admin) => requestMissing(admin, topics, true)));
  }

  topics() {
    return this.translated(() => this.admin.use((admin) => admin.listTopics()));
  }

  bounds(topic: string) {
    return this.translated(() => this.fetchBounds(topic));
  }

  private async fetchBounds(topic: string): Promise<Map<number, PartitionBounds>> {
    const offsets = await this.admin.use((admin) => admin.fetchTopicOffsets(topic));
    return new Map(
      offsets.map(({ partition, low, high }) => [
        partition,
        { start: Number(low), end: Number(high) },
      ]),
    );
  }

  committed(group: string, topic: string) {
    return this.translated(async () => {
      const fetched = await this.admin.use((admin) =>
        admin.fetchOffsets({ groupId: group, topics: [topic] }),
      );
      const known = (fetched[0]?.partitions ?? []).filter(({ offset }) => Number(offset) >= 0);
      return new Map(
        known.map(({ partition, offset, metadata }) => [
          partition,
          { offset: Number(offset), metadata },
        ]),
      );
    });
  }

  deleteRecords(topic: string, before: Offsets): Promise<void> {
    return this.translated(async () => {
      const bounds = await this.fetchBounds(topic);
      const partitions = Object.entries(before)
        .map(([partition, offset]) => ({ partition: Number(partition), offset }))
        // A broker refuses what is gone already.
        .filter(({ partition, offset }) => offset > (bounds.get(partition)?.start ?? Infinity))
        .map(({ partition, offset }) => ({ partition, offset: String(offset) }));
      if (partitions.length === 0) return;
      await this.admin.use((admin) => admin.deleteTopicRecords({ topic, partitions }));
    });
  }

  retention(topic: string): Promise<number | null> {
    return this.translated(async () => {
      const described = await this.admin.use((admin) =>
        admin.describeConfigs({
          includeSynonyms: false,
          resources: [
            { type: ConfigResourceTypes.TOPIC, name: topic, configNames: ['retention.ms'] },
          ],
        }),
      );
      const [entry] = described.resources[0]?.configEntries ?? [];
      const ms = Number(entry?.configValue ?? -1);
      return ms < 0 ? null : ms;
    });
  }

  openProducer() {
    return this.translated(async () => {
      const producer = await openIdempotentProducer(this.client, this.partitionCount);
      return {
        ...producer,
        send: (...call: Parameters<typeof producer.send>) =>
          this.sending(() => producer.send(...call)),
      };
    });
  }

  openTransactional(transactionalId: string) {
    // A client of its own: kafkajs shares what it believes committed among those of one client.
    const client = createClient(this.options);
    return this.translated(async () => {
      const producer = await openTransactionalProducer(
        client,
        transactionalId,
        this.partitionCount,
      );
      return {
        ...producer,
        commit: (...call: Parameters<typeof producer.commit>) =>
          this.sending(() => producer.commit(...call), transactionalId),
      };
    }, transactionalId);
  }

  consume(request: Parameters<Broker['consume']>[0]): Promise<void> {
    return this.translated(() => consume(this.client, request, this.findPlaces));
  }

  /** The committed offsets; the oldest kept one where there is none, or it is gone. */
  private readonly findPlaces: FindPlaces = async (group, topic) => {
    const bounds = await this.fetchBounds(topic);
    const committed = await this.committed(group, topic);
    const places = [...bounds].map(([partition, { start, end }]): [number, number] => {
      const offset = committed.get(partition)?.offset ?? start;
      return [partition, start <= offset && offset <= end ? offset : start];
    });
    return Object.fromEntries(places);
  };

  async *read({ topic, from = {}, to, follow, signal }: ReadRequest) {
    try {
      const bounds = [...(await this.fetchBounds(topic))];
      const starts = bounds.map(([partition, { start }]): [number, number] => [
        partition,
        Math.max(start, from[partition] ?? 0),
      ]);
      const ends = bounds.map(([partition, { end }]): [number, number] => [
        partition,
        to ? (to[partition] ?? 0) : end,
      ]);
      const end = follow ? undefined : new Map(ends);
      yield* readRange(this.client, {
        ...{ topic, from: new Map(starts), to: end, signal },
        bounds: () => this.fetchBounds(topic),
      });
    } catch (error) {
      throw brokerError(error, this.options.brokers);
    }
  }

  close(): Promise<void> {
    return this.admin.close();
  }
}

export const createKafkaBroker = (options: KafkaOptions): Broker => new KafkaBroker(options);
