/** How far a topic goes now, told so that a topic that is made anew later is known for another one. */
import { fingerprintOf } from '../core/message-fingerprint';
import type { LastRead } from './made-anew';
import type { Broker } from './ports';
import {
  deviceTopicSpecs,
  topicSpecs,
  type DeviceTopics,
  type TopicNames,
  type TopicShape,
} from './topics';
import type { LandedTo } from './unlanded';

// The last offsets of a topic may be markers of transactions, which are no messages.
const LOOKED_BACK = 1_000;

/** As if everything had been read. */
async function topicEnd(
  broker: Pick<Broker, 'bounds' | 'read'>,
  topic: string,
): Promise<Required<Omit<LandedTo, 'former'>>> {
  const bounds = [...(await broker.bounds(topic))];
  const endOffsets = Object.fromEntries(bounds.map(([partition, { end }]) => [partition, end]));
  const from = Object.fromEntries(
    bounds.map(([partition, { start, end }]) => [partition, Math.max(start, end - LOOKED_BACK)]),
  );
  const lastRead: Record<number, LastRead[number]> = {};
  for await (const messages of broker.read({ topic, from, to: endOffsets })) {
    for (const message of messages) {
      const { partition, offset } = message;
      lastRead[partition] = { offset, fingerprint: fingerprintOf(message) };
    }
  }
  return { endOffsets, lastRead };
}

/** Of the topics that samples come by, and predictions. */
export async function streamEnds(
  broker: Pick<Broker, 'bounds' | 'read' | 'ensureTopics'>,
  topics: TopicNames,
  shape?: TopicShape,
) {
  await broker.ensureTopics(topicSpecs(topics, shape));
  return {
    samples: await topicEnd(broker, topics.samples),
    predictions: await topicEnd(broker, topics.predictions),
  };
}

/** Of the topic that devices' events come by, under its name. */
export async function eventEnds(
  broker: Pick<Broker, 'bounds' | 'read' | 'ensureTopics'>,
  topics: DeviceTopics,
  shape?: TopicShape,
) {
  await broker.ensureTopics(deviceTopicSpecs(topics, shape));
  return { [topics.events]: await topicEnd(broker, topics.events) };
}
