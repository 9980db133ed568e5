/** Waits until a predictor has passed given offsets, as long as there is something that it could read there. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError } from '../core/errors';
import type { Broker, Offsets } from './ports';
import { fetchProgress, hasPassed, type ProgressByPartition } from './progress';
import type { TopicNames } from './topics';

export interface AwaitedPassing {
  readonly model: string;
  /** By partition of the samples, the last offset to be passed. */
  readonly lastOffsets: Offsets;
  /** How long a predictor may take for what it has read before it was deleted; a minute by default. */
  readonly deletedWithinMs?: number;
  readonly signal: AbortSignal;
}

const POLL_MS = 100;
const BOUNDS_EVERY_MS = 1_000;
const DELETED_WITHIN_MS = 60_000;

/** Partitions whose last offset lies before what the topic holds, or behind it as in a topic that was made anew. */
async function goneFrom(broker: Broker, topic: string, lastOffsets: Offsets): Promise<number[]> {
  const bounds = await broker.bounds(topic);
  return Object.entries(lastOffsets).flatMap(([name, last]) => {
    const { start, end } = bounds.get(Number(name)) ?? { start: 0, end: 0 };
    return last < start || last >= end ? [Number(name)] : [];
  });
}

const placesOf = (progress: ProgressByPartition, partitions: readonly number[]): string =>
  partitions.map((partition) => `${partition}:${progress.get(partition)?.next ?? 0}`).join();

/** Throws SAMPLES_DELETED when the samples are gone and the predictor does not come further. */
export async function awaitPassing(
  broker: Broker,
  topics: TopicNames,
  { model, lastOffsets, deletedWithinMs = DELETED_WITHIN_MS, signal }: AwaitedPassing,
): Promise<void> {
  // Where the predictor stands in partitions that are gone: it may still go on with what it has read.
  let standing = { places: '', sinceMs: 0 };
  let lookedAtMs = -Infinity;
  let gone: readonly number[] = [];
  for (;;) {
    const nowMs = performance.now();
    if (nowMs - lookedAtMs >= BOUNDS_EVERY_MS) {
      // Before the progress: what the predictor has passed by then was not missed.
      gone = await goneFrom(broker, topics.samples, lastOffsets);
      lookedAtMs = nowMs;
    }
    const progress = await fetchProgress(broker, topics, model);
    if (hasPassed(progress, lastOffsets)) return;
    const partitions = gone.filter(
      (partition) => (progress.get(partition)?.next ?? 0) <= (lastOffsets[partition] ?? 0),
    );
    const places = placesOf(progress, partitions);
    if (standing.places !== places) standing = { places, sinceMs: nowMs };
    if (partitions.length > 0 && nowMs - standing.sinceMs >= deletedWithinMs) {
      const context = { topic: topics.samples, partitions: partitions.join(', ') };
      throw new WatchlakeError('SAMPLES_DELETED', context);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}
