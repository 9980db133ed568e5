/** Idempotent and transactional producers on kafkajs. */
import {
  Partitioners,
  type Kafka,
  type Message,
  type PartitionMetadata,
  type Transaction,
} from 'kafkajs';
import { WatchlakeError } from '../core/errors';
import { useCompactRecords } from './kafka-records';
import type {
  LastOffsets,
  LastSent,
  OffsetCommit,
  OutgoingMessage,
  Producer,
  TopicMessages,
  TransactionalProducer,
} from './ports';

/** A broker takes record batches up to 1 MiB with default settings. */
const REQUEST_BYTES = 700_000;
export const MESSAGE_BYTES = 1_000_000;
const TRANSACTION_TIMEOUT_MS = 30_000;

const PRODUCER = {
  allowAutoTopicCreation: false,
  createPartitioner: Partitioners.DefaultPartitioner,
};

export type PartitionCount = (topic: string) => Promise<number>;

interface Placed {
  readonly topic: string;
  readonly source: OutgoingMessage;
  readonly message: Message & { partition: number };
  readonly bytes: number;
}

const partitioner = Partitioners.DefaultPartitioner();

const MOST_KNOWN = 50_000;

/** What the partitioner is told of so many partitions, and where keys went: devices come again and again. */
interface Layout {
  readonly metadata: PartitionMetadata[];
  readonly known: Map<string, number>;
}

const layouts = new Map<number, Layout>();

function layoutOf(partitions: number): Layout {
  const found = layouts.get(partitions);
  if (found) return found;
  const metadata = Array.from({ length: partitions }, (_, partitionId) => ({
    ...{ partitionErrorCode: 0, partitionId, leader: 0 },
    ...{ replicas: [], isr: [] },
  }));
  const layout = { metadata, known: new Map() };
  layouts.set(partitions, layout);
  return layout;
}

/** Murmur2 of the key, as Java's producers do it, so that other writers agree. */
function partitionOf(key: string | null, partitions: number): number {
  if (key === null) return 0;
  const { metadata, known } = layoutOf(partitions);
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= MOST_KNOWN) known.clear();
  const message = { key, value: null };
  const partition = partitioner({ topic: '', partitionMetadata: metadata, message });
  known.set(key, partition);
  return partition;
}

const MESSAGE_OVERHEAD = 64;
const HEADER_OVERHEAD = 8;

/** The bytes of a message, rather more than less: one over MESSAGE_BYTES is refused. */
export function sizeOf({ key, value, headers = {} }: OutgoingMessage): number {
  let bytes = MESSAGE_OVERHEAD + Buffer.byteLength(key ?? '');
  if (value !== null) bytes += Buffer.byteLength(value);
  for (const name of Object.keys(headers))
    bytes += HEADER_OVERHEAD + Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
  return bytes;
}

function place(topic: string, message: OutgoingMessage, partitions: number): Placed {
  const bytes = sizeOf(message);
  if (bytes > MESSAGE_BYTES) {
    const detail = `a message of ${bytes} bytes is longer than ${MESSAGE_BYTES}`;
    throw new WatchlakeError('INPUT_INVALID', { field: topic, detail });
  }
  const { key, value, headers = {} } = message;
  const partition = partitionOf(key, partitions);
  return { topic, source: message, bytes, message: { key, value, headers, partition } };
}

async function placeAll(output: readonly TopicMessages[], count: PartitionCount) {
  const placed: Placed[] = [];
  for (const { topic, messages } of output) {
    if (messages.length === 0) continue;
    const partitions = await count(topic);
    placed.push(...messages.map((message) => place(topic, message, partitions)));
  }
  return placed;
}

/** Cuts the messages, in order, into requests that a broker accepts. */
function requestsOf(placed: readonly Placed[]): Placed[][] {
  const requests: Placed[][] = [];
  let bytes = Infinity;
  for (const entry of placed) {
    if (bytes + entry.bytes > REQUEST_BYTES) {
      requests.push([]);
      bytes = 0;
    }
    bytes += entry.bytes;
    requests.at(-1)?.push(entry);
  }
  return requests;
}

type Sender = Pick<Transaction, 'sendBatch'>;

