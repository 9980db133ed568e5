/** Tells the predictor of a new champion over the control topic, and waits for its answer. */
import { z } from 'zod';
import type { Broker, Offsets, Producer, ReceivedMessage } from './ports';
import { endsOf } from './ports';
import type { TopicNames } from './topics';

const controlValue = z.object({ version: z.string() });

const answerKey = (model: string): string => `${model}/predictor`;

export interface ControlMessage {
  readonly kind: 'announced' | 'in-use';
  readonly version: string;
}

function controlMessage(model: string, { key, value }: ReceivedMessage): ControlMessage | null {
  const kind = key === model ? 'announced' : key === answerKey(model) ? 'in-use' : null;
  if (kind === null || value === null) return null;
  try {
    return { kind, ...controlValue.parse(JSON.parse(value.toString())) };
  } catch {
    return null; // Anybody can write to a topic; what is not ours says nothing to us.
  }
}

async function sendOnce(broker: Broker, send: (producer: Producer) => Promise<unknown>) {
  const producer = await broker.openProducer();
  try {
    await send(producer);
  } finally {
    await producer.close();
  }
}

/** Says that the champion is another one now. Saying it twice does no harm. */
export const announceVersion = (
  broker: Broker,
  { control }: TopicNames,
  { model, version }: { model: string; version: string },
): Promise<void> =>
  sendOnce(broker, (producer) =>
    producer.send(control, [{ key: model, value: JSON.stringify({ version }) }]),
  );

/** Says that all predictions from here on are of this version. */
export const confirmVersion = (
  broker: Broker,
  { control }: TopicNames,
  { model, version }: { model: string; version: string },
): Promise<void> =>
  sendOnce(broker, (producer) =>
    producer.send(control, [{ key: answerKey(model), value: JSON.stringify({ version }) }]),
  );

export interface FollowOptions {
  readonly model: string;
  readonly from?: Offsets;
  readonly signal: AbortSignal;
}

/** The model's control messages from an offset on, until the signal aborts. */
export async function* followControl(
  broker: Broker,
  { control }: TopicNames,
  { model, from, signal }: FollowOptions,
): AsyncGenerator<ControlMessage & { next: number }> {
  for await (const messages of broker.read({ topic: control, from, follow: true, signal })) {
    for (const message of messages) {
      const known = controlMessage(model, message);
      if (known) yield { ...known, next: message.offset + 1 };
    }
  }
}

export interface AwaitedVersion {
  readonly model: string;
  readonly version: string;
  /** The registry's champion of this moment; null when there is none. */
  readonly championVersion: (model: string) => Promise<string | null>;
  readonly signal: AbortSignal;
}

/**
 * Resolves when the predictor has said that it uses the version; at once if that was its last word. One that uses the
 * registry's present champion will not come to another: it does as well, when somebody has moved the alias meanwhile.
 */
export async function awaitVersion(
  broker: Broker,
  names: TopicNames,
  options: AwaitedVersion,
): Promise<void> {
  const { control: topic } = names;
  const { model, version, championVersion, signal } = options;
  const isIt = async (inUse: string): Promise<boolean> =>
    inUse === version || inUse === (await championVersion(model));
  const to = endsOf(await broker.bounds(topic));
  let inUse: string | undefined;
  for await (const messages of broker.read({ topic, to, signal })) {
    for (const message of messages) {
      const known = controlMessage(model, message);
      if (known?.kind === 'in-use') inUse = known.version;
    }
  }
  if (inUse !== undefined && (await isIt(inUse))) return;
  // Only what is said from here on counts: the predictor may have used the version before.
  for await (const message of followControl(broker, names, { model, signal, from: to })) {
    if (message.kind === 'in-use' && (await isIt(message.version))) return;
  }
  signal.throwIfAborted();
}
