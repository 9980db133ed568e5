/** Landing: verbatim, resumable, additive, and never the same thing twice. */
import { stat } from 'node:fs/promises';
import { isWatchlakeError } from '../../../core/errors';
import { pseudonym } from '../../../core/hash';
import { landingFacts } from '../../../lakehouse/landing/descriptor';
import { groupBySize } from '../../../lakehouse/landing/group-by-size';
import { entriesOf, planIngest } from '../../../lakehouse/landing/ingest-plan';
import { landPart } from '../../../lakehouse/landing/land-part';
import { RECORDINGS_KIND as kind } from '../../../lakehouse/landing/landing-table';
import { publishLanding } from '../../../lakehouse/landing/publish-landing';
import { readLayout } from '../../../lakehouse/landing/recordings-layout';
import type { Store } from '../../../lakehouse/ports';
import { query } from '../../../lakehouse/query';
import { openSource } from '../../../lakehouse/sources/open-source';
import { planOf, schemaOf } from '../../../lakehouse/watch/refresh-plan';
import {
  SECRET,
  archiveFiles,
  ingestInto,
  keysOf,
  newLake,
  recordingCsv,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();

const rowsOf = async (lake: ReturnType<typeof newLake>, sql: string) =>
  (await query(lake, { sql })).rows;

test('every cell lands as it was written, with its file and line', async () => {
  const lake = newLake(folder.path());
  const csv =
    '\ufefftimestamp_ms,az,ax,ay,extra,label\n0,1e-3,,"7,5",x, walking \n\n20,+2,n/a,03,y,\n';
  const files = { ...archiveFiles([{ recording: 'r1' }]), 'recordings/r1.csv': csv };
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const rows = await rowsOf(lake, 'SELECT * FROM recordings_landing ORDER BY source_line');
  const shared = {
    recording: 'r1',
    device: 'watch-r1',
    subject: 'Ann Example',
    subject_key: pseudonym(SECRET, 'watch', 'Ann Example'),
    attributes: '{"side":"left"}',
    source_file: 'recordings/r1.csv',
  };
  expect(rows).toEqual([
    {
      ...shared,
      timestamp_ms: '0',
      ax: '',
      ay: '7,5',
      az: '1e-3',
      label: ' walking ',
      source_line: 2,
    },
    { ...shared, timestamp_ms: '20', ax: 'n/a', ay: '03', az: '+2', label: '', source_line: 4 },
  ]);
});

test('an archive in the format of those above 4 GiB lands as any other', async () => {
  const files = archiveFiles([{ recording: 'r1' }, { recording: 'r2' }]);
  const landed = await Promise.all(
    [false, true].map(async (zip64) => {
      const source = await writeZip(folder.path(), files, { zip64 });
      const lake = newLake(folder.path());
      const { rows } = await ingestInto(lake, { source });
      const sum = 'SELECT sum(hash(t)::HUGEINT)::VARCHAR AS content FROM recordings_landing t';
      return { bytes: (await stat(source)).size, rows, content: await rowsOf(lake, sum) };
    }),
  );
  const [plain, zip64] = landed;
  expect(zip64?.bytes).toBeGreaterThan(plain?.bytes ?? Infinity);
  expect(zip64).toMatchObject({ rows: plain?.rows, content: plain?.content });
});

test('a row after a quoted line break keeps its own line number', async () => {
  const lake = newLake(folder.path());
  const csv = 'timestamp_ms,ax,ay,az,label\r\n0,1,1,1,"two\r\nlines"\r\n20,1,1,1,walking\r\n';
  const files = { ...archiveFiles([{ recording: 'r1' }]), 'recordings/r1.csv': csv };
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const rows = await rowsOf(lake, 'SELECT source_line FROM recordings_landing ORDER BY 1');
  expect(rows).toEqual([{ source_line: 3 }, { source_line: 4 }]);
});

test.each([
  ['\n', '\r\n'],
  ['\r\n', '\n'],
])('a file of several hands may change its line ends', async (first, then) => {
  const lake = newLake(folder.path());
  const later = ['20,1,1,1,walking', '', '40,1,1,1,running', ''];
  const csv = ['timestamp_ms,ax,ay,az,label', '0,1,1,1,walking', later.join(then)].join(first);
  const files = { ...archiveFiles([{ recording: 'r1' }]), 'recordings/r1.csv': csv };
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const sql = 'SELECT source_line, label FROM recordings_landing ORDER BY 1';
  expect(await rowsOf(lake, sql)).toEqual([
    { source_line: 2, label: 'walking' },
    { source_line: 3, label: 'walking' },
    { source_line: 5, label: 'running' },
  ]);
});

test('a label is the same however its accents are written', async () => {
  const lake = newLake(folder.path());
  const files = archiveFiles(
    ['NFC', 'NFD'].map((form) => ({
      recording: form,
      label: 'Relajaci\u00f3n'.normalize(form),
    })),
  );
  const manifest = await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const sql = 'SELECT DISTINCT label FROM recordings_landing';
  expect(await rowsOf(lake, sql)).toEqual([{ label: 'Relajaci\u00f3n' }]);
  expect(landingFacts(manifest).descriptor.labels).toEqual(['Relajaci\u00f3n']);
});

test('the manifest describes the dataset and names no person', async () => {
  const lake = newLake(folder.path());
  const files = archiveFiles([
    { recording: 'r1', label: 'running', periodMs: 40 },
    { recording: 'r2', label: 'walking', periodMs: 40, subject: 'Ben Example' },
  ]);
  const manifest = await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const { descriptor, recordings } = landingFacts(manifest);
  expect(descriptor).toMatchObject({
    dataset: 'watch',
    format: 'recordings',
    labels: ['running', 'walking'],
    rateHz: 25,
    channels: [
      { name: 'ax', unit: 'g', minimum: -16, maximum: 16 },
      { name: 'ay', unit: 'g', minimum: -16, maximum: 16 },
      { name: 'az', unit: 'g', minimum: -16, maximum: 16 },
    ],
  });
  expect(recordings.map(({ recording, rows }) => [recording, rows])).toEqual([
    ['r1', 500],
    ['r2', 500],
  ]);
  for (const key of (await keysOf(lake)).filter((each) => each.endsWith('.json'))) {
    expect((await lake.store.get(key)).toString()).not.toContain('Example');
  }
});

test('a zipped folder, a zip of its content and the folder itself hold the same', async () => {
  const files = archiveFiles([{ recording: 'r1' }]);
  const nested = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`data/${name}`, text]),
  );
  const sources = [
    await writeZip(folder.path(), files),
    await writeZip(folder.path(), { ...nested, '__MACOSX/recordings.csv': 'x' }),
    await writeFolder(folder.path(), { ...files, 'notes.txt': 'not ours' }),
    // What a Mac writes beside each file on a disk of another system.
    await writeFolder(folder.path(), { ...files, 'recordings/._r1.csv': 'x' }),
    await writeZip(folder.path(), { ...nested, 'data/recordings/._r1.csv': 'x' }),
  ];
  for (const source of sources) {
    const lake = newLake(folder.path());
    const { rows, snapshotId } = await ingestInto(lake, { source });
    expect({ source, rows }).toEqual({ source, rows: 500 });
    expect(snapshotId).toMatch(/^[0-9a-f]{16}$/);
  }
});

