/** Reads the shipped recordings and cuts them into labelled windows with their features. */
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { fromBuffer } from 'yauzl';
import type { Entry, ZipFile } from 'yauzl';
import { readFile } from 'node:fs/promises';
import { PROJECT_ROOT } from '../core/project-root';
import type { FeatureSchema } from '../models/features';
import { extractFeatures, featureSchema } from '../models/features';
import type { SampleSpan } from '../models/signal';
import { DEFAULT_MAX_GAP_MS, DEFAULT_WINDOW } from '../models/signal';
import type { TrainingSet } from '../models/training-set';
import { isComplete, sliceWindow, windowId } from '../models/windows';

export const SAMPLE = join(PROJECT_ROOT, 'data', 'sample', 'watch-exercises.zip');
const DATASET = 'watch-exercises';
const RATE_HZ = 50;

interface Recording {
  readonly subject: string;
  readonly device: string;
  readonly span: SampleSpan;
  readonly label: string;
}

export interface SampleWindows {
  readonly schema: FeatureSchema;
  readonly features: Float32Array;
  readonly labels: string[];
  readonly subjects: string[];
  readonly devices: string[];
  readonly windowIds: string[];
  readonly startsMs: number[];
}

export const trainingSetOf = ({
  features,
  labels,
  subjects,
  devices,
  windowIds,
}: SampleWindows): TrainingSet => ({
  ...{ features, labels, windowIds },
  ...{ groups: subjects, blocks: devices },
});

async function readMembers(file: string): Promise<Map<string, string>> {
  const open = promisify<Buffer, { lazyEntries: boolean }, ZipFile>(fromBuffer);
  const archive = await open(await readFile(file), { lazyEntries: true });
  const members = new Map<string, string>();
  return new Promise((resolve, reject) => {
    const stream = promisify(archive.openReadStream.bind(archive) as OpenStream);
    archive.on('entry', (entry: Entry) => {
      stream(entry)
        .then(text)
        .then((content) => {
          members.set(entry.fileName, content);
          archive.readEntry();
        })
        .catch(reject);
    });
    archive.on('end', () => resolve(members));
    archive.on('error', reject);
    archive.readEntry();
  });
}

type OpenStream = (
  entry: Entry,
  callback: (error: Error | null, stream: NodeJS.ReadableStream) => void,
) => void;

type Row = Record<string, string>;

const rowsOf = (content: string | undefined): Row[] => parse(content ?? '', { columns: true });

/** Cells by column name, without an object for each of the many rows. */
function columnsOf(content: string | undefined): (name: string) => string[] {
  const [header, ...rows]: string[][] = parse(content ?? '');
  return (name) => {
    const column = (header ?? []).indexOf(name);
    return rows.map((row) => row[column] as string);
  };
}

function toRecording(
  metadata: Row,
  content: string | undefined,
  channels: readonly string[],
): Recording {
  const column = columnsOf(content);
  return {
    subject: metadata['subject'] as string,
    device: metadata['device'] as string,
    label: column('label')[0] as string,
    span: {
      timestampsMs: Float64Array.from(column('timestamp_ms'), Number),
      values: channels.map((channel) => Float32Array.from(column(channel), Number)),
    },
  };
}

/** In the order of recordings.csv; each recording of the sample has one label. */
export async function readSampleRecordings(
  file = SAMPLE,
): Promise<{ channels: string[]; recordings: Recording[] }> {
  const members = await readMembers(file);
  const channels = rowsOf(members.get('channels.csv')).map(({ channel }) => channel as string);
  const recordings = rowsOf(members.get('recordings.csv')).map((metadata) =>
    toRecording(metadata, members.get(`recordings/${metadata['recording']}.csv`), channels),
  );
  return { channels, recordings };
}

export function completeStarts({ timestampsMs }: SampleSpan): number[] {
  const { stepMs } = DEFAULT_WINDOW;
  const first = Math.floor((timestampsMs[0] as number) / stepMs) * stepMs;
  const signal = { window: DEFAULT_WINDOW, maxGapMs: DEFAULT_MAX_GAP_MS };
  const starts: number[] = [];
  for (let start = first; start <= (timestampsMs.at(-1) as number); start += stepMs) {
    if (isComplete(timestampsMs, start, signal)) starts.push(start);
  }
  return starts;
}

/** Every complete window of the sample, recording by recording in the order of recordings.csv. */
export async function readSampleWindows(file = SAMPLE): Promise<SampleWindows> {
  const { channels, recordings } = await readSampleRecordings(file);
  const schema = featureSchema({
    channels,
    rateHz: RATE_HZ,
    window: DEFAULT_WINDOW,
    maxGapMs: DEFAULT_MAX_GAP_MS,
  });
  const rows = recordings.flatMap((recording) =>
    completeStarts(recording.span).map((startMs) => ({ ...recording, startMs })),
  );
  const features = new Float32Array(rows.length * schema.names.length);
  rows.forEach(({ span, startMs }, index) => {
    const window = sliceWindow(span, startMs, schema.signal.window);
    features.set(extractFeatures(window, startMs, schema), index * schema.names.length);
  });
  return {
    schema,
    features,
    labels: rows.map(({ label }) => label),
    subjects: rows.map(({ subject }) => subject),
    devices: rows.map(({ device }) => device),
    windowIds: rows.map(({ device, startMs }) =>
      windowId({ dataset: DATASET, device, startMs, window: DEFAULT_WINDOW }),
    ),
    startsMs: rows.map(({ startMs }) => startMs),
  };
}
