/** How far a topic of events has been read for a dataset. */
import type { Lake } from '../lake';
import type { SnapshotManifest } from '../manifest';
import { readManifest } from '../read-manifest';
import { removedStreams, type TopicPlace } from '../removed-streams';
import { deviceFacts } from './landing-facts';
import { EVENTS_TABLE } from './names';

/** By its snapshot; a topic that it knows nothing of, by the removal of an earlier dataset of the name, whose events do not come back. Nothing before anything was read. */
export async function landedTo(
  { store }: Pick<Lake, 'store'>,
  of: { dataset: string; topic: string; snapshot: SnapshotManifest | null },
): Promise<Partial<TopicPlace>> {
  const { dataset, topic, snapshot } = of;
  const { offsets, lastRead } = deviceFacts(snapshot);
  const endOffsets = offsets[topic];
  if (endOffsets !== undefined) return { endOffsets, lastRead: lastRead?.[topic] };
  return (await removedStreams(store, dataset))?.events?.[topic] ?? {};
}

/** Null also where it is lost or cut off: a lake that was damaged is to be removed as well. */
async function presentManifest(
  { store, catalog }: Lake,
  dataset: string,
): Promise<SnapshotManifest | null> {
  const pointer = await catalog.pointer({ dataset, table: EVENTS_TABLE });
  if (pointer === null) return null;
  try {
    return await readManifest(store, pointer.prefix);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Of the published snapshot, by topic: as far as each was read. */
export async function topicsRead(lake: Lake, dataset: string): Promise<Record<string, TopicPlace>> {
  const { offsets, lastRead } = deviceFacts(await presentManifest(lake, dataset));
  return Object.fromEntries(
    Object.entries(offsets).map(([topic, endOffsets]) => [
      topic,
      { endOffsets, lastRead: lastRead?.[topic] ?? {} },
    ]),
  );
}

/** Whether another dataset reads the topic as well: what is no event it finds there too. */
export async function hasOtherReader(
  lake: Lake,
  { dataset, topic }: { dataset: string; topic: string },
): Promise<boolean> {
  for (const { dataset: other, table } of await lake.catalog.list()) {
    if (table !== EVENTS_TABLE || other === dataset) continue;
    if ((await topicsRead(lake, other))[topic] !== undefined) return true;
  }
  return false;
}
