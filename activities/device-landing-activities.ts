/** Steps that bring devices' events from Kafka into the lake, each once. */
import { Context } from '@temporalio/activity';
import { contentHash } from '../core/hash';
import { EVENTS_TABLE } from '../lakehouse/devices/names';
import { deadLettersMark, landEvents } from '../lakehouse/devices/land-events';
import { hasOtherReader, landedTo } from '../lakehouse/devices/landed-to';
import type { LandingRun } from '../lakehouse/devices/landing-facts';
import { deviceFacts, droppedBy } from '../lakehouse/devices/landing-facts';
import { rejectedMessages } from '../lakehouse/devices/rejected-messages';
import { refuseArchives } from '../lakehouse/formats';
import { writeJson } from '../lakehouse/json';
import type { Lake } from '../lakehouse/lake';
import type { SnapshotManifest } from '../lakehouse/manifest';
import { findBaseToLand, publishSnapshot } from '../lakehouse/published';
import { vacuum } from '../lakehouse/vacuum';
import {
  NOBODY,
  listNow,
  withdrawnDevices,
  withdrawnNames,
  type Suppression,
} from '../lakehouse/suppression';
import { sendDeadLetters } from '../streaming/dead-letters';
import { lagOf, nextRange } from '../streaming/event-range';
import { madeAnew } from '../streaming/made-anew';
import { endsOf, type Broker, type Offsets } from '../streaming/ports';
import { deviceTopicSpecs, type DeviceTopics, type TopicShape } from '../streaming/topics';
import { alive } from './alive';
import { asActivities } from './as-activities';
import { count, countFates } from './meters';

export interface DeviceLandingDeps {
  lake: Lake;
  broker: Broker;
  deviceTopics: DeviceTopics;
  topicShape?: TopicShape;
  /** Whose devices' events stay out; nobody's by default. */
  suppression?: Suppression;
}

export interface LandEventsInput {
  dataset: string;
  /** Of one run, so that it ends; the next one goes on. */
  maximumEvents: number;
  lateDays: number;
}

/** messages = rows + duplicates + withdrawn + rejected. */
export interface LandedEvents extends Omit<
  LandingRun,
  'topic' | 'fromOffsets' | 'dates' | 'deadLetterFrom'
> {
  /** Null when nothing has ever landed. */
  snapshotId: string | null;
  rejected: Record<string, number>;
  /** Dates whose files were written. */
  dates: number;
  tableRows: number;
  /** Whether the limit has left messages that were there when the run began. */
  more: boolean;
  /** Messages that wait on the topic now. */
  lag: number;
}

/** What a later attempt has to know: the snapshot that this one has published. */
interface LandingDetails {
  readonly published?: string;
}

const HOUR_MS = 3_600_000;

const NOTHING: Omit<LandedEvents, 'snapshotId' | 'tableRows'> = {
  ...{ messages: 0, rows: 0, duplicates: 0, withdrawn: 0, rejected: {}, late: 0 },
  ...{ skippedOffsets: 0, restarted: 0, dates: 0, more: false, lag: 0 },
};

function summaryOf(manifest: SnapshotManifest) {
  const { run } = deviceFacts(manifest);
  if (run === null) return NOTHING;
  const { topic: _topic, fromOffsets: _from, deadLetterFrom: _letters, ...counts } = run;
  return { ...NOTHING, ...counts, rejected: { ...run.rejected }, dates: run.dates.length };
}

function countRun(dataset: string, run: LandingRun | null): void {
  if (run === null) return;
  const { rows: usedRows, rejected: quarantined } = run;
  count('landedRows', usedRows, { dataset });
  const of = { dataset, table: EVENTS_TABLE };
  countFates({ ...of, usedRows, quarantined, dropped: droppedBy(run) });
}

