/** Plans an ingest: which recordings are new, and in which parts and batches they land. */
import { basename } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { contentHash, pseudonym } from '../../core/hash';
import type { IngestPlanBase } from '../dataset-format';
import { writeJson } from '../json';
import type { Lake } from '../lake';
import type { Source } from '../sources/source';
import { NOBODY, type Suppression } from '../suppression';
import type { DatasetDescriptor, LandingFacts } from './descriptor';
import { LANDING_TABLE, keyFingerprint, landingFacts } from './descriptor';
import { findManifest } from '../snapshots';
import { ingestFolder } from './ingest-folder';
import type { Channel, RecordingEntry, RecordingsLayout } from './recordings-layout';

// A part is what one retry repeats at most; a batch is the work of one activity.
const PART_BYTES = 4 * 1024 * 1024;
const BATCH_BYTES = 8 * 1024 * 1024;
const MAXIMUM_BATCHES = 50;
// Engines open every part's file: a large archive has larger parts, not more of them.
const MAXIMUM_PARTS = 500;

export interface IngestPlan extends IngestPlanBase {
  readonly formatVersion: 1;
  readonly channels: readonly Channel[];
  readonly keyFingerprint: string;
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

function refuseOtherDataset(
  source: string,
  descriptor: DatasetDescriptor,
  channels: readonly Channel[],
  fingerprint: string,
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
    const { line, recording } = entry;
    throw new WatchlakeError('RECORDING_DIFFERS', {
      file: 'recordings.csv',
      line,
      recording,
      dataset,
    });
  });
}

/** Fills groups in order until each has reached its size. */
export function groupBySize<T>(items: readonly T[], sizeOf: (item: T) => number, size: number) {
  const groups: T[][] = [];
  let filled = Infinity;
  for (const item of items) {
    if (filled >= size) {
      groups.push([]);
      filled = 0;
    }
    (groups.at(-1) as T[]).push(item);
    filled += sizeOf(item);
  }
  return groups;
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
export async function landedFacts(lake: Lake, dataset: string): Promise<LandingFacts | null> {
  const pointer = await lake.catalog.pointer({ dataset, table: LANDING_TABLE });
  if (pointer === null) return null;
  return landingFacts(await findManifest(lake, { dataset, table: LANDING_TABLE }));
}

export interface PlanRequest {
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
  const { dataset, source, layout, secret } = request;
  const landed = await landedFacts(lake, dataset);
  const fingerprint = keyFingerprint(secret);
  if (landed !== null) {
    refuseOtherDataset(source.name, landed.descriptor, layout.channels, fingerprint);
  }
  const others = await permitted(layout, request);
  const entries = newRecordings(others, landed, { dataset, secret });
  const total = entries.reduce((sum, { member }) => sum + member.bytes, 0);
  const partBytes = Math.max(PART_BYTES, total / (MAXIMUM_PARTS - 1));
  const parts = groupBySize(entries, ({ member }) => member.bytes, partBytes);
  return {
    formatVersion: 1,
    ingestId: source.contentHash,
    dataset,
    source: source.name,
    known: { stamp: source.stamp, contentHash: source.contentHash, members: source.members },
    channels: layout.channels,
    keyFingerprint: fingerprint,
    withdrawn: layout.recordings.length - others.recordings.length,
    parts: parts.map((part) => part.map(({ recording }) => recording)),
    batches: batchParts(parts),
  };
}

/** Another division into parts has another folder: their results never mix. */
export const partsFolder = (plan: IngestPlan): string =>
  `${ingestFolder(plan)}${contentHash(plan.parts)}/`;

export async function savePlan({ store }: Lake, plan: IngestPlan): Promise<string> {
  const key = `${ingestFolder(plan)}plan-${contentHash(plan.parts)}.json`;
  await writeJson(store, key, plan);
  return key;
}

export const sourceLabel = ({ source }: IngestPlan): string => basename(source);
