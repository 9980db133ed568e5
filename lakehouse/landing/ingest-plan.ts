/** Plans an ingest: which recordings are new, and in which parts and batches they land. */
import { basename } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { contentHash, pseudonym } from '../../core/hash';
import type { ActivityRules } from '../casas/activities';
import type { IngestPlanBase, UnreadColumn } from '../dataset-format';
import { writeJson } from '../json';
import type { Lake } from '../lake';
import type { Source } from '../sources/source';
import { shownAddress } from '../sources/source-address';
import { NOBODY, type Suppression } from '../suppression';
import type { DatasetDescriptor, LandingFacts } from './descriptor';
import { keyFingerprint, landingFacts } from './descriptor';
import { findManifestOrNull } from '../snapshots';
import { groupBySize } from './group-by-size';
import { ingestFolder } from './ingest-folder';
import type { LandingKind } from './landing-kind';
import type { Channel, RecordingEntry, RecordingsLayout } from './recordings-layout';

// A batch is the work of one activity.
const BATCH_BYTES = 8 * 1024 * 1024;
const MAXIMUM_BATCHES = 50;

export interface IngestPlan extends IngestPlanBase {
  readonly formatVersion: 1;
  readonly channels: readonly Channel[];
  readonly keyFingerprint: string;
  readonly activities?: ActivityRules;
  /** Columns that nothing reads, as far as the layout tells; plans of earlier versions do not. */
  readonly unread?: readonly UnreadColumn[];
  /** Recordings of people who were erased: they stay out. */
  readonly withdrawn?: number;
  /** Recording ids by part. */
  readonly parts: readonly (readonly string[])[];
  /** Part numbers by batch. */
  readonly batches: readonly (readonly number[])[];
}

export const fingerprintOf = (entry: RecordingEntry, subjectKey: string): string =>
  contentHash([entry.member.bytes, entry.member.crc32, entry.device, entry.attributes, subjectKey]);

/** The key of a subject in this dataset: what stands for the name from here on. */
export const subjectKeyOf = (secret: string, dataset: string, subject: string): string =>
  pseudonym(secret, dataset, subject);

const channelText = (channels: readonly Channel[]): string =>
  channels
    .map(({ name, unit, minimum, maximum }) => `${name} [${unit}, ${minimum}…${maximum}]`)
    .join(', ');

/** CHANNELS_DIFFER or SUBJECT_KEY_CHANGED when an archive does not go with what has landed of its dataset. */
export function refuseOtherDataset(
  descriptor: DatasetDescriptor,
  {
    source,
    channels,
    keyFingerprint: fingerprint,
  }: Pick<IngestPlan, 'source' | 'channels' | 'keyFingerprint'>,
): void {
  const { dataset } = descriptor;
  if (contentHash(descriptor.channels) !== contentHash(channels)) {
    const [found, expected] = [channelText(channels), channelText(descriptor.channels)];
    throw new WatchlakeError('CHANNELS_DIFFER', { source, dataset, found, expected });
  }
  if (descriptor.keyFingerprint !== fingerprint) {
    throw new WatchlakeError('SUBJECT_KEY_CHANGED', { dataset });
  }
}

/** The recordings that have not landed yet; RECORDING_DIFFERS when one has, with other content. */
function newRecordings(
  layout: RecordingsLayout,
  landed: LandingFacts | null,
  { dataset, secret }: { dataset: string; secret: string },
): RecordingEntry[] {
  const known = new Map(landed?.recordings.map((each) => [each.recording, each.fingerprint]));
  return layout.recordings.filter((entry) => {
    const present = known.get(entry.recording);
    if (present === undefined) return true;
    const subjectKey = subjectKeyOf(secret, dataset, entry.subject);
    if (present === fingerprintOf(entry, subjectKey)) return false;
    const { listed, recording } = entry;
    throw new WatchlakeError('RECORDING_DIFFERS', { ...listed, recording, dataset });
  });
}

/** At most 50 batches whatever the size, so that the history stays short. */
function batchParts(parts: readonly (readonly RecordingEntry[])[]): number[][] {
  const sizes = parts.map((part) => part.reduce((sum, { member }) => sum + member.bytes, 0));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const size = Math.max(BATCH_BYTES, total / (MAXIMUM_BATCHES - 1));
  const numbers = parts.map((_, index) => index);
  return groupBySize(numbers, (number) => sizes[number] as number, size);
}

/** Facts of the published landing table, or null before the first ingest. */
export async function landedFacts(
  lake: Lake,
  dataset: string,
  { table }: LandingKind,
): Promise<LandingFacts | null> {
  const manifest = await findManifestOrNull(lake, { dataset, table });
  return manifest === null ? null : landingFacts(manifest);
}

export interface PlanRequest {
  readonly kind: LandingKind;
  readonly dataset: string;
  readonly source: Source;
  readonly layout: RecordingsLayout;
  readonly secret: string;
  readonly suppression?: Suppression;
}

/** The recordings of people who were not erased. */
async function permitted(
  layout: RecordingsLayout,
  { dataset, suppression = NOBODY }: PlanRequest,
): Promise<RecordingsLayout> {
  const gone = await suppression.keys(dataset);
  const isPermitted = ({ subject }: RecordingEntry): boolean =>
    !gone.has(suppression.keyOf(dataset, subject));
  return { ...layout, recordings: layout.recordings.filter(isPermitted) };
}

export async function planIngest(lake: Lake, request: PlanRequest): Promise<IngestPlan> {
  const { kind, dataset, source, layout, secret } = request;
  const landed = await landedFacts(lake, dataset, kind);
  const fingerprint = keyFingerprint(secret);
  if (landed !== null) {
    const { channels } = layout;
    refuseOtherDataset(landed.descriptor, {
      ...{ source: source.name, channels, keyFingerprint: fingerprint },
    });
  }
  const others = await permitted(layout, request);
  const entries = newRecordings(others, landed, { dataset, secret });
  const parts = kind.partsOf(entries);
  return {
    formatVersion: 1,
    format: kind.format,
    ingestId: source.contentHash,
    dataset,
    source: source.address,
    known: { stamp: source.stamp, contentHash: source.contentHash, members: source.members },
    channels: layout.channels,
    ...(layout.activities === undefined ? {} : { activities: layout.activities }),
    ...(layout.unread === undefined ? {} : { unread: layout.unread }),
    keyFingerprint: fingerprint,
    withdrawn: layout.recordings.length - others.recordings.length,
    parts: parts.map((part) => part.map(({ recording }) => recording)),
    batches: batchParts(parts),
  };
}

export async function savePlan({ store }: Lake, plan: IngestPlan): Promise<string> {
  const key = `${ingestFolder(plan)}plan-${contentHash(plan.parts)}.json`;
  await writeJson(store, key, plan);
  return key;
}

export const sourceLabel = ({ source }: IngestPlan): string => basename(shownAddress(source));

/** The plan's recordings in the archive as it is now. */
export function entriesOf(
  plan: IngestPlan,
  part: number,
  recordings: readonly RecordingEntry[],
): RecordingEntry[] {
  const byId = new Map(recordings.map((entry) => [entry.recording, entry]));
  return (plan.parts[part] ?? []).map((recording) => {
    const entry = byId.get(recording);
    if (entry === undefined) {
      throw new WatchlakeError('SOURCE_CHANGED', { source: shownAddress(plan.source) });
    }
    return entry;
  });
}
