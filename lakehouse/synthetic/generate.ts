/** Makes recordings of people who never were, alike in their statistics to those of a dataset. */
import { stringify } from 'csv-stringify/sync';
import { WatchlakeError } from '../../core/errors';
import { createViews, withDuckdb, type DuckdbSession } from '../engines/duckdb-session';
import type { Lake } from '../lake';
import { datasetDescriptor, type DatasetDescriptor } from '../landing/descriptor';
import { findManifest } from '../snapshots';
import { usualGap } from '../watch/refresh-plan';
import { TRUSTED_TABLE } from '../watch/trusted';
import {
  besideArchive,
  describeArchive,
  refusePresent,
  writeArchive,
  type MadeFile,
  type WrittenArchive,
} from '../write-archive';
import { findBouts, segmentsOf, type BoutFacts } from './bouts';
import { learn, type Learned } from './learn';
import { checkedSynthetic, type SyntheticOptions } from './options';
import { personFile, type Made, type Model } from './person';

// About as long as any motion takes to repeat itself; a power of two for the Fourier transform.
const SEGMENT_SECONDS = 8;
const FEWEST_SAMPLES = 8;
/** Bounds the memory of what is learned from: some 40 MB for an activity of 50 channels. */
const MOST_SEGMENTS = 400;
// Each frequency has a covariance of all channels with all.
const MOST_CHANNELS = 64;

const segmentLength = (rateHz: number): number =>
  Math.max(FEWEST_SAMPLES, 2 ** Math.round(Math.log2(SEGMENT_SECONDS * rateHz)));

export interface SyntheticActivity {
  /** The empty text where nobody said what it was. */
  readonly activity: string;
  /** In the dataset, and what was made. */
  readonly seconds: number;
  readonly madeSeconds: number;
  readonly people: number;
  readonly segments: number;
}

export interface SyntheticArchive extends WrittenArchive {
  readonly formatVersion: 1;
  readonly options: SyntheticOptions;
  readonly dataset: string;
  /** Of the table of samples that it was learned from. */
  readonly snapshotId: string;
  readonly rateHz: number;
  readonly activities: readonly SyntheticActivity[];
  /** Activities that too few people showed for long enough. */
  readonly leftOut: readonly string[];
}

export const statisticsFile = (archive: string): string => besideArchive(archive, 'statistics');

export interface SyntheticProgress {
  readonly step: 'learning' | 'making';
  readonly done: number;
  readonly of: number;
  /** Written so far. */
  readonly bytes: number;
}

type OnProgress = (progress: SyntheticProgress) => void;

async function learnActivity(
  { connection }: DuckdbSession,
  { channels, rateHz }: DatasetDescriptor,
  { activity }: BoutFacts,
): Promise<Learned | null> {
  const length = segmentLength(rateHz);
  const segments = await segmentsOf(connection, {
    activity,
    channels: channels.map(({ name }) => name),
    lengthMs: (length * 1000) / rateHz,
    most: MOST_SEGMENTS,
  });
  return segments.length === 0 ? null : learn(segments, rateHz, length);
}

async function learnDataset(
  session: DuckdbSession,
  descriptor: DatasetDescriptor,
  leastPeople: number,
  onProgress?: OnProgress,
): Promise<{ model: Model; leftOut: string[] }> {
  const { dataset, rateHz } = descriptor;
  const { facts, following } = await findBouts(session.connection, usualGap(rateHz));
  const activities: (BoutFacts & Learned)[] = [];
  const leftOut: string[] = [];
  for (const [at, bouts] of facts.entries()) {
    onProgress?.({ step: 'learning', done: at, of: facts.length, bytes: 0 });
    const learned =
      bouts.people < leastPeople ? null : await learnActivity(session, descriptor, bouts);
    if (learned === null || learned.people < leastPeople) leftOut.push(bouts.activity ?? '');
    else activities.push({ ...bouts, ...learned });
  }
  if (activities.length === 0) {
    const seconds = Math.round(segmentLength(rateHz) / rateHz);
    throw new WatchlakeError('STATISTICS_TOO_FEW', { dataset, people: leastPeople, seconds });
  }
  const channels = descriptor.channels.map(({ name }) => name);
  return { model: { channels, rateHz, activities, following }, leftOut };
}

const nameOf = (person: number): string => `made-${String(person + 1).padStart(4, '0')}`;

function filesOf(
  { channels }: DatasetDescriptor,
  model: Model,
  { people, minutes, seed }: SyntheticOptions,
  made: Made,
): MadeFile[] {
  const names = Array.from({ length: people }, (_, person) => nameOf(person));
  const text = (name: string, rows: readonly object[]): MadeFile => ({
    name,
    chunks: () => [Buffer.from(stringify([...rows], { header: true }))],
  });
  return [
    text(
      'channels.csv',
      channels.map(({ name, ...others }) => ({ channel: name, ...others })),
    ),
    text(
      'recordings.csv',
      names.map((name) => ({ recording: name, subject: name, device: name })),
    ),
    ...names.map((name, person) => ({
      name: `recordings/${name}.csv`,
      chunks: () => personFile(model, { person, minutes, seed }, made),
    })),
  ];
}

const requireFewChannels = ({ dataset, channels }: DatasetDescriptor): void => {
  if (channels.length <= MOST_CHANNELS) return;
  const detail = `${dataset} has ${channels.length} channels; at most ${MOST_CHANNELS} can be made alike`;
  throw new WatchlakeError('INPUT_INVALID', { field: 'dataset', detail });
};

/**
 * A zip archive of the format `recordings`; the same table, options and machine give the same bytes. Beside it
 * `<archive>.statistics.json` says what was learned from and what was made. DATASET_NOT_FOUND, TARGET_EXISTS,
 * INPUT_INVALID, or STATISTICS_TOO_FEW where no activity has enough people.
 */
export async function generateLike(
  lake: Lake,
  { dataset, archive, signal }: { dataset: string; archive: string; signal?: AbortSignal },
  given: Partial<SyntheticOptions> = {},
  onProgress?: OnProgress,
): Promise<SyntheticArchive> {
  const options = checkedSynthetic(given);
  await refusePresent(archive);
  const descriptor = await datasetDescriptor(lake, dataset);
  requireFewChannels(descriptor);
  const manifest = await findManifest(lake, { dataset, table: TRUSTED_TABLE });
  const { store, duckdb } = lake;
  const { model, leftOut } = await withDuckdb(
    { store, options: duckdb, signal },
    async (session) => {
      await createViews(session, store, { [TRUSTED_TABLE]: manifest });
      return learnDataset(session, descriptor, options.leastPeople, onProgress);
    },
  );
  const made: Made = {};
  // The first two files are the archive's small tables.
  const written = await writeArchive(archive, filesOf(descriptor, model, options, made), (done) =>
    onProgress?.({
      step: 'making',
      done: Math.max(0, done.file - 1),
      of: options.people,
      bytes: done.bytes,
    }),
  );
  const generated: SyntheticArchive = {
    ...{ formatVersion: 1, options, dataset, snapshotId: manifest.snapshotId },
    ...{ rateHz: descriptor.rateHz, ...written, leftOut },
    activities: model.activities.map(({ activity, seconds, people, segments }) => ({
      activity: activity ?? '',
      ...{ seconds, madeSeconds: made[activity ?? ''] ?? 0, people, segments },
    })),
  };
  await describeArchive(archive, statisticsFile(archive), generated);
  return generated;
}
