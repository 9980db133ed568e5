/** How far the topics have been read by those who need them. */
import type { Lake } from '../lakehouse/lake';
import { findManifestOrNull } from '../lakehouse/snapshots';
import { PREDICTIONS_TABLE } from '../lakehouse/watch/model-tables';
import type { Registry } from '../registry/registry';
import { unlandedRange, type LandedTo } from '../streaming/landing';
import type { Broker, Offsets, ReceivedMessage } from '../streaming/ports';
import { predictionOrNull } from '../streaming/prediction';
import { predictorGroup, type TopicNames } from '../streaming/topics';

/**
 * The lowest offset that a predictor would go on from, by partition; empty where no model is registered. A model that has
 * committed nothing in a partition begins at its start.
 */
export async function samplesRead(
  broker: Broker,
  registry: Registry,
  topics: TopicNames,
): Promise<Offsets> {
  const lowest: Record<number, number> = {};
  const partitions = [...(await broker.bounds(topics.samples)).keys()];
  for (const { model } of await registry.listModels()) {
    const committed = await broker.committed(predictorGroup(topics, model), topics.samples);
    for (const partition of partitions) {
      const offset = committed.get(partition)?.offset ?? 0;
      lowest[partition] = Math.min(lowest[partition] ?? Infinity, offset);
    }
  }
  return lowest;
}

/** Whether the prediction lies in its dataset's table. */
export async function landedPredictions({
  lake,
  broker,
  topics,
}: {
  lake: Lake;
  broker: Broker;
  topics: TopicNames;
}): Promise<(each: ReceivedMessage) => boolean> {
  const ends = new Map<string, Offsets>();
  for (const { dataset, table } of await lake.catalog.list()) {
    if (table !== PREDICTIONS_TABLE) continue;
    const manifest = await findManifestOrNull(lake, { dataset, table });
    const landed = (manifest?.facts ?? {}) as LandedTo;
    const { restarted } = await unlandedRange(broker, { topics, landed });
    const none = Object.fromEntries(restarted.map((partition) => [partition, 0]));
    ends.set(dataset, { ...landed.endOffsets, ...none });
  }
  return ({ partition, offset, value }) => {
    const prediction = value === null ? null : predictionOrNull(value);
    // What is no prediction lands nowhere: nobody needs it.
    if (prediction === null) return true;
    return offset < (ends.get(prediction.dataset)?.[partition] ?? 0);
  };
}
