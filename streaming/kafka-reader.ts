/** Reads a topic from given offsets on kafkajs, which knows readers only as members of a group. */
import { randomUUID } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { WatchlakeError } from '../core/errors';
import { createConsumer, receivedMessage } from './kafka-consumer';
import { isKafkaJsError } from './kafka-support';
import type { PartitionBounds, ReceivedMessage } from './ports';

const SESSION_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 3000;
const RESTARTS = 10;
const RESTART_WAIT_MS = 300;
const LOOK_EVERY_MS = 1000;
/** How often the topic may end before the reading does: a transaction that was just committed shows within moments. */
const SHORT_LOOKS = 60;

export interface TopicRange {
  readonly topic: string;
  readonly from: ReadonlyMap<number, number>;
  /** Exclusive ends, absent when the reading goes on until the signal. */
  readonly to?: ReadonlyMap<number, number>;
  readonly signal?: AbortSignal;
  /** What the topic holds at the moment. */
  readonly bounds: () => Promise<ReadonlyMap<number, PartitionBounds>>;
}

/** How far each partition has been read; what lies before it is not handed out again. */
class Positions {
  private readonly next: Map<number, number>;
  private readonly to?: ReadonlyMap<number, number>;

  constructor({ from, to }: Pick<TopicRange, 'from' | 'to'>) {
    this.next = new Map(from);
    this.to = to;
  }

  take(messages: readonly ReceivedMessage[]): ReceivedMessage[] {
    const [first] = messages;
    // Nothing else leads back, where there is no end: the topic was made anew.
    if (first && !this.to && first.offset < (this.next.get(first.partition) ?? 0)) {
      this.next.set(first.partition, first.offset);
    }
    const wanted = messages.filter(({ partition, offset }) => {
      const end = this.to ? (this.to.get(partition) ?? 0) : Infinity;
      return offset >= (this.next.get(partition) ?? 0) && offset < end;
    });
    const newest = messages.at(-1);
    if (newest) this.advance(newest.partition, newest.offset + 1);
    return wanted;
  }

  advance(partition: number, next: number): void {
    this.next.set(partition, Math.max(next, this.next.get(partition) ?? 0));
  }

  /** How far the partitions were read at this moment that are not yet read to their ends. */
  get unread(): { partition: number; next: number; to: number }[] {
    return [...(this.to ?? [])]
      .map(([partition, to]) => ({ partition, next: this.next.get(partition) ?? 0, to }))
      .filter(({ next, to }) => next < to);
  }

  get isDone(): boolean {
    if (!this.to) return false;
    return [...this.to].every(([partition, end]) => (this.next.get(partition) ?? 0) >= end);
  }

  seekAll(consumer: Consumer, topic: string): void {
    for (const [partition, offset] of this.next) {
      consumer.seek({ topic, partition, offset: String(offset) });
    }
  }
}

/** Resolves when there is room again, or nobody listens any more. */
function roomIn(output: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      output.off('drain', done).off('close', done);
      resolve();
    };
    output.once('drain', done).once('close', done);
  });
}

/** A slow reader must not lose its place in the group while a batch waits to be taken. */
async function writePatiently(
  output: PassThrough,
  messages: readonly ReceivedMessage[],
  heartbeat: () => Promise<void>,
): Promise<void> {
  if (!output.writable || output.write(messages)) return;
  const timer = setInterval(() => void heartbeat().catch(() => undefined), HEARTBEAT_MS);
  try {
    await roomIn(output);
  } finally {
    clearInterval(timer);
  }
}

/** Resolves when all has been read or nobody listens any more; rejects when kafkajs gives up. */
async function pump(
  consumer: Consumer,
  { topic, to, bounds }: TopicRange,
  positions: Positions,
  output: PassThrough,
): Promise<void> {
  const { GROUP_JOIN, CRASH, END_BATCH_PROCESS } = consumer.events;
  let stopListening: () => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    const end = () => resolve();
    output.once('close', end).once('finish', end);
    // What was deleted meanwhile is waited for in vain, unless something comes behind it.
    let shortLooks = 0;
    const passDeleted = async () => {
      // Before the topic is looked at: meanwhile more is read.
      const { unread } = positions;
      const found = await bounds();
      const endOf = (partition: number) => found.get(partition)?.end ?? 0;
      const isShort = unread.some(({ partition, to }) => endOf(partition) < to);
      shortLooks = isShort ? shortLooks + 1 : 0;
      // It ends before what was read of it, or does not come to where it ended: the rest is waited for in vain.
      const isAnew = unread.some(({ partition, next }) => endOf(partition) < next);
      if (isAnew || shortLooks > SHORT_LOOKS)
        reject(new WatchlakeError('TOPIC_MADE_ANEW', { topic }));
      for (const [partition, { start }] of found) positions.advance(partition, start);
      if (positions.isDone) resolve();
    };
    const look = () => void passDeleted().catch(() => undefined);
    const timer = to && setInterval(look, LOOK_EVERY_MS);
    stopListening = () => {
      clearInterval(timer);
      output.off('close', end).off('finish', end);
    };
    consumer.on(GROUP_JOIN, () => positions.seekAll(consumer, topic));
    consumer.on(CRASH, ({ payload }) => reject(payload.error));
    // Markers of transactions take offsets too, and reach nobody but this event.
    consumer.on(END_BATCH_PROCESS, ({ payload }) => {
      positions.advance(payload.partition, Number(payload.lastOffset) + 1);
      if (positions.isDone) resolve();
    });
  });
  ended.catch(() => undefined);
  const eachBatch = async (payload: EachBatchPayload) => {
    const { batch } = payload;
    const received = batch.messages.map((message) => receivedMessage(batch.partition, message));
    const wanted = positions.take(received);
    if (wanted.length > 0) await writePatiently(output, wanted, () => payload.heartbeat());
  };
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch });
    await ended;
  } finally {
    stopListening();
  }
}

async function deleteGroup(client: Kafka, group: string): Promise<void> {
  const admin = client.admin();
  try {
    await admin.connect();
    await admin.deleteGroups([group]);
  } catch {
    // A group without members and offsets is forgotten by the broker in time.
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** Begins again where it was, a few times: kafkajs gives up at once on a coordinator that loads. */
async function fill(client: Kafka, range: TopicRange, output: PassThrough): Promise<void> {
  const positions = new Positions(range);
  for (let restart = 0; !positions.isDone && output.writable; restart += 1) {
    const group = `${range.topic}/read/${randomUUID()}`;
    const consumer = createConsumer(client, group, SESSION_TIMEOUT_MS);
    try {
      await pump(consumer, range, positions, output);
      await consumer.disconnect();
      await deleteGroup(client, group);
    } catch (error) {
      await consumer.disconnect().catch(() => undefined);
      if (!isKafkaJsError(error) || restart >= RESTARTS) throw error;
      await sleep(RESTART_WAIT_MS);
    }
  }
}

export async function* readRange(
  client: Kafka,
  range: TopicRange,
): AsyncGenerator<readonly ReceivedMessage[]> {
  if (range.signal?.aborted) return;
  const output = new PassThrough({ objectMode: true, highWaterMark: 1 });
  const stop = () => void output.end();
  range.signal?.addEventListener('abort', stop, { once: true });
  const filled = fill(client, range, output).then(
    () => output.end(),
    (error: Error) => output.destroy(error),
  );
  try {
    for await (const messages of output) yield messages as readonly ReceivedMessage[];
  } finally {
    range.signal?.removeEventListener('abort', stop);
    output.destroy();
    await filled;
  }
}