test('the same archive again is a no-op, also after another one', async () => {
  const lake = newLake(folder.path());
  const first = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  const second = await writeZip(folder.path(), archiveFiles([{ recording: 'r2' }]));
  await ingestInto(lake, { source: first });
  const both = await ingestInto(lake, { source: second });
  expect(both.rows).toBe(1000);
  const keys = await keysOf(lake, 'landing/watch/recordings_landing/');
  expect((await ingestInto(lake, { source: first })).snapshotId).toBe(both.snapshotId);
  expect(await keysOf(lake, 'landing/watch/recordings_landing/')).toEqual(keys);
});

test('recordings that have landed already are left out of a larger archive', async () => {
  const lake = newLake(folder.path());
  const [one, two] = [{ recording: 'r1' }, { recording: 'r2' }];
  await ingestInto(lake, { source: await writeZip(folder.path(), archiveFiles([one])) });
  const all = await ingestInto(lake, {
    source: await writeZip(folder.path(), archiveFiles([two, one])),
  });
  expect(all.rows).toBe(1000);
  expect(await rowsOf(lake, 'SELECT count(*) AS n FROM recordings_landing')).toEqual([{ n: 1000 }]);
});

test('the features stay those of the first archive whose rate could be measured', async () => {
  const lake = newLake(folder.path());
  const schemaWith = async (recording: string, facts: { samples: number; periodMs: number }) => {
    const files = archiveFiles([{ recording, ...facts }]);
    await ingestInto(lake, { source: await writeZip(folder.path(), files) });
    return schemaOf(await planOf(lake, { dataset: 'watch' }));
  };
  await schemaWith('one-sample', { samples: 1, periodMs: 40 });
  const measured = await schemaWith('first', { samples: 300, periodMs: 20.05 });
  expect(measured.signal.rateHz).toBe(49.875);
  expect(await schemaWith('later', { samples: 300, periodMs: 20 })).toEqual(measured);
});

const secondArchive: [string, Parameters<typeof archiveFiles>[0], object, string][] = [
  ['a recording with other content', [{ recording: 'r1', samples: 10 }], {}, 'RECORDING_DIFFERS'],
  ['a recording of another person', [{ recording: 'r1', subject: 'Ben' }], {}, 'RECORDING_DIFFERS'],
  [
    'other channels',
    [{ recording: 'r2' }],
    { 'channels.csv': 'channel,unit\nax,g\nay,g\n' },
    'CHANNELS_DIFFER',
  ],
];

