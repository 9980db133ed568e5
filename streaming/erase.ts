/** Takes one person's messages out of the topics, as far as nobody still has to read them. */
import { namesIn } from '../core/names-in';
import type { Needles } from '../core/needles';
import { createFinder } from '../core/needles';
import type { Broker, Offsets, OutgoingMessage, ReceivedMessage } from './ports';
import type { DeviceTopics, TopicNames } from './topics';

// What one transaction moves.
const MESSAGES_AT_ONCE = 500;

export interface StreamPerson extends Needles {
  /** Devices that are this person's alone: keys of their messages. */
  readonly devices: readonly string[];
}

interface Erasing {
  readonly person: StreamPerson;
  /** Names the erasure on the broker: a retry goes on where it was. */
  readonly name: string;
  readonly signal?: AbortSignal;
}

export interface EraseRequest extends Erasing {
  readonly topics: TopicNames;
  /** Up to where all who work on samples have read, by partition; empty where nobody does. */
  readonly samplesRead: Offsets;
  /** Whether a prediction has come to where it is kept. */
  readonly isLanded: (prediction: ReceivedMessage) => boolean;
}

interface DevicePerson {
  readonly person: StreamPerson;
  /** Whether a device was an erased person's: after its erasure nothing but a hash tells. */
  readonly isWithdrawn: (device: string) => boolean;
}

export interface EraseDeviceRequest extends Erasing, DevicePerson {
  readonly topics: DeviceTopics;
  /** Up to where events have landed, by partition; nothing has where it is absent. */
  readonly landed: Offsets;
}

/** One topic, and what makes a message of it the person's. */
interface Work extends Erasing {
  readonly topic: string;
  readonly isTheirs: IsTheirs;
}

export interface TopicErasure {
  readonly topic: string;
  /** Messages of the person that no reader finds any more. */
  readonly removed: number;
  /** Messages of the person that somebody still has to read. */
  readonly kept: number;
  /** When those go by themselves at the latest; null: never. */
  readonly retentionMs: number | null;
  /** Offsets from which messages wait, by partition, where that is known of the whole topic. */
  readonly waitsFrom?: Offsets;
}

/** What device messages say is JSON, or was to be: there even a short name of a device stands in quotes. */
function isDeviceMessageOf({ person, isWithdrawn }: DevicePerson): IsTheirs {
  const isTheirs = isMessageOf(person);
  const quoted = person.devices.map((device) => JSON.stringify(device));
  return (message) => {
    if (isTheirs(message) || (message.key !== null && isWithdrawn(message.key))) return true;
    const text = message.value?.toString('utf8') ?? '';
    return quoted.some((device) => text.includes(device)) || [...namesIn(text)].some(isWithdrawn);
  };
}

type IsTheirs = (message: ReceivedMessage) => boolean;

/** Whether a message is the person's: by its key, or by what it says. */
export function isMessageOf(person: StreamPerson): IsTheirs {
  const holds = createFinder(person);
  const devices = new Set(person.devices);
  return ({ key, value, headers }) =>
    (key !== null && devices.has(key)) ||
    holds(JSON.stringify([key, headers])) ||
    (value !== null && holds(value.toString('utf8')));
}

/** What lies in one partition of the person: messages that were worked on, and those that were not. */
interface FoundIn {
  removed: number;
  kept: number;
  /** Of those that were worked on; -1 when there is none. */
  last: number;
}

/** By partition; one that holds nothing of the person is absent. */
async function findTheirs(
  broker: Broker,
  { topic, isTheirs, signal }: Work,
  readTo: (partition: number) => number,
): Promise<Map<number, FoundIn>> {
  const found = new Map<number, FoundIn>();
  for await (const batch of broker.read({ topic, signal })) {
    for (const { partition, offset } of batch.filter(isTheirs)) {
      const of = found.get(partition) ?? { removed: 0, kept: 0, last: -1 };
      found.set(partition, of);
      if (offset < readTo(partition)) [of.removed, of.last] = [of.removed + 1, offset];
      else of.kept += 1;
    }
  }
  signal?.throwIfAborted();
  return found;
}

function countsOf(found: ReadonlyMap<number, FoundIn>): { removed: number; kept: number } {
  const counts = { removed: 0, kept: 0 };
  for (const { removed, kept } of found.values()) {
    counts.removed += removed;
    counts.kept += kept;
  }
  return counts;
}

/** Deletes what lies before the person's last message, as far as it was worked on. */
async function cutOff(broker: Broker, work: Work, readTo: (partition: number) => number) {
  const found = await findTheirs(broker, work, readTo);
  const worked = [...found].filter(([, { last }]) => last >= 0);
  const before = Object.fromEntries(worked.map(([partition, { last }]) => [partition, last + 1]));
  await broker.deleteRecords(work.topic, before);
  return countsOf(found);
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
  work: Work,
  isNeeded: (message: ReceivedMessage) => boolean,
) {
  const { topic, name, isTheirs } = work;
  const group = `erase/${name}/${topic}`;
  // Fences an attempt that was given up and still goes on: how far it came is settled from here on.
  const producer = await broker.openTransactional(group);
  try {
    const moved = await broker.committed(group, topic);
    const offsets = Object.fromEntries(
      [...moved].map(([partition, { offset }]) => [partition, offset]),
    );
    await broker.deleteRecords(topic, offsets);
    const found = await findTheirs(broker, work, () => Infinity);
    for (const [partition, { last }] of found) {
      const to = { [partition]: last + 1 };
      for await (const chunk of inChunks(broker, topic, {}, to)) {
        const offset = (chunk.at(-1) as ReceivedMessage).offset + 1;
        const messages = chunk.filter((each) => !isTheirs(each) && isNeeded(each)).map(outgoing);
        const commit = { group, topic, partition, offset, metadata: '' };
        await producer.commit([{ topic, messages }], () => [commit]);
        await broker.deleteRecords(topic, { [partition]: offset });
      }
    }
    return countsOf(found);
  } finally {
    await producer.close();
  }
}

