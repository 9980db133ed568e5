/** ArWISE's window files: how windows become samples, which of them go, and what its split is worth. */
import { readFile } from 'node:fs/promises';
import { pseudonym } from '../../../../core/hash';
import { sideOf, splitOfFile, watchOf } from '../../../../lakehouse/arwise/shipped-split';
import { ARWISE_KIND } from '../../../../lakehouse/arwise/arwise-format';
import { readLayout } from '../../../../lakehouse/arwise/layout';
import { landBulkPart } from '../../../../lakehouse/bulk/land-part';
import { entriesOf, planIngest } from '../../../../lakehouse/landing/ingest-plan';
import { publishLanding } from '../../../../lakehouse/landing/publish-landing';
import { query } from '../../../../lakehouse/query';
import { openSource } from '../../../../lakehouse/sources/open-source';
import { trainingWindows } from '../../../../lakehouse/training-windows';
import { probeLeakage } from '../../../../models/leakage';
import type { MadeWindow } from '../../../support/arwise';
import { ARWISE_COLUMNS, arwiseFile, realArwise, whenRealArwise } from '../../../support/arwise';
import { stampOf } from '../../../support/casas';
import { ingestFormat, refreshFormat } from '../../../support/format-runs';
import type { Files } from '../../../support/recordings';
import {
  SECRET,
  newLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../../support/recordings';

const folder = temporaryFolder();
const END = Date.UTC(2024, 0, 12, 14, 54, 58);
const whenReal = whenRealArwise("the format arwise on ArWISE's own files");

async function landed(files: Files) {
  const lake = newLake(folder.path());
  const source = await writeZip(folder.path(), files);
  const landing = await ingestFormat(lake, 'arwise', { source, dataset: 'arwise' });
  const rows = async (sql: string) => (await query(lake, { sql })).rows;
  return { lake, landing, rows };
}

test('a window becomes its samples, the last of them at its stamp', async () => {
  const file = arwiseFile([
    { endMs: END, label: 'Meal', more: { user_acceleration_y_3: '7', distance_from_home_3: '9' } },
  ]);
  const { landing, rows } = await landed({ 'p1_train.csv': file });
  expect(landing).toMatchObject({ rows: 100, quarantined: {} });
  const key = pseudonym(SECRET, 'arwise', 'p1');
  const all = await rows('SELECT * FROM arwise_landing ORDER BY time_ms');
  expect(all).toHaveLength(100);
  expect(all[2]).toMatchObject({
    ...{ recording: `${key}.train`, subject: 'p1', subject_key: key, sample: 3, source_line: 2 },
    ...{ user_acceleration_y: 7, distance_from_home: 9, activity_label: 'Meal' },
  });
  expect(all.map(({ time_ms: ms }) => ms)).toEqual(
    Array.from({ length: 100 }, (_, at) => END - 9900 + at * 100),
  );
});

test('names of columns may be in quotes, and of the way home single ones may be missing', async () => {
  const names = ARWISE_COLUMNS.filter((name) => name !== 'bearing_from_home_2');
  const more = { bearing_from_home_1: '5', bearing_from_home_3: '7', distance_from_home_2: '9' };
  const [, ...lines] = arwiseFile([{ endMs: END, label: '"a ""b"""', more }], names).split('\n');
  const header = names.map((name) => `"${name}"`).join(',');
  const { landing, rows } = await landed({ 'p1.csv': [header, ...lines].join('\n') });
  expect(landing).toMatchObject({ rows: 100, quarantined: {} });
  const read = await rows(`SELECT distance_from_home, bearing_from_home, activity_label
    FROM arwise_landing WHERE sample <= 3 ORDER BY sample`);
  expect(read).toEqual([
    { distance_from_home: null, bearing_from_home: 5, activity_label: 'a "b"' },
    { distance_from_home: 9, bearing_from_home: null, activity_label: 'a "b"' },
    { distance_from_home: null, bearing_from_home: 7, activity_label: 'a "b"' },
  ]);
});

test('windows without a motion value, or of the wrong width, are put aside', async () => {
  const file = arwiseFile([
    { endMs: END },
    { endMs: END + 10_000, more: { rotation_rate_z_100: '' } },
    { endMs: END + 20_000, more: { user_acceleration_x_1: 'nan' } },
    'a,b',
  ]);
  const { landing } = await landed({ 'p1.csv': file });
  expect(landing).toMatchObject({
    rows: 100,
    quarantined: { 'field-count': 1, 'field-missing': 1, 'wrong-type': 1 },
  });
});

test('labels are summed up, unwanted ones and windows that overlap go, counted', async () => {
  const file = arwiseFile([
    { endMs: END + 30_000, label: 'Vacation' },
    { endMs: END, label: 'Meal' },
    { endMs: END + 10_000, label: 'CognitiveActivity' },
    { endMs: END + 20_000 },
    { endMs: END + 25_000, label: 'Work' },
  ]);
  const { lake, rows } = await landed({ 'p1.csv': file });
  const built = await refreshFormat(lake, { dataset: 'arwise' });
  expect(built.recordings_trusted).toMatchObject({
    ...{ rows: 200, inputRows: 500 },
    dropped: { 'activity-unwanted': 100, 'window-overlaps': 200 },
  });
  expect(await rows('SELECT DISTINCT label FROM recordings_trusted ORDER BY 1')).toEqual([
    { label: 'Eat' },
    { label: null },
  ]);
  const labelling = { activities: 'as-written' as const };
  const written = await refreshFormat(lake, { dataset: 'arwise', labelling });
  expect(written.recordings_trusted?.dropped).toEqual({ 'window-overlaps': 200 });
});

/** Lands the windows in slices of that many bytes, and tells what the cleaned table has of them. */
async function cleanedInSlices(windows: readonly MadeWindow[], sliceBytes: number) {
  const lake = newLake(folder.path());
  const source = await openSource(await writeZip(folder.path(), { 'p1.csv': arwiseFile(windows) }));
  const request = { dataset: 'arwise', source, secret: SECRET };
  const layout = await readLayout(request);
  const plan = await planIngest(lake, { ...request, kind: ARWISE_KIND, layout });
  const entries = entriesOf(plan, 0, layout.recordings);
  const part = { plan, part: 0, source, entries, secret: SECRET };
  const { files } = await landBulkPart(lake, ARWISE_KIND, part, { sliceBytes });
  await publishLanding(lake, ARWISE_KIND, plan);
  await source.close();
  const { recordings_trusted: trusted } = await refreshFormat(lake, { dataset: 'arwise' });
  const { rows } = await query(lake, { sql: 'SELECT timestamp_ms, stamp FROM recordings_trusted' });
  const moments = rows.map(({ timestamp_ms: ms }) => Number(ms));
  return {
    slices: files.length,
    trusted,
    moments,
    stamps: new Set(rows.map(({ stamp }) => stamp)),
  };
}

test('windows overlap across the cuts of a file as well, in whatever order it has them', async () => {
  const seconds = [0, 20, 40, 60, 80, 65, 5, 45, 85, 100, 55, 110];
  const windows = seconds.map((at) => ({ endMs: END + at * 1000, label: 'Meal' }));
  const { slices, trusted, moments, stamps } = await cleanedInSlices(windows, 20_000);
  expect(slices).toBeGreaterThan(2);
  expect(trusted?.dropped).toEqual({ 'window-overlaps': 1200 - moments.length });
  // Ten seconds each: no moment is of two windows, and all windows in their order stay.
  expect(new Set(moments).size).toBe(moments.length);
  const stay = [0, 20, 40, 60, 80, 100, 110].map((at) => stampOf(END + at * 1000));
  expect([...stamps].sort()).toEqual(stay);
});

test('what the archive says of its labels counts', async () => {
  const files = {
    'p1.csv': arwiseFile([
      { endMs: END, label: 'Meal' },
      { endMs: END + 10_000, label: 'Work' },
    ]),
    'activity_mapping.csv': 'original,mapped\nMeal,Table\n',
    'unwanted_activities.csv': 'activity_label\nWork\n',
  };
  const { lake, rows } = await landed(files);
  const built = await refreshFormat(lake, { dataset: 'arwise' });
  expect(built.recordings_trusted?.dropped).toEqual({ 'activity-unwanted': 100 });
  expect(await rows('SELECT DISTINCT label FROM recordings_trusted')).toEqual([{ label: 'Table' }]);
});

test('a column that is missing is named; without any file there is nothing to land', async () => {
  const columns = ['stamp', 'user_acceleration_x_1', 'activity_label'];
  await expect(landed({ 'p1.csv': arwiseFile([], columns) })).rejects.toMatchObject({
    code: 'COLUMN_MISSING',
    context: { column: 'user_acceleration_x_2' },
  });
  const all = ARWISE_COLUMNS.filter((name) => name !== 'user_acceleration_x_2');
  await expect(landed({ 'p1.csv': arwiseFile([], all) })).rejects.toMatchObject({
    message: expect.stringMatching(
      /column user_acceleration_x_2 is missing \(found: [^)]{1,800} more\)/,
    ) as string,
  });
  const onlyRules = { 'activity_mapping.csv': 'original,mapped\n' };
  await expect(landed(onlyRules)).rejects.toMatchObject({ code: 'ARCHIVE_EMPTY' });
});

