/** The names of the topics, consumer groups and transactional ids, and the topics' shapes. */
import type { TopicSpec } from './ports';

export interface TopicNames {
  readonly samples: string;
  readonly predictions: string;
  readonly control: string;
  readonly late: string;
  readonly deadLetter: string;
}

/** Another prefix keeps two installations apart on one cluster. */
export const topicNames = (prefix = 'watch'): TopicNames => ({
  samples: `${prefix}.samples`,
  predictions: `${prefix}.predictions`,
  control: `${prefix}.control`,
  late: `${prefix}.late`,
  deadLetter: `${prefix}.samples.dead-letter`,
});

/** Where devices' events arrive, and where those go that are none. */
export interface DeviceTopics {
  readonly events: string;
  readonly deadLetter: string;
}

export const DEFAULT_EVENTS_TOPIC = 'events_topic';

export const deviceTopics = (events: string = DEFAULT_EVENTS_TOPIC): DeviceTopics => ({
  events,
  deadLetter: `${events}.dead-letter`,
});

const DEFAULT_PARTITIONS = 4;

export interface TopicShape {
  readonly partitions?: number;
  readonly replicationFactor?: number;
}

/** The control topic is compacted, and has one partition: its messages have one order. */
export function topicSpecs(names: TopicNames, shape: TopicShape = {}): TopicSpec[] {
  const { partitions = DEFAULT_PARTITIONS, replicationFactor = 1 } = shape;
  const { control, ...streams } = names;
  return [
    ...Object.values(streams).map((topic: string) => ({ topic, partitions, replicationFactor })),
    { topic: control, partitions: 1, compacted: true, replicationFactor },
  ];
}

export const deviceTopicSpecs = (names: DeviceTopics, shape: TopicShape = {}): TopicSpec[] => {
  const { partitions = DEFAULT_PARTITIONS, replicationFactor = 1 } = shape;
  return Object.values(names).map((topic: string) => ({ topic, partitions, replicationFactor }));
};

/** The predictor's group: its offsets are the stream's memory. */
export const predictorGroup = (names: TopicNames, model: string): string =>
  `${names.predictions}/${model}`;

/** One id per input partition, so that whoever takes the partition fences the former owner. */
export const predictorTransactionalId = (topic: string, model: string, partition: number): string =>
  `${model}/${topic}/${partition}`;

/** Group and transactional id of a simulation: one name, one run at a time. */
export const simulationId = (names: TopicNames, name: string): string =>
  `${names.samples}/simulate/${name}`;