export function createDeviceLandingActivities(deps: DeviceLandingDeps) {
  const { lake, broker, deviceTopics: topics, topicShape, suppression = NOBODY } = deps;

  /** Another dataset that reads the topic may have sent them long before. */
  async function lettersFrom({ dataset }: SnapshotManifest, run: LandingRun): Promise<Offsets> {
    if (Object.keys(run.rejected).length === 0) return run.deadLetterFrom;
    const isShared = await hasOtherReader(lake, { dataset, topic: run.topic });
    return isShared ? {} : run.deadLetterFrom;
  }

  /** A manifest exists before its letters are sent; with the mark beside it, they have been. */
  async function deliverLetters(manifest: SnapshotManifest, signal: AbortSignal): Promise<void> {
    const mark = deadLettersMark(manifest);
    const { run } = deviceFacts(manifest);
    if (run === null || (await lake.store.has(mark))) return;
    await sendDeadLetters(broker, {
      source: run.topic,
      topic: `${run.topic}.dead-letter`,
      from: await lettersFrom(manifest, run),
      letters: () => rejectedMessages(lake, manifest, signal),
      signal,
    });
    await writeJson(lake.store, mark, { sentAt: new Date().toISOString() });
  }

  /** `bounds` are those that decide whether another run has to follow. */
  async function landed(
    manifest: SnapshotManifest,
    bounds: Awaited<ReturnType<Broker['bounds']>>,
  ): Promise<LandedEvents> {
    const to = deviceFacts(manifest).offsets[topics.events] ?? {};
    return {
      ...summaryOf(manifest),
      snapshotId: manifest.snapshotId,
      tableRows: manifest.rows,
      more: lagOf(bounds, to) > 0,
      lag: lagOf(await broker.bounds(topics.events), to),
    };
  }

  return asActivities({
    // Safe to retry: it makes what is missing.
    async prepareDeviceTopics(): Promise<Record<string, never>> {
      await broker.ensureTopics(deviceTopicSpecs(topics, topicShape));
      return {};
    },

    // Safe to retry: the offsets lie in the manifest of the snapshot that holds the rows up to them, so what
    // was not published is read again and what was is not; letters are compared with what the topic holds.
    async landEvents({ dataset, maximumEvents, lateDays }: LandEventsInput): Promise<LandedEvents> {
      const { signal, report } = alive();
      const { published } = (Context.current().info.heartbeatDetails ?? {}) as LandingDetails;
      await refuseArchives(lake, dataset);
      const base = await findBaseToLand(lake, { dataset, table: EVENTS_TABLE });
      const { before: previous } = base;
      // A run that was killed between publishing and sending has left its letters to this one.
      if (previous !== null) await deliverLetters(previous, signal);
      const bounds = await broker.bounds(topics.events);
      // What an attempt has published that then failed to send its letters is told all the same.
      if (previous !== null && previous.snapshotId === published) return landed(previous, bounds);
      const of = { dataset, topic: topics.events, snapshot: previous };
      const { endOffsets = {}, lastRead = {} } = await landedTo(lake, of);
      const anew = await madeAnew(broker, topics.events, { bounds, lastRead });
      const range = nextRange(bounds, endOffsets, maximumEvents, anew);
      const tableRows = previous?.rows ?? 0;
      const snapshotId = previous?.snapshotId ?? null;
      // A gap is published also where nothing follows it: nobody would hear of it while the devices are silent.
      if (range.skipped === 0 && contentHash(range.from) === contentHash(range.to)) {
        return { ...NOTHING, snapshotId, tableRows };
      }
      const list = await listNow(suppression, dataset);
      const { manifest } = await landEvents(lake, previous, {
        dataset,
        topic: topics.events,
        fromOffsets: range.from,
        toOffsets: range.to,
        skippedOffsets: range.skipped,
        restarted: range.restarted.length,
        deadLetterFrom: endsOf(await broker.bounds(topics.deadLetter)),
        lateDays,
        messages: broker.read({ topic: topics.events, from: range.from, to: range.to, signal }),
        isWithdrawn: await withdrawnDevices(list, dataset),
        isWithdrawnName: await withdrawnNames(list, dataset),
        suppressed: list.hash,
        signal,
        onProgress: report,
      });
      await publishSnapshot(lake, manifest, base);
      report({ published: manifest.snapshotId } satisfies LandingDetails);
      countRun(dataset, deviceFacts(manifest).run);
      await deliverLetters(manifest, signal);
      return landed(manifest, bounds);
    },

    // Safe to retry: it removes what is still there and nothing refers to.
    async removeSuperseded({
      dataset,
      keepHours,
    }: {
      dataset: string;
      keepHours: number;
    }): Promise<{ snapshots: number; bytes: number }> {
      const { signal, report } = alive();
      let snapshots = 0;
      const onSnapshot = () => report({ snapshots: (snapshots += 1) });
      const of = { dataset, table: EVENTS_TABLE };
      const request = { ...of, dryRun: false, keepSnapshotIds: [], onSnapshot, signal };
      const { bytes } = await vacuum(lake, { ...request, graceMs: keepHours * HOUR_MS });
      return { snapshots, bytes };
    },
  });
}

export type DeviceLandingActivities = ReturnType<typeof createDeviceLandingActivities>;
