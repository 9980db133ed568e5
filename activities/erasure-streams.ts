/** How far the topics have been read by those who need them. */
import { landedTo } from '../lakehouse/devices/landed-to';
import { EVENTS_TABLE } from '../lakehouse/devices/names';
import type { Lake } from '../lakehouse/lake';
import { allRemovedStreams } from '../lakehouse/removed-streams';
import { findManifestOrNull } from '../lakehouse/snapshots';
import { PREDICTIONS_TABLE } from '../lakehouse/watch/model-tables';
import type { Registry } from '../registry/registry';
import type { Broker, Offsets, ReceivedMessage } from '../streaming/ports';
import { predictionOrNull } from '../streaming/prediction';
import { predictorGroup, type DeviceTopics, type TopicNames } from '../streaming/topics';
import { unlandedRange, type LandedTo } from '../streaming/unlanded';

/** By partition the lowest of all; of a partition that few have, theirs. */
function lowestOf(all: readonly Offsets[]): Offsets {
  const lowest: Record<number, number> = {};
  for (const [partition, offset] of all.flatMap((each) => Object.entries(each)))
    lowest[Number(partition)] = Math.min(lowest[Number(partition)] ?? Infinity, offset);
  return lowest;
}

/**
 * The lowest offset that a predictor would go on from, by partition; empty where no model is registered. A model that has
 * committed nothing in a partition begins at its start.
 */
export async function samplesRead(
  broker: Broker,
  registry: Registry,
  topics: TopicNames,
): Promise<Offsets> {
  const read: Offsets[] = [];
  const partitions = [...(await broker.bounds(topics.samples)).keys()];
  for (const { model } of await registry.listModels()) {
    const committed = await broker.committed(predictorGroup(topics, model), topics.samples);
    const next = partitions.map((partition) => [partition, committed.get(partition)?.offset ?? 0]);
    read.push(Object.fromEntries(next) as Offsets);
  }
  return lowestOf(read);
}

/**
 * Up to where events have landed, by partition: in the dataset, and in all others that land the same topic, whose
 * events of other people would be lost. Of a partition that was made anew since, nothing has.
 */
export async function landedEvents(
  { lake, broker, deviceTopics }: { lake: Lake; broker: Broker; deviceTopics: DeviceTopics },
  dataset: string,
): Promise<Offsets> {
  const topic = deviceTopics.events;
  const read: Offsets[] = [];
  const tables = (await lake.catalog.list()).filter(({ table }) => table === EVENTS_TABLE);
  for (const each of new Set([dataset, ...tables.map((pointer) => pointer.dataset)])) {
    const snapshot = await findManifestOrNull(lake, { dataset: each, table: EVENTS_TABLE });
    const landed = await landedTo(lake, { dataset: each, topic, snapshot });
    if (each !== dataset && landed.endOffsets === undefined) continue;
    read.push((await unlandedRange(broker, topic, landed)).from);
  }
  return lowestOf(read);
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
  const known = new Map<string, LandedTo>();
  // Of a dataset that was removed nobody needs any.
  for (const [dataset, removed] of await allRemovedStreams(lake.store))
    known.set(dataset, removed.predictions);
  for (const { dataset, table } of await lake.catalog.list()) {
    if (table !== PREDICTIONS_TABLE) continue;
    const manifest = await findManifestOrNull(lake, { dataset, table });
    known.set(dataset, manifest?.facts ?? {});
  }
  const ends = new Map<string, Offsets>();
  for (const [dataset, landed] of known) {
    const { restarted } = await unlandedRange(broker, topics.predictions, landed);
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
