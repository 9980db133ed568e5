/** What our topics hold, for whoever wants to look into them. */
import { WatchlakeError } from '../core/errors';
import { endsOf, type Broker, type ReceivedMessage } from './ports';

export interface TopicState {
  readonly topic: string;
  readonly partitions: number;
  /** At most: markers of transactions are among them. */
  readonly messages: number;
}

export interface ShownMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly bytes: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Null where it is no text; absent unless asked for. */
  readonly text?: string | null;
}

type Looking = Pick<Broker, 'topics' | 'bounds' | 'read'>;

// The last offsets of a partition may be markers of transactions, which are no messages.
const LOOKED_BACK = 1_000;

/** Those of the names that there are by now, in their order. */
export async function topicStates(
  broker: Looking,
  names: readonly string[],
): Promise<TopicState[]> {
  const present = new Set(await broker.topics());
  const states: TopicState[] = [];
  for (const topic of names.filter((name) => present.has(name))) {
    const bounds = [...(await broker.bounds(topic)).values()];
    const messages = bounds.reduce((sum, { start, end }) => sum + end - start, 0);
    states.push({ topic, partitions: bounds.length, messages });
  }
  return states;
}

function textOf(value: Buffer): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(value);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

const shown = ({ partition, offset, key, value, headers }: ReceivedMessage, withText: boolean) => ({
  ...{ partition, offset, key, bytes: value?.length ?? 0, headers },
  ...(withText ? { text: value === null ? null : textOf(value) } : {}),
});

/** The newest `limit` messages of each partition. USAGE_INVALID for a topic that is none of the names, or not there yet. */
export async function newestMessages(
  broker: Looking,
  names: readonly string[],
  { topic, limit, withText }: { topic: string; limit: number; withText: boolean },
): Promise<ShownMessage[]> {
  const states = await topicStates(broker, names);
  if (!states.some((state) => state.topic === topic)) {
    const there = states.map((state) => state.topic).join(', ') || 'none yet';
    throw new WatchlakeError('USAGE_INVALID', { detail: `There is no topic ${topic}: ${there}` });
  }
  const bounds = await broker.bounds(topic);
  const from = Object.fromEntries(
    [...bounds].map(([partition, { start, end }]) => [
      partition,
      Math.max(start, end - limit - LOOKED_BACK),
    ]),
  );
  const newest = new Map<number, ReceivedMessage[]>();
  for await (const messages of broker.read({ topic, from, to: endsOf(bounds) })) {
    for (const message of messages) {
      const held = newest.get(message.partition) ?? [];
      newest.set(message.partition, [...held, message].slice(-limit));
    }
  }
  return [...newest.keys()]
    .sort((a, b) => a - b)
    .flatMap((partition) => newest.get(partition) ?? [])
    .map((message) => shown(message, withText));
}
