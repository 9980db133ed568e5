/** Sends rejected messages to their dead-letter topic, each once, whatever happens to the sender. */
import { hash } from 'node:crypto';
import { REASON_HEADER } from './device-headers';
import { letterOf } from './letter';
import type { Broker, Offsets, OutgoingMessage, ReceivedMessage } from './ports';
import { endsOf } from './ports';

export interface DeadLetter extends ReceivedMessage {
  readonly reason: string;
  readonly detail: string | null;
}

export interface DeadLetterRequest {
  readonly source: string;
  readonly topic: string;
  /** Where the topic ended before any of these letters can have been sent, by whomever. */
  readonly from: Offsets;
  /** In the order of the source; read twice when there are some. */
  readonly letters: () => AsyncIterable<DeadLetter>;
  readonly signal?: AbortSignal;
}

const MESSAGES_A_TRANSACTION = 500;
const BYTES_A_TRANSACTION = 4_000_000;
const SOURCE = { topic: 'source-topic', partition: 'source-partition', offset: 'source-offset' };

const messageOf = (source: string, letter: DeadLetter): OutgoingMessage =>
  letterOf(letter, {
    [REASON_HEADER]: letter.reason,
    ...(letter.detail === null ? {} : { detail: letter.detail }),
    [SOURCE.topic]: source,
    [SOURCE.partition]: String(letter.partition),
    [SOURCE.offset]: String(letter.offset),
  });

/** With what is said there: of a topic that was made anew another message has the same place. */
const placeOf = (
  partition: number | string,
  offset: number | string,
  value: string | Buffer | null,
): string => `${partition}/${offset}/${value === null ? '' : hash('sha256', value)}`;

/** Places of the messages whose letters the topic holds already. */
async function sentPlaces(broker: Broker, request: DeadLetterRequest): Promise<Set<string>> {
  const { source, topic, from, signal } = request;
  const to = endsOf(await broker.bounds(topic));
  const places = new Set<string>();
  for await (const messages of broker.read({ topic, from, to, signal })) {
    for (const { headers, value } of messages) {
      if (headers[SOURCE.topic] !== source) continue;
      places.add(placeOf(headers[SOURCE.partition] ?? '', headers[SOURCE.offset] ?? '', value));
    }
  }
  signal?.throwIfAborted();
  return places;
}

const bytesOf = ({ value }: OutgoingMessage): number => value?.length ?? 0;

async function isEmpty(letters: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _letter of letters) return false;
  return true;
}

/**
 * The id belongs to one sender at a time: whoever opens it fences the sender before, and its last transaction
 * is then decided. So what the topic holds says exactly which letters are left to send.
 */
export async function sendDeadLetters(
  broker: Broker,
  request: DeadLetterRequest,
): Promise<{ sent: number }> {
  const { source, topic, letters, signal } = request;
  if (await isEmpty(letters())) return { sent: 0 };
  const producer = await broker.openTransactional(`${topic}/${source}`);
  let sent = 0;
  try {
    const present = await sentPlaces(broker, request);
    let waiting: OutgoingMessage[] = [];
    let bytes = 0;
    const commit = async () => {
      if (waiting.length > 0) await producer.commit([{ topic, messages: waiting }], () => []);
      sent += waiting.length;
      waiting = [];
      bytes = 0;
    };
    for await (const letter of letters()) {
      signal?.throwIfAborted();
      const message = messageOf(source, letter);
      if (present.has(placeOf(letter.partition, letter.offset, message.value))) continue;
      if (bytes + bytesOf(message) > BYTES_A_TRANSACTION) await commit();
      waiting.push(message);
      bytes += bytesOf(message);
      if (waiting.length >= MESSAGES_A_TRANSACTION) await commit();
    }
    await commit();
  } finally {
    await producer.close();
  }
  return { sent };
}
