/** What is known of a dataset from what has landed: its channels, labels and rate. */
import { pseudonym } from '../../core/hash';
import type { ActivityRules } from '../casas/activities';
import type { UnreadColumn } from '../dataset-format';
import type { Lake } from '../lake';
import type { SnapshotManifest } from '../manifest';
import { findManifest } from '../snapshots';
import { unknownDataset } from '../unknown-names';
import type { Channel } from './recordings-layout';

/** Formats whose archives hold recordings of people, with their landing tables. */
export const SAMPLES_LANDING = {
  recordings: 'recordings_landing',
  casas: 'casas_landing',
  arwise: 'arwise_landing',
} as const;
export type SamplesFormatName = keyof typeof SAMPLES_LANDING;
export const SAMPLES_FORMATS = Object.keys(SAMPLES_LANDING) as SamplesFormatName[];

export const LANDING_TABLE = SAMPLES_LANDING.recordings;

export interface DatasetDescriptor {
  readonly formatVersion: 1;
  readonly dataset: string;
  readonly format: SamplesFormatName;
  readonly channels: readonly Channel[];
  /** Every label seen, sorted. */
  readonly labels: readonly string[];
  /** From the median distance between successive samples of the first archive that had any. */
  readonly rateHz: number;
  /** Tells whether the pseudonyms were made with the same key, without telling the key. */
  readonly keyFingerprint: string;
}

/** One recording of the landing table; never the subject's name. */
export interface LandedRecording {
  readonly recording: string;
  readonly device: string;
  readonly subjectKey: string;
  readonly fingerprint: string;
  readonly rows: number;
  /** Of the file that it lay in, in formats of large files. */
  readonly bytes?: number;
  readonly crc32?: number;
  /** Lines that are no rows, by reason. */
  readonly quarantined?: Readonly<Record<string, number>>;
  /** Median distance between its first samples; null when there are fewer than two. */
  readonly periodMs: number | null;
  readonly labels: readonly string[];
}

export interface LandedIngest {
  readonly ingestId: string;
  readonly source: string;
  readonly recordings: number;
  /** Columns of its archive that nothing reads; absent when there are none. */
  readonly unread?: readonly UnreadColumn[];
}

export interface LandingFacts {
  readonly descriptor: DatasetDescriptor;
  readonly ingests: readonly LandedIngest[];
  readonly recordings: readonly LandedRecording[];
  /** Of the last archive that said anything of its labels. */
  readonly activities?: ActivityRules;
}

export const keyFingerprint = (subjectKey: string): string =>
  pseudonym(subjectKey, 'watchlake', 'fingerprint of the key');

export const landingFacts = (manifest: SnapshotManifest): LandingFacts =>
  manifest.facts as unknown as LandingFacts;

const median = (values: readonly number[]): number | null => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
};

/** Between successive samples; null when no recording has two. */
export const medianPeriodMs = (recordings: readonly LandedRecording[]): number | null =>
  median(recordings.flatMap(({ periodMs }) => (periodMs === null ? [] : [periodMs])));

// What three decimals can say; nothing can be divided by none.
const LOWEST_HZ = 0.001;

/** As a dataset keeps to it, whose first archive has such a distance. */
export const rateOf = (periodMs: number): number =>
  Math.max(LOWEST_HZ, Math.round((1000 / periodMs) * 1000) / 1000);

/** The features depend on the rate: later recordings must not change it for models and labels. */
function keptRate(before: LandingFacts | null): number | undefined {
  if (before === null) return undefined;
  const { descriptor, recordings } = before;
  const isErased = recordings.length === 0;
  const isMeasured = isErased || recordings.some(({ periodMs }) => periodMs !== null);
  return isMeasured ? descriptor.rateHz : undefined;
}

export function describeDataset(
  base: Pick<DatasetDescriptor, 'dataset' | 'format' | 'channels' | 'keyFingerprint'>,
  recordings: readonly LandedRecording[],
  before: LandingFacts | null,
): DatasetDescriptor {
  return {
    formatVersion: 1,
    ...base,
    labels: [...new Set(recordings.flatMap(({ labels }) => labels))].sort(),
    rateHz: keptRate(before) ?? rateOf(medianPeriodMs(recordings) ?? 1000),
  };
}

/** DATASET_NOT_FOUND when no recordings have landed under this name. */
export async function landingManifest(
  lake: Lake,
  dataset: string,
  snapshotId?: string,
): Promise<SnapshotManifest> {
  for (const table of Object.values(SAMPLES_LANDING)) {
    if ((await lake.catalog.pointer({ dataset, table })) === null) continue;
    return findManifest(lake, { dataset, table, snapshotId });
  }
  throw await unknownDataset(lake, dataset);
}

export async function datasetDescriptor(lake: Lake, dataset: string): Promise<DatasetDescriptor> {
  return landingFacts(await landingManifest(lake, dataset)).descriptor;
}
