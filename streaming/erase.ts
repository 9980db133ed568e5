/** Takes one person's messages out of the topics, as far as nobody still has to read them. */
import type { Needles } from '../core/needles';
import { createFinder } from '../core/needles';
import type { Broker, Offsets, OutgoingMessage, ReceivedMessage } from './ports';
import type { TopicNames } from './topics';

// What one transaction moves.
const MESSAGES_AT_ONCE = 500;

export interface StreamPerson extends Needles {
  /** Devices that are this person's alone: keys of their messages. */
  readonly devices: readonly string[];
}

export interface EraseRequest {
  readonly topics: TopicNames;
  readonly person: StreamPerson;
  /** Names the erasure on the broker: a retry goes on where it was. */
  readonly name: string;
  /** Up to where all who work on samples have read, by partition; where nobody does it is absent. */
  readonly samplesRead: Offsets;
  /** Whether a prediction has come to where it is kept. */
  readonly isLanded: (prediction: ReceivedMessage) => boolean;
  readonly signal?: AbortSignal;
}

export interface TopicErasure {
  readonly topic: string;
  /** Messages of the person that no reader finds any more. */
  readonly removed: number;
  /** Messages of the person that somebody still has to read. */
  readonly kept: number;
  /** When those go by themselves at the latest; null: never. */
  readonly retentionMs: number | null;
}

/** Whether a message is the person's: by its key, or by what it says. */
export function isMessageOf(person: StreamPerson): (message: ReceivedMessage) => boolean {
  const holds = createFinder(person);
  const devices = new Set(person.devices);
  return ({ key, value, headers }) =>
    (key !== null && devices.has(key)) ||
    holds(JSON.stringify([key, headers])) ||
    (value !== null && holds(value.toString('utf8')));
}

/** By partition, where the person's messages lie. */
async function offsetsOf(broker: Broker, topic: string, { person, signal }: EraseRequest) {
  const isTheirs = isMessageOf(person);
  const found = new Map<number, number[]>();
  for await (const batch of broker.read({ topic, signal })) {
    for (const { partition, offset } of batch.filter(isTheirs)) {
      found.set(partition, [...(found.get(partition) ?? []), offset]);
    }
  }
  signal?.throwIfAborted();
  return found;
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((a, b) => a + b, 0);

/** Deletes what lies before the person's last message, as far as it was worked on. */
async function cutOff(broker: Broker, topic: string, request: EraseRequest) {
  const found = await offsetsOf(broker, topic, request);
  const before: Record<number, number> = {};
  const kept: number[] = [];
  for (const [partition, offsets] of found) {
    const read = request.samplesRead[partition] ?? Infinity;
    const last = offsets.findLast((offset) => offset < read);
    if (last !== undefined) before[partition] = last + 1;
    kept.push(offsets.filter((offset) => offset >= read).length);
  }
  await broker.deleteRecords(topic, before);
  const total = sum([...found.values()].map(({ length }) => length));
  return { removed: total - sum(kept), kept: sum(kept) };
}

async function* inChunks(broker: Broker, topic: string, from: Offsets, to: Offsets) {
  let chunk: ReceivedMessage[] = [];
  for await (const batch of broker.read({ topic, from, to })) {
    for (const message of batch) {
      chunk.push(message);
      if (chunk.length < MESSAGES_AT_ONCE) continue;
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

/**
 * Puts what others still need at the end of the topic and deletes up to the person's last message.
 * The copies and how far they go are committed together: none is made twice.
 */
async function moveOthers(
  broker: Broker,
  topic: string,
  request: EraseRequest,
  isNeeded: (message: ReceivedMessage) => boolean,
) {
  const { person, name } = request;
  const isTheirs = isMessageOf(person);
  const group = `erase/${name}/${topic}`;
  const moved = await broker.committed(group, topic);
  const offsets = Object.fromEntries(
    [...moved].map(([partition, { offset }]) => [partition, offset]),
  );
  await broker.deleteRecords(topic, offsets);
  const found = await offsetsOf(broker, topic, request);
  const producer = await broker.openTransactional(group);
  try {
    for (const [partition, theirs] of found) {
      const to = { [partition]: (theirs.at(-1) as number) + 1 };
      for await (const chunk of inChunks(broker, topic, {}, to)) {
        const offset = (chunk.at(-1) as ReceivedMessage).offset + 1;
        const messages = chunk.filter((each) => !isTheirs(each) && isNeeded(each)).map(outgoing);
        const commit = { group, topic, partition, offset, metadata: '' };
        await producer.commit([{ topic, messages }], () => [commit]);
        await broker.deleteRecords(topic, { [partition]: offset });
      }
    }
  } finally {
    await producer.close();
  }
  return { removed: sum([...found.values()].map(({ length }) => length)), kept: 0 };
}

const outgoing = ({ key, value, headers }: ReceivedMessage): OutgoingMessage => ({
  key,
  value,
  headers,
});

/** Repeating it is harmless. Messages of others that are still needed stay readable, each once. */
export async function eraseFromTopics(
  broker: Broker,
  request: EraseRequest,
): Promise<TopicErasure[]> {
  const { topics, isLanded } = request;
  const works: [string, (topic: string) => Promise<{ removed: number; kept: number }>][] = [
    // Their order by device matters: they cannot be moved.
    [topics.samples, (topic) => cutOff(broker, topic, request)],
    [topics.predictions, (topic) => moveOthers(broker, topic, request, (each) => !isLanded(each))],
    [topics.late, (topic) => moveOthers(broker, topic, request, () => true)],
    [topics.deadLetter, (topic) => moveOthers(broker, topic, request, () => true)],
  ];
  const erased: TopicErasure[] = [];
  for (const [topic, work] of works) {
    request.signal?.throwIfAborted();
    const done = await work(topic);
    erased.push({ topic, ...done, retentionMs: await broker.retention(topic) });
  }
  return erased;
}

export interface TopicSearch {
  readonly topic: string;
  readonly messages: number;
  readonly found: number;
}

/** Reads every topic from its beginning. */
export async function searchTopics(
  broker: Broker,
  { topics, person, signal }: Pick<EraseRequest, 'topics' | 'person' | 'signal'>,
): Promise<TopicSearch[]> {
  const isTheirs = isMessageOf(person);
  const searched: TopicSearch[] = [];
  for (const topic of Object.values(topics) as string[]) {
    let [messages, found] = [0, 0];
    for await (const batch of broker.read({ topic, signal })) {
      messages += batch.length;
      found += batch.filter(isTheirs).length;
    }
    signal?.throwIfAborted();
    searched.push({ topic, messages, found });
  }
  return searched;
}
