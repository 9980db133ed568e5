/** Up to where the topics tell of a dataset that was removed: what lies there never counts for a later one of its name. */
import { readJsonOrNull, writeJson } from './json';
import type { Store } from './ports';

/** Of one topic; its shape is that of what a landing has read. */
export interface TopicPlace {
  readonly endOffsets: Readonly<Record<number, number>>;
  readonly lastRead: Readonly<
    Record<number, { readonly offset: number; readonly fingerprint: string }>
  >;
}

export interface RemovedTopics {
  readonly samples: TopicPlace;
  readonly predictions: TopicPlace;
  /** Of devices' events, by the topic's name; absent where none of the datasets held any. */
  readonly events?: Readonly<Record<string, TopicPlace>>;
}

export interface RemovedStreams extends RemovedTopics {
  readonly formatVersion: 1;
  /** How often a dataset of this name was removed. */
  readonly times: number;
}

const FOLDER = 'removed/';
const keyOf = (dataset: string): string => `${FOLDER}${dataset}.json`;

/** Null when no dataset of this name, or none with anything in the topics, was removed. */
export const removedStreams = (store: Store, dataset: string): Promise<RemovedStreams | null> =>
  readJsonOrNull<RemovedStreams>(store, keyOf(dataset));

/** Of all, by dataset. */
export async function allRemovedStreams(store: Store): Promise<Map<string, RemovedStreams>> {
  const found = new Map<string, RemovedStreams>();
  for await (const { key } of store.list(FOLDER)) {
    const dataset = key.slice(FOLDER.length, -'.json'.length);
    // Tables of a dataset that is called like this folder.
    if (dataset.includes('/')) continue;
    const removed = await removedStreams(store, dataset);
    if (removed !== null) found.set(dataset, removed);
  }
  return found;
}

/** Where the topics are empty there is nothing to remember. */
export async function rememberRemoved(
  store: Store,
  dataset: string,
  topics: RemovedTopics,
): Promise<void> {
  const { samples, predictions, events: read } = topics;
  const ends = [samples, predictions, ...Object.values(read ?? {})].flatMap((each) =>
    Object.values(each.endOffsets),
  );
  if (ends.every((end) => end === 0)) return;
  const before = await removedStreams(store, dataset);
  const times = (before?.times ?? 0) + 1;
  const events = before?.events || read ? { events: { ...before?.events, ...read } } : {};
  await writeJson(store, keyOf(dataset), {
    ...{ formatVersion: 1, times, samples, predictions },
    ...events,
  });
}
