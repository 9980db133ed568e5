/** Events of devices for tests: made by hand, and landed without a broker. */
import { parseMessage, type EventMessage } from '../../lakehouse/devices/parse-message';
import { deviceFacts } from '../../lakehouse/devices/landing-facts';
import { landEvents, type LandingRequest } from '../../lakehouse/devices/land-events';
import { EVENTS_TABLE } from '../../lakehouse/devices/names';
import type { Lake } from '../../lakehouse/lake';
import type { SnapshotManifest } from '../../lakehouse/manifest';
import { findBase, publishSnapshot } from '../../lakehouse/published';
import { findManifestOrNull } from '../../lakehouse/snapshots';
import type { DeviceEvent } from '../../telemetry/event';

export const TOPIC = 'events_topic';

export interface MadeEvent {
  readonly device?: string;
  /** ISO, UTC. */
  readonly at: string;
  readonly hr?: number;
  readonly steps?: number;
  readonly state?: string;
  readonly sequence?: number;
  readonly [field: string]: unknown;
}

/** In the short spelling. */
export const eventJson = ({ device = 'watch-1', at, ...fields }: MadeEvent): string =>
  JSON.stringify({ device_id: device, timestamp: Date.parse(at) / 1000, ...fields });

/** A topic of one partition in memory, which only grows. */
export class FakeTopic {
  readonly messages: EventMessage[] = [];

  add(...values: (string | Buffer | null | MadeEvent)[]): this {
    for (const each of values) {
      const isMade = typeof each === 'object' && each !== null && !Buffer.isBuffer(each);
      const value = isMade ? eventJson(each) : each;
      this.messages.push({
        ...{ partition: 0, offset: this.messages.length, key: 'watch-1', headers: {} },
        value: typeof value === 'string' ? Buffer.from(value) : value,
      });
    }
    return this;
  }

  async *read(from: number, to: number): AsyncGenerator<readonly EventMessage[]> {
    for (let at = from; at < to; at += 3) yield this.messages.slice(at, Math.min(to, at + 3));
  }
}

export const eventsOf = ({ messages }: FakeTopic): DeviceEvent[] =>
  messages.flatMap((message) => {
    const parsed = parseMessage(message);
    return parsed.ok ? [parsed.event] : [];
  });

export const presentEvents = (lake: Lake): Promise<SnapshotManifest | null> =>
  findManifestOrNull(lake, { dataset: 'devices', table: EVENTS_TABLE });

/** What has arrived since the last time, landed and published. */
export async function landAll(
  lake: Lake,
  topic: FakeTopic,
  options: Partial<LandingRequest> & { upTo?: number } = {},
): Promise<SnapshotManifest> {
  const base = await findBase(lake, { dataset: 'devices', table: EVENTS_TABLE });
  const { before: previous } = base;
  const from = deviceFacts(previous).offsets[TOPIC]?.[0] ?? 0;
  const { upTo = topic.messages.length, ...more } = options;
  const { manifest } = await landEvents(lake, previous, {
    ...{ dataset: 'devices', topic: TOPIC, fromOffsets: { 0: from }, toOffsets: { 0: upTo } },
    ...{
      skippedOffsets: 0,
      restarted: 0,
      deadLetterFrom: {},
      lateDays: 1,
      isWithdrawn: () => false,
    },
    isWithdrawnName: null,
    messages: topic.read(from, upTo),
    ...more,
  });
  await publishSnapshot(lake, manifest, base);
  return manifest;
}
