/** What the command line shows of our topics. */
import {
  newestMessages,
  topicStates,
  type ShownMessage,
  type TopicState,
} from '../streaming/topic-view';
import { deviceTopics, topicNames } from '../streaming/topics';
import { awaitParts, type OnWait } from './awaited-parts';
import type { Config } from './config';
import { brokerOf, SILENT_STREAM_LOG } from './dependencies';

export interface CommandTopics {
  list(): Promise<TopicState[]>;
  newest(wanted: { topic: string; limit: number; withText: boolean }): Promise<ShownMessage[]>;
}

/** Needs Kafka alone. Throws STACK_NOT_RUNNING and STACK_NOT_READY. */
export async function openTopics(
  config: Config,
  onWait?: OnWait,
): Promise<{ topics: CommandTopics; close(): Promise<void> }> {
  const { kafka } = await awaitParts(config, { needed: ['kafka'], onWait });
  const addresses = { kafka: { brokers: kafka.brokers.split(',') } };
  const broker = brokerOf(config, addresses, SILENT_STREAM_LOG);
  const names = [topicNames(), deviceTopics(config.EVENTS_TOPIC)].flatMap(
    (each) => Object.values(each) as string[],
  );
  const topics: CommandTopics = {
    list: () => topicStates(broker, names),
    newest: (wanted) => newestMessages(broker, names, wanted),
  };
  return { topics, close: () => broker.close() };
}
