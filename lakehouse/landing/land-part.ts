/** Lands one part of an archive: its recordings' rows as text, in one Parquet file. */
import { composed } from '../../core/letters';
import { withDuckdb } from '../engines/duckdb-session';
import { adoptFiles, copyToParquet } from '../engines/parquet-sink';
import type { RowAppender } from '../engines/row-appender';
import { createRowAppender } from '../engines/row-appender';
import type { UnreadColumn } from '../dataset-format';
import type { Lake } from '../lake';
import type { Source } from '../sources/source';
import type { ColumnDeclaration } from '../tables';
import { column } from '../tables';
import { columnPlaces, csvBatches } from './csv';
import type { LandedRecording } from './descriptor';
import type { IngestPlan } from './ingest-plan';
import { fingerprintOf, subjectKeyOf } from './ingest-plan';
import { landingColumns } from './landing-table';
import type { LandedPart } from './parts';
import { findPart, partsFolder, settlePart } from './parts';
import { createRecordingProfile } from './recording-profile';
import type { Channel, RecordingEntry } from './recordings-layout';
import { addUnread, unreadOf } from './unread-columns';

export interface PartRequest {
  readonly plan: IngestPlan;
  readonly part: number;
  readonly source: Source;
  /** The part's recordings, in the order of the plan. */
  readonly entries: readonly RecordingEntry[];
  readonly secret: string;
  readonly signal?: AbortSignal;
  readonly onRows?: (rows: number) => void;
}

const recordingColumns: readonly ColumnDeclaration[] = [
  column('place', 'integer', 'Order in the part'),
  ...['recording', 'device', 'subject', 'subject_key', 'attributes', 'source_file'].map((name) =>
    column(name, 'string', 'Same for all rows of the recording'),
  ),
];

/** The channels' names are the user's; inside the session the columns are numbered. */
const sampleColumns = (channels: readonly Channel[]): ColumnDeclaration[] => [
  column('place', 'integer', 'Recording in the part'),
  column('source_line', 'bigint', 'Line'),
  column('timestamp_text', 'string', 'Time'),
  column('label_text', 'string', 'Label'),
  ...channels.map((_, index) => column(`channel_${index}`, 'string', 'Value')),
];

function partSelect(channels: readonly Channel[]): string {
  const source: Record<string, string> = {
    timestamp_ms: 's.timestamp_text',
    label: 's.label_text',
    source_line: 's.source_line',
    ...Object.fromEntries(channels.map(({ name }, index) => [name, `s.channel_${index}`])),
  };
  const columns = landingColumns(channels).map(
    ({ name }) => `${source[name] ?? `r.${name}`} AS "${name}"`,
  );
  return `SELECT ${columns.join(', ')} FROM samples s JOIN recordings r ON r.place = s.place
    ORDER BY s.place, s.source_line`;
}

interface Header {
  readonly places: readonly number[];
  readonly labelAt: number | undefined;
  readonly unread: readonly UnreadColumn[];
}

function readHeader(plan: IngestPlan, file: string, cells: readonly string[]): Header {
  const names = ['timestamp_ms', ...plan.channels.map(({ name }) => name)];
  const header = columnPlaces(file, cells, names);
  return {
    places: names.map((name) => header.get(name) as number),
    labelAt: header.get('label'),
    unread: unreadOf('samples', cells, [...names, 'label']),
  };
}

async function appendRecording(
  request: PartRequest,
  place: number,
  entry: RecordingEntry,
  samples: RowAppender,
): Promise<{ landed: LandedRecording; unread: readonly UnreadColumn[] }> {
  const { plan, source, secret, signal, onRows } = request;
  const profile = createRecordingProfile(entry.file);
  let header: Header | undefined;
  for await (const batch of csvBatches(source, entry.member.name, entry.file)) {
    signal?.throwIfAborted();
    const rows = header === undefined ? batch.slice(1) : batch;
    header ??= readHeader(plan, entry.file, batch[0]?.cells ?? []);
    const { places, labelAt } = header;
    for (const { cells, line } of rows) {
      const [timestamp, ...values] = places.map((at) => cells[at] as string);
      const label = labelAt === undefined ? null : composed(cells[labelAt] as string);
      samples.append([place, line, timestamp as string, label, ...values]);
      profile.add(timestamp as string, label, line);
    }
    onRows?.(rows.length);
  }
  header ??= readHeader(plan, entry.file, []);
  const subjectKey = subjectKeyOf(secret, plan.dataset, entry.subject);
  const landed = {
    recording: entry.recording,
    device: entry.device,
    subjectKey,
    fingerprint: fingerprintOf(entry, subjectKey),
    ...profile.result(),
  };
  return { landed, unread: header.unread };
}

async function writePart(lake: Lake, request: PartRequest): Promise<LandedPart> {
  const { plan, entries, signal } = request;
  return withDuckdb({ store: lake.store, options: lake.duckdb, signal }, async (session) => {
    const samples = await createRowAppender(session, 'samples', sampleColumns(plan.channels));
    const about = await createRowAppender(session, 'recordings', recordingColumns);
    const recordings: LandedRecording[] = [];
    let unread: readonly UnreadColumn[] = [];
    for (const [place, entry] of entries.entries()) {
      const { landed, unread: more } = await appendRecording(request, place, entry, samples);
      unread = addUnread([unread, more]);
      const { recording, device, subject, attributes, file } = entry;
      about.append([place, recording, device, subject, landed.subjectKey, attributes, file]);
      recordings.push(landed);
    }
    samples.finish();
    about.finish();
    const local = await copyToParquet(session, {
      folder: 'part',
      select: partSelect(plan.channels),
    });
    const files = await adoptFiles(lake.store, local, `${partsFolder(plan)}${request.part}/`);
    return { formatVersion: 1, files, recordings, unread };
  });
}

async function removeFiles({ store }: Lake, { files }: LandedPart): Promise<void> {
  for (const { key } of files) await store.remove(key);
}

/** A part that has landed is not read again: this is where a killed ingest resumes. */
export async function landPart(lake: Lake, request: PartRequest): Promise<LandedPart> {
  const { plan, part } = request;
  const present = await findPart(lake, plan, part);
  if (present !== null) return present;
  const landed = await writePart(lake, request);
  // Where that fails it may have been done: the files, which it may name, are left to whoever removes the parts.
  const settled = await settlePart(lake, plan, part, landed);
  if (settled !== landed) await removeFiles(lake, landed);
  return settled;
}