interface LastPlaced extends Omit<LastSent, 'message'> {
  readonly topic: string;
  readonly placed: Placed;
}

/**
 * What goes to a partition that the topic does not have any more kafkajs leaves out without a word. Throws TOPIC_MADE_ANEW; what the
 * others have stored of the request may be sent again.
 */
function requireStored(
  request: readonly Placed[],
  stored: readonly { topicName: string; partition: number }[],
): void {
  const places = new Set(stored.map(({ topicName, partition }) => `${topicName}/${partition}`));
  const lost = request.find(({ topic, message }) => !places.has(`${topic}/${message.partition}`));
  if (lost) throw new WatchlakeError('TOPIC_MADE_ANEW', { topic: lost.topic });
}

async function sendRequest(sender: Sender, request: readonly Placed[]): Promise<LastPlaced[]> {
  const topics = [...new Set(request.map(({ topic }) => topic))];
  const topicMessages = topics.map((topic) => ({
    topic,
    messages: request.filter((entry) => entry.topic === topic).map(({ message }) => message),
  }));
  const stored = await sender.sendBatch({ acks: -1, topicMessages });
  requireStored(request, stored);
  return stored.flatMap(({ topicName: topic, partition, baseOffset }) => {
    const there = request.filter(
      ({ message, ...of }) => of.topic === topic && message.partition === partition,
    );
    const placed = there.at(-1);
    if (placed === undefined) return [];
    return [{ topic, partition, offset: Number(baseOffset) + there.length - 1, placed }];
  });
}

/** Sends one request after the other, and tells the last message of each partition. */
async function sendAll(sender: Sender, placed: readonly Placed[]): Promise<LastPlaced[]> {
  const last = new Map<string, LastPlaced>();
  for (const request of requestsOf(placed)) {
    for (const each of await sendRequest(sender, request))
      last.set(`${each.topic}/${each.partition}`, each);
  }
  return [...last.values()];
}

function offsetsOfLast(last: readonly LastPlaced[]): LastOffsets {
  const offsets = new Map<string, Record<number, number>>();
  for (const { topic, partition, offset } of last)
    offsets.set(topic, { ...offsets.get(topic), [partition]: offset });
  return offsets;
}

export async function openIdempotentProducer(
  client: Kafka,
  partitionCount: PartitionCount,
): Promise<Producer> {
  useCompactRecords();
  const producer = client.producer({ idempotent: true, ...PRODUCER });
  await producer.connect();
  return {
    async send(topic, messages) {
      const placed = await placeAll([{ topic, messages }], partitionCount);
      const sent = await sendAll(producer, placed);
      return sent.map(({ partition, offset, placed: { source } }) => ({
        ...{ partition, offset, message: source },
      }));
    },
    close: () => producer.disconnect(),
  };
}

async function sendOffsets(transaction: Transaction, commits: readonly OffsetCommit[]) {
  for (const { group, topic, partition, offset, metadata } of commits) {
    // The types of kafkajs leave out the metadata, which its protocol encodes.
    const entry = { partition, offset: String(offset), metadata };
    await transaction.sendOffsets({
      consumerGroupId: group,
      topics: [{ topic, partitions: [entry] }],
    });
  }
}

export async function openTransactionalProducer(
  client: Kafka,
  transactionalId: string,
  partitionCount: PartitionCount,
): Promise<TransactionalProducer> {
  useCompactRecords();
  const producer = client.producer({
    transactionalId,
    idempotent: true,
    transactionTimeout: TRANSACTION_TIMEOUT_MS,
    ...PRODUCER,
  });
  try {
    await producer.connect();
    // kafkajs asks for the producer's epoch, which fences the former owner, at the first transaction.
    await (await producer.transaction()).abort();
  } catch (error) {
    await producer.disconnect().catch(() => undefined);
    throw error;
  }
  return {
    async commit(output, offsetsOf) {
      const placed = await placeAll(output, partitionCount);
      const transaction = await producer.transaction();
      const last = await sendAll(transaction, placed);
      await sendOffsets(transaction, offsetsOf(offsetsOfLast(last)));
      await transaction.commit();
    },
    close: () => producer.disconnect(),
  };
}
