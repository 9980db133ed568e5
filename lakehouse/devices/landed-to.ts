/** How far a topic of events has been read for a dataset. */
import type { Lake } from '../lake';
import type { SnapshotManifest } from '../manifest';
import { removedStreams } from '../removed-streams';
import { deviceFacts, type LastRead, type Offsets } from './landing-facts';

export interface LandedTo {
  /** Exclusive; absent before anything was read. */
  readonly endOffsets?: Offsets;
  readonly lastRead?: Readonly<Record<number, LastRead>>;
}

/** By its snapshot; where there is none, by the removal of an earlier dataset of the name, whose events do not come back. */
export async function landedTo(
  { store }: Pick<Lake, 'store'>,
  of: { dataset: string; topic: string; snapshot: SnapshotManifest | null },
): Promise<LandedTo> {
  const { dataset, topic, snapshot } = of;
  if (snapshot === null) return (await removedStreams(store, dataset))?.events?.[topic] ?? {};
  const { offsets, lastRead } = deviceFacts(snapshot);
  return { endOffsets: offsets[topic], lastRead: lastRead?.[topic] };
}
