/** What of a topic has not come to its table: also where the topic was made anew since. */
import { nextRange, type EventRange } from './event-range';
import { madeAnew, type LastRead } from './made-anew';
import type { Broker, Offsets } from './ports';

/** How far a topic has been landed; empty before anything was. */
export interface LandedTo {
  /** Exclusive. */
  readonly endOffsets?: Offsets;
  /** The last message of each partition; absent in earlier manifests. */
  readonly lastRead?: LastRead;
  /**
   * By model, what its predictor had written to partitions of a topic that was made anew since: it says so until it writes there
   * again, and nobody has to wait for it.
   */
  readonly former?: Readonly<Record<string, Offsets>>;
}

export async function unlandedRange(
  broker: Broker,
  topic: string,
  { endOffsets = {}, lastRead = {} }: LandedTo,
): Promise<EventRange> {
  const bounds = await broker.bounds(topic);
  const anew = await madeAnew(broker, topic, { bounds, lastRead });
  return nextRange(bounds, endOffsets, Infinity, anew);
}
