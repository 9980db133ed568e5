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

/** By its snapshot; a topic that it knows nothing of, by the removal of an earlier dataset of the name, whose events do not come back. */
export async function landedTo(
  { store }: Pick<Lake, 'store'>,
  of: { dataset: string; topic: string; snapshot: SnapshotManifest | null },
): Promise<LandedTo> {
  const { dataset, topic, snapshot } = of;
  const { offsets, lastRead } = deviceFacts(snapshot);
  const endOffsets = offsets[topic];
  if (endOffsets !== undefined) return { endOffsets, lastRead: lastRead?.[topic] };
  return (await removedStreams(store, dataset))?.events?.[topic] ?? {};
}
