/** Makes small archives of the format `recordings`, good and bad, and lakes to land them in. */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import type { Lake } from '../../lakehouse/lake';
import { openLake } from '../../lakehouse/lake';
import { entriesOf, planIngest } from '../../lakehouse/landing/ingest-plan';
import { landPart } from '../../lakehouse/landing/land-part';
import { RECORDINGS_KIND } from '../../lakehouse/landing/landing-table';
import { publishLanding } from '../../lakehouse/landing/publish-landing';
import { readLayout } from '../../lakehouse/landing/recordings-layout';
import type { SnapshotManifest } from '../../lakehouse/manifest';
import { publishRelease, publishedVersions } from '../../lakehouse/release';
import type { OpenOptions } from '../../lakehouse/sources/open-source';
import { openSource } from '../../lakehouse/sources/open-source';
import { buildTable } from '../../lakehouse/build-table';
import { declaredTables, planRefresh } from '../../lakehouse/watch/refresh-plan';
import type { WindowSpec } from '../../models/signal';

export const SECRET = 'a key for tests';

export type Files = Record<string, string>;

export interface RecordingFacts {
  readonly recording: string;
  readonly subject?: string;
  readonly device?: string;
  readonly label?: string;
  readonly startMs?: number;
  readonly samples?: number;
  readonly periodMs?: number;
}

export const CHANNELS_CSV = 'channel,unit,minimum,maximum\nax,g,-16,16\nay,g,-16,16\naz,g,-16,16\n';

/** A smooth signal that differs by recording, at 50 Hz unless told otherwise. */
export function recordingCsv(facts: RecordingFacts): string {
  const { recording, label = 'walking', startMs = 0, samples = 500, periodMs = 20 } = facts;
  const phase = [...recording].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  const rows = Array.from({ length: samples }, (_, index) => {
    const angle = phase + (index * periodMs) / 300;
    const values = [Math.sin(angle), Math.cos(angle * 2), 1 + Math.sin(angle / 3)];
    return [startMs + index * periodMs, ...values.map((value) => value.toFixed(4)), label].join(
      ',',
    );
  });
  return `timestamp_ms,ax,ay,az,label\n${rows.join('\n')}\n`;
}

export function archiveFiles(recordings: readonly RecordingFacts[]): Files {
  const metadata = recordings.map(({ recording, subject = 'Ann Example', device }) =>
    [recording, subject, device ?? `watch-${recording}`, 'left'].join(','),
  );
  return {
    'recordings.csv': `recording,subject,device,side\n${metadata.join('\n')}\n`,
    'channels.csv': CHANNELS_CSV,
    ...Object.fromEntries(
      recordings.map((facts) => [`recordings/${facts.recording}.csv`, recordingCsv(facts)]),
    ),
  };
}

/** A private folder that is gone after the tests of the file. */
export function temporaryFolder(): { path: () => string } {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchlake-lake-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return { path: () => folder };
}

let made = 0;

/** `zip64`: in the format of archives and members above 4 GiB, whatever their size. */
export async function writeZip(
  folder: string,
  files: Files | [string, string | Buffer][],
  { zip64 = false } = {},
): Promise<string> {
  const path = join(folder, `archive-${(made += 1)}.zip`);
  const zip = new ZipFile();
  const entries = Array.isArray(files) ? files : Object.entries(files);
  const options = { mtime: new Date(2020, 0, 1), forceZip64Format: zip64 };
  for (const [name, content] of entries) {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    zip.addBuffer(bytes, name, options);
  }
  zip.end({ forceZip64Format: zip64, comment: '' });
  await pipeline(zip.outputStream, createWriteStream(path));
  return path;
}

export async function writeFolder(folder: string, files: Files): Promise<string> {
  const path = join(folder, `folder-${(made += 1)}`);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return path;
}

export const newLake = (folder: string): Lake =>
  openLake({ uri: join(folder, `lake-${(made += 1)}`), duckdb: { memoryLimit: '256MB' } });

export interface IngestFacts {
  readonly source: string;
  readonly dataset?: string;
  readonly secret?: string;
  readonly options?: OpenOptions;
}

/** What the workflow `ingest` does, in one go. */
export async function ingestInto(
  lake: Lake,
  { source: name, dataset = 'watch', secret = SECRET, options }: IngestFacts,
): Promise<SnapshotManifest> {
  const source = await openSource(name, options);
  try {
    const layout = await readLayout(source);
    const plan = await planIngest(lake, {
      ...{ kind: RECORDINGS_KIND, dataset, source, layout, secret },
    });
    for (const part of plan.parts.keys()) {
      const entries = entriesOf(plan, part, layout.recordings);
      await landPart(lake, { plan, part, source, entries, secret });
    }
    return await publishLanding(lake, RECORDINGS_KIND, plan);
  } finally {
    await source.close();
  }
}

/** What the workflow `refreshTables` does, in one go; stops where a check fails. */
export async function refreshLake(
  lake: Lake,
  { dataset = 'watch', window }: { dataset?: string; window?: WindowSpec } = {},
): Promise<Record<string, SnapshotManifest & { reused: boolean }>> {
  const replaces = await publishedVersions(lake, dataset);
  const { plan } = await planRefresh(lake, { dataset, window });
  const inputs: Record<string, string> = {};
  const built: Record<string, SnapshotManifest & { reused: boolean }> = {};
  for (const { name } of declaredTables(plan)) {
    const { manifest, reused } = await buildTable(lake, { plan, table: name, inputs });
    inputs[name] = manifest.snapshotId;
    built[name] = { ...manifest, reused };
  }
  await publishRelease(lake, { dataset, snapshots: inputs, replaces });
  return built;
}

/** Every key of the lake: shows what a failed run has left. */
export async function keysOf(lake: Lake, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of lake.store.list(prefix)) keys.push(key);
  return keys;
}