test.each(secondArchive)('refuses %s under the same name', async (_name, facts, changed, code) => {
  const lake = newLake(folder.path());
  const first = await ingestInto(lake, {
    source: await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }])),
  });
  const source = await writeZip(folder.path(), { ...archiveFiles(facts), ...changed });
  await expect(ingestInto(lake, { source })).rejects.toMatchObject({ code });
  const pointer = await lake.catalog.pointer({ dataset: 'watch', table: 'recordings_landing' });
  expect(pointer?.snapshotId).toBe(first.snapshotId);
});

test('refuses to mix pseudonyms of two keys', async () => {
  const lake = newLake(folder.path());
  await ingestInto(lake, {
    source: await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }])),
  });
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r2' }]));
  await expect(ingestInto(lake, { source, secret: 'another' })).rejects.toMatchObject({
    code: 'SUBJECT_KEY_CHANGED',
  });
});

/** An archive of several parts, and a plan for it. */
async function plannedIngest(lake: ReturnType<typeof newLake>, subjects = 3) {
  const facts = Array.from({ length: subjects }, (_, index) => ({ recording: `r${index}` }));
  const name = await writeZip(folder.path(), archiveFiles(facts));
  const source = await openSource(name);
  const layout = await readLayout(source);
  const whole = await planIngest(lake, { kind, dataset: 'watch', source, layout, secret: SECRET });
  const parts = whole.parts.flat().map((recording) => [recording]);
  const plan = { ...whole, parts, batches: [parts.map((_, index) => index)] };
  const land = (part: number, onto = lake) =>
    landPart(onto, {
      plan,
      part,
      source,
      entries: entriesOf(plan, part, layout.recordings),
      secret: SECRET,
    });
  return { plan, land };
}

test('a part that has landed is not read again, a missing one keeps the rest unpublished', async () => {
  const lake = newLake(folder.path());
  const { plan, land } = await plannedIngest(lake);
  const first = await land(0);
  expect(await land(0)).toEqual(first);
  await land(1);
  await expect(publishLanding(lake, kind, plan)).rejects.toMatchObject({
    code: 'OBJECT_NOT_FOUND',
  });
  expect(await lake.catalog.list()).toEqual([]);
  await land(2);
  expect((await publishLanding(lake, kind, plan)).rows).toBe(1500);
  expect((await keysOf(lake, 'landing/watch/ingests/')).filter((k) => k.endsWith('t'))).toEqual([]);
});

test('two twins of one part leave one result', async () => {
  const lake = newLake(folder.path());
  const { plan, land } = await plannedIngest(lake, 1);
  const [one, other] = await Promise.all([land(0), land(0)]);
  expect(other).toEqual(one);
  const files = await keysOf(lake, 'landing/watch/ingests/');
  expect(files.filter((key) => key.endsWith('.parquet'))).toHaveLength(1);
  const published = await Promise.all([
    publishLanding(lake, kind, plan),
    publishLanding(lake, kind, plan),
  ]).catch((error: unknown) => [error]);
  // One of two at the same moment may have to try again; the table is right in either case.
  for (const each of published) {
    if (isWatchlakeError(each)) expect(each.retryable).toBe(true);
  }
  expect((await publishLanding(lake, kind, plan)).rows).toBe(500);
});

test('no space left is said by name, publishes nothing, and the next run goes on', async () => {
  const lake = newLake(folder.path());
  const { plan, land } = await plannedIngest(lake, 2);
  await land(0);
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  const store: Store = { ...lake.store, adopt: () => Promise.reject(full) };
  await expect(land(1, { ...lake, store })).rejects.toBe(full);
  await expect(publishLanding(lake, kind, plan)).rejects.toMatchObject({
    code: 'OBJECT_NOT_FOUND',
  });
  expect(await lake.catalog.list()).toEqual([]);
  await land(1);
  expect((await publishLanding(lake, kind, plan)).rows).toBe(1000);
});

test('an archive that changes between two steps is noticed', async () => {
  const name = await writeFolder(folder.path(), archiveFiles([{ recording: 'r1' }]));
  const known = await openSource(name);
  await expect(openSource(name, { known })).resolves.toMatchObject({ members: known.members });
  const { writeFile } = await import('node:fs/promises');
  await writeFile(`${name}/recordings/r1.csv`, recordingCsv({ recording: 'r1', samples: 3 }));
  await expect(openSource(name, { known })).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
});

test('groups fill up in order and lose nothing', () => {
  expect(groupBySize([1, 2, 3, 4, 5], (n) => n, 4)).toEqual([[1, 2, 3], [4], [5]]);
  expect(groupBySize([], () => 1, 4)).toEqual([]);
});
