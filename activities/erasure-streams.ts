/** How far the topics have been read by those who need them. */
import type { Lake } from '../lakehouse/lake';
import { findManifestOrNull } from '../lakehouse/snapshots';
import { PREDICTIONS_TABLE } from '../lakehouse/watch/model-tables';
import type { Registry } from '../registry/registry';
import type { Broker, Offsets, ReceivedMessage } from '../streaming/ports';
import { decodePrediction } from '../streaming/prediction';
import { predictorGroup, type TopicNames } from '../streaming/topics';

/** The lowest offset that a predictor would go on from, by partition. */
export async function samplesRead(
  broker: Broker,
  registry: Registry,
  topics: TopicNames,
): Promise<Offsets> {
  const lowest: Record<number, number> = {};
  for (const { model } of await registry.listModels()) {
    const committed = await broker.committed(predictorGroup(topics, model), topics.samples);
    for (const [partition, { offset }] of committed) {
      lowest[partition] = Math.min(lowest[partition] ?? Infinity, offset);
    }
  }
  return lowest;
}

/** Whether the prediction lies in its dataset's table. */
export async function landedPredictions(lake: Lake): Promise<(each: ReceivedMessage) => boolean> {
  const ends = new Map<string, Offsets>();
  for (const { dataset, table } of await lake.catalog.list()) {
    if (table !== PREDICTIONS_TABLE) continue;
    const manifest = await findManifestOrNull(lake, { dataset, table });
    ends.set(dataset, (manifest?.facts.endOffsets as Offsets | undefined) ?? {});
  }
  return ({ partition, offset, value }) => {
    if (value === null) return true;
    const { dataset } = decodePrediction(value);
    return offset < (ends.get(dataset)?.[partition] ?? 0);
  };
}
