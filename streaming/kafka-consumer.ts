/** A group's consumer on kafkajs whose handler alone moves the position and commits. */
import type { Consumer, EachBatchPayload, Kafka, KafkaMessage } from 'kafkajs';
import { isKafkaJsError } from './kafka-support';
import type { ConsumedBatch, ConsumeRequest, Offsets, ReceivedMessage } from './ports';

const SESSION_TIMEOUT_MS = 10_000;
const HEARTBEATS_PER_SESSION = 4;
/** How long a fetch waits for messages; it bounds how fast a stop or a rebalance is noticed. */
const FETCH_WAIT_MS = 250;
const PARTITION_FETCH_BYTES = 1_048_576;

const textOf = (value: Buffer | string | undefined | (Buffer | string)[]): string =>
  Array.isArray(value) ? value.map(String).join(',') : String(value ?? '');

export function receivedMessage(partition: number, message: KafkaMessage): ReceivedMessage {
  const headers = Object.entries(message.headers ?? {});
  return {
    partition,
    offset: Number(message.offset),
    key: message.key === null ? null : message.key.toString(),
    value: message.value,
    headers: Object.fromEntries(headers.map(([name, value]) => [name, textOf(value)])),
  };
}

export function createConsumer(client: Kafka, group: string, sessionTimeoutMs: number): Consumer {
  return client.consumer({
    groupId: group,
    sessionTimeout: sessionTimeoutMs,
    heartbeatInterval: Math.floor(sessionTimeoutMs / HEARTBEATS_PER_SESSION),
    maxWaitTimeInMs: FETCH_WAIT_MS,
    maxBytesPerPartition: PARTITION_FETCH_BYTES,
    allowAutoTopicCreation: false,
    // A crash is told to the caller, who starts afresh and counts how often.
    retry: { restartOnFailure: () => Promise.resolve(false) },
  });
}

/** Resolves when the signal aborts; rejects when kafkajs gives up or the handler fails. */
class Outcome {
  readonly ended: Promise<void>;
  private settled = false;
  private reject: (error: unknown) => void = () => undefined;

  constructor(consumer: Consumer, signal: AbortSignal) {
    this.ended = new Promise((resolve, reject) => {
      const settle = () => {
        this.settled = true;
        resolve();
      };
      this.reject = (error) => {
        this.settled = true;
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      if (signal.aborted) settle();
      signal.addEventListener('abort', settle, { once: true });
      consumer.on(consumer.events.CRASH, ({ payload }) => this.fail(payload.error));
    });
    this.ended.catch(() => undefined);
  }

  get isSettled(): boolean {
    return this.settled;
  }

  fail(error: unknown): void {
    this.reject(error);
  }
}

function consumedBatch(
  payload: EachBatchPayload,
  consumer: Consumer,
  generation: number,
  isSettled: () => boolean,
): ConsumedBatch {
  const { batch } = payload;
  const { topic, partition } = batch;
  return {
    partition,
    generation,
    messages: batch.messages.map((message) => receivedMessage(partition, message)),
    end: Number(batch.lastOffset()) + 1,
    heartbeat: () => payload.heartbeat(),
    isStale: () => isSettled() || payload.isStale() || !payload.isRunning(),
    resolve: (offset) => payload.resolveOffset(String(offset)),
    seek: (offset) => consumer.seek({ topic, partition, offset: String(offset) }),
  };
}

/** Where to fetch first, by partition: every place has to be there. */
export type FindPlaces = (group: string, topic: string) => Promise<Offsets>;

export async function consume(
  client: Kafka,
  request: ConsumeRequest,
  findPlaces: FindPlaces,
): Promise<void> {
  const { group, topic, signal, sessionTimeoutMs = SESSION_TIMEOUT_MS } = request;
  const consumer = createConsumer(client, group, sessionTimeoutMs);
  const outcome = new Outcome(consumer, signal);
  let generation = 0;
  // Where a committed offset is gone kafkajs commits the broker's oldest instead, and what was committed with it is lost:
  // nothing is fetched before the places are known.
  const begin = async (partitions: readonly number[], ofGeneration: number) => {
    const places = await findPlaces(group, topic);
    if (outcome.isSettled || ofGeneration !== generation) return;
    for (const partition of partitions)
      consumer.seek({ topic, partition, offset: String(places[partition] ?? 0) });
    consumer.resume([{ topic }]);
  };
  // kafkajs calls this before the first fetch of the new assignment.
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    generation += 1;
    const partitions = payload.memberAssignment[topic] ?? [];
    request.onAssigned?.(partitions, generation);
    consumer.pause([{ topic }]);
    begin(partitions, generation).catch((error: unknown) => outcome.fail(error));
  });
  // Nothing else is committed by this client: what is read is committed by the producer that answers it.
  consumer.on(consumer.events.REQUEST, ({ payload }) => {
    if (payload.apiName === 'OffsetCommit') request.onReset?.();
  });
  const eachBatch = async (payload: EachBatchPayload): Promise<void> => {
    if (outcome.isSettled) return;
    try {
      await request.onBatch(consumedBatch(payload, consumer, generation, () => outcome.isSettled));
    } catch (error) {
      if (isKafkaJsError(error)) throw error;
      outcome.fail(error);
    }
  };
  try {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: request.concurrency ?? 1,
      eachBatch,
    });
    await outcome.ended;
  } finally {
    await consumer.disconnect().catch(() => undefined);
  }
}