const outgoing = ({ key, value, headers }: ReceivedMessage): OutgoingMessage => ({
  key,
  value,
  headers,
});

type Erased = Omit<TopicErasure, 'topic' | 'retentionMs'>;

async function eraseEach(
  broker: Broker,
  signal: AbortSignal | undefined,
  works: readonly [topic: string, erase: (topic: string) => Promise<Erased>][],
): Promise<TopicErasure[]> {
  const erased: TopicErasure[] = [];
  for (const [topic, erase] of works) {
    signal?.throwIfAborted();
    const done = await erase(topic);
    erased.push({ topic, ...done, retentionMs: await broker.retention(topic) });
  }
  return erased;
}

/** Repeating it is harmless. Messages of others that are still needed stay readable, each once. */
export function eraseFromTopics(broker: Broker, request: EraseRequest): Promise<TopicErasure[]> {
  const { topics, isLanded, samplesRead, signal } = request;
  const isTheirs = isMessageOf(request.person);
  const of = (topic: string): Work => ({ ...request, topic, isTheirs });
  const readTo = (partition: number) => samplesRead[partition] ?? Infinity;
  return eraseEach(broker, signal, [
    // Their order by device matters: they cannot be moved.
    [topics.samples, (topic) => cutOff(broker, of(topic), readTo)],
    [topics.predictions, (topic) => moveOthers(broker, of(topic), (each) => !isLanded(each))],
    [topics.late, (topic) => moveOthers(broker, of(topic), () => true)],
    [topics.deadLetter, (topic) => moveOthers(broker, of(topic), () => true)],
  ]);
}

/** The same for the events of devices: those that have not landed yet wait for it, and are left out there. */
export async function eraseFromDeviceTopics(
  broker: Broker,
  request: EraseDeviceRequest,
): Promise<TopicErasure[]> {
  const { topics, landed, signal } = request;
  const isTheirs = isDeviceMessageOf(request);
  const of = (topic: string): Work => ({ ...request, topic, isTheirs });
  const bounds = await broker.bounds(topics.events);
  const waitsFrom = Object.fromEntries(
    [...bounds.keys()].map((partition) => [partition, landed[partition] ?? 0]),
  );
  const cutEvents = async (topic: string): Promise<Erased> => ({
    ...(await cutOff(broker, of(topic), (partition) => waitsFrom[partition] ?? 0)),
    waitsFrom,
  });
  return eraseEach(broker, signal, [
    [topics.events, cutEvents],
    [topics.deadLetter, (topic) => moveOthers(broker, of(topic), () => true)],
  ]);
}

export interface TopicSearch {
  readonly topic: string;
  readonly messages: number;
  /** Messages of the person that nobody has to read any more. */
  readonly found: number;
  /** Those that somebody still has to read. */
  readonly waiting: number;
}

interface SearchRequest extends Pick<Erasing, 'person' | 'signal'> {
  /** What the erasure has left for its reader. */
  readonly erased: readonly TopicErasure[];
}

async function searchEach(
  broker: Broker,
  topics: object,
  { isTheirs, erased, signal }: SearchRequest & { isTheirs: IsTheirs },
): Promise<TopicSearch[]> {
  const searched: TopicSearch[] = [];
  for (const topic of Object.values(topics) as string[]) {
    const { kept = 0, waitsFrom } = erased.find((each) => each.topic === topic) ?? {};
    let [messages, found, beyond] = [0, 0, 0];
    for await (const batch of broker.read({ topic, signal })) {
      messages += batch.length;
      const theirs = batch.filter(isTheirs);
      found += theirs.length;
      // A device may go on sending: what came since waits as well.
      beyond += theirs.filter(
        ({ partition, offset }) => offset >= (waitsFrom?.[partition] ?? Infinity),
      ).length;
    }
    signal?.throwIfAborted();
    const waiting = waitsFrom === undefined ? Math.min(found, kept) : beyond;
    searched.push({ topic, messages, found: found - waiting, waiting });
  }
  return searched;
}

/** Reads every topic from its beginning. */
export const searchTopics = (
  broker: Broker,
  { topics, ...request }: SearchRequest & { topics: TopicNames },
): Promise<TopicSearch[]> =>
  searchEach(broker, topics, { ...request, isTheirs: isMessageOf(request.person) });

export const searchDeviceTopics = (
  broker: Broker,
  { topics, ...request }: SearchRequest & DevicePerson & { topics: DeviceTopics },
): Promise<TopicSearch[]> =>
  searchEach(broker, topics, { ...request, isTheirs: isDeviceMessageOf(request) });