test('files tell of participant and side', () => {
  expect(splitOfFile('p1_train.csv')).toEqual({ participant: 'p1', side: 'train' });
  expect(splitOfFile('c01.p7.csv')).toEqual({ participant: 'c01.p7', side: null });
  expect([sideOf('abc.test'), sideOf('abc.train'), sideOf('abc')]).toEqual(['test', 'train', null]);
  expect([watchOf('abc.test'), watchOf('abc.train'), watchOf('abc')]).toEqual([
    'abc',
    'abc',
    'abc',
  ]);
});

whenReal('the public windows land whole, and their split is refused', async () => {
  const lake = newLake(folder.path());
  const source = await realArwise(folder.path());
  const landing = await ingestFormat(lake, 'arwise', { source, dataset: 'arwise' });
  expect(landing).toMatchObject({ rows: 12_000, quarantined: {}, members: 2 });
  const built = await refreshFormat(lake, { dataset: 'arwise' });
  // Ten windows of the train file and two of the test file are of the unwanted CognitiveActivity.
  expect(built.recordings_trusted).toMatchObject({
    ...{ rows: 10_800, dropped: { 'activity-unwanted': 1200 }, quarantined: {} },
  });
  const { rows } = await query(lake, {
    sql: 'SELECT DISTINCT label FROM recordings_trusted ORDER BY label',
  });
  expect(rows.map(({ label }) => label)).toEqual(
    'Eat Errands Exercise Hobby Hygiene Other Relax Socialize Work'.split(' '),
  );

  const windows = await trainingWindows(lake, { dataset: 'arwise' });
  const side = (wanted: string) => {
    const chosen = windows.devices.flatMap((device, row) =>
      sideOf(device) === wanted ? [row] : [],
    );
    return {
      timestampsMs: chosen.map((row) => windows.startsMs[row] as number),
      labels: chosen.map((row) => windows.labels[row] as string),
    };
  };
  const probe = probeLeakage({ train: side('train'), test: side('test') });
  expect(probe).toMatchObject({ leaks: true, score: 1 });
});

whenReal('files that have landed do not land again from elsewhere', async () => {
  const source = await realArwise(folder.path());
  const lake = newLake(folder.path());
  await ingestFormat(lake, 'arwise', { source, dataset: 'arwise' });
  const text = await readFile(`${source}/p1_test.csv`, 'utf8');
  const copy = await writeFolder(folder.path(), { 'p1_test.csv': text });
  const again = await ingestFormat(lake, 'arwise', { source: copy, dataset: 'arwise' });
  expect(again).toMatchObject({ alreadyLanded: true, rows: 12_000 });
});
