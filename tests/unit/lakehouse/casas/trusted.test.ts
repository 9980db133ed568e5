/** Samples of CASAS: what is carried forward, for which moments answers speak, which rows go. */
import { devicesOf, subjectsOf } from '../../../../lakehouse/samples';
import { pseudonym } from '../../../../core/hash';
import type { Labelling } from '../../../../lakehouse/casas/options';
import { CASAS_ACTIVITIES } from '../../../../lakehouse/casas/activities';
import { MOTION, channelOf } from '../../../../lakehouse/casas/fields';
import { DEFAULT_LABELLING } from '../../../../lakehouse/casas/options';
import { casasTrustedTable } from '../../../../lakehouse/casas/trusted';
import { query } from '../../../../lakehouse/query';
import { createSampleSource } from '../../../../activities/sample-source';
import type { MadeRow } from '../../../support/casas';
import { casasFile, samples, stampOf } from '../../../support/casas';
import { ingestFormat, refreshFormat } from '../../../support/format-runs';
import { SECRET, newLake, temporaryFolder, writeZip } from '../../../support/recordings';

const folder = temporaryFolder();
const START = Date.UTC(2021, 5, 1, 8);
const TRUSTED = 'recordings_trusted';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

async function built(rows: readonly MadeRow[], labelling?: Partial<Labelling>) {
  const lake = newLake(folder.path());
  const source = await writeZip(folder.path(), { 'sw1.p1.csv': casasFile(rows) });
  await ingestFormat(lake, 'casas', { source, dataset: 'wsu' });
  const tables = await refreshFormat(lake, { dataset: 'wsu', labelling });
  const all = async (columns: string) =>
    (await query(lake, { sql: `SELECT ${columns} FROM ${TRUSTED} ORDER BY timestamp_ms` })).rows;
  return { lake, tables, all };
}

/** `more` by the number of the row. */
const rowsWith = (count: number, more: Readonly<Record<number, MadeRow>>): MadeRow[] =>
  samples(START, count, (at) => more[at] ?? {});

test('place and battery are carried forward, each reading whole, with their age', async () => {
  const { all } = await built(
    rowsWith(8, {
      1: { location_type: 'park', speed: 1.5, course: 90, battery_state: 'unplugged' },
      4: { location_type: 'home', speed: 0 },
      6: { battery_state: 'charging' },
    }),
  );
  const rows = await all(
    'location_type, course, location_age_s AS l, battery_state AS b, battery_age_s AS a',
  );
  const park = { location_type: 'park', course: 90 };
  const home = { location_type: 'home', course: null };
  expect(rows).toEqual([
    { location_type: null, course: null, l: null, b: null, a: null },
    { ...park, l: 0, b: 'unplugged', a: 0 },
    { ...park, l: 0.1, b: 'unplugged', a: 0.1 },
    { ...park, l: 0.2, b: 'unplugged', a: 0.2 },
    { ...home, l: 0, b: 'unplugged', a: 0.3 },
    { ...home, l: 0.1, b: 'unplugged', a: 0.4 },
    { ...home, l: 0.2, b: 'charging', a: 0 },
    { ...home, l: 0.3, b: 'charging', a: 0.1 },
  ]);
});

test('an answer speaks for the span before it; of two the nearer one counts', async () => {
  const answers = {
    4: { user_activity_label: 'Cook' },
    6: { user_activity_label: 'Eat' },
    15: { user_activity_label: ' Work ' },
  };
  const { all, lake, tables } = await built(rowsWith(17, answers), { spanMs: 500 });
  const rows = await all('label, answered_in_s');
  expect(rows.map(({ label }) => label)).toEqual([
    ...['Cook', 'Cook', 'Cook', 'Cook', 'Cook', 'Eat', 'Eat', null, null, null],
    ...['Work', 'Work', 'Work', 'Work', 'Work', 'Work', null],
  ]);
  expect(rows.map(({ answered_in_s: s }) => s).slice(3, 12)).toEqual([
    ...[0.1, 0, 0.1, 0, null, null, null, 0.5, 0.4],
  ]);
  // A refresh that names no option keeps the published ones.
  const again = await refreshFormat(lake, { dataset: 'wsu' });
  expect(again[TRUSTED]?.snapshotId).toBe(tables[TRUSTED]?.snapshotId);
});

test('labels are summed up when asked to; those that tell of no activity are left out', async () => {
  const answers = {
    0: { user_activity_label: 'Brush_Teeth' },
    1: { user_activity_label: 'Phone' },
    2: { user_activity_label: 'Skydive' },
    3: { user_activity_label: 'Climbing_Stairs' },
    4: { user_activity_label: 'Relajaci\u00f3n'.normalize('NFD') },
  };
  const { all } = await built(rowsWith(5, answers), { activities: 'summed-up' });
  expect((await all('label')).map(({ label }) => label)).toEqual([
    'Hygiene',
    null,
    'Skydive',
    null,
    'Relax',
  ]);
});

test('rows without motion go, counted; their readings and answers speak all the same', async () => {
  const nothing = Object.fromEntries(
    Object.keys(samples(START, 1)[0] as MadeRow)
      .filter((name) => name !== 'stamp')
      .map((name) => [name, '']),
  );
  const { tables, all, lake } = await built(
    rowsWith(6, {
      2: { ...nothing, location_type: 'home', user_activity_label: 'Cook' },
      4: { yaw: '', roll: '' },
    }),
  );
  // The file is named after the person, and this goes into histories.
  const key = pseudonym(SECRET, 'wsu', 'sw1.p1');
  expect(tables[TRUSTED]).toMatchObject({
    ...{ rows: 4, inputRows: 6, dropped: { 'motion-missing': 1 } },
    ...{ quarantined: { 'motion-incomplete': 1 } },
    firstProblems: [`recording ${key}, line 7: motion-incomplete (yaw)`],
  });
  expect(await all('label, location_type')).toEqual([
    { label: 'Cook', location_type: null },
    { label: 'Cook', location_type: null },
    { label: null, location_type: 'home' },
    { label: null, location_type: 'home' },
  ]);
  const { rows } = await query(lake, { sql: `SELECT * FROM ${TRUSTED}_quarantine` });
  expect(rows).toMatchObject([{ reason: 'motion-incomplete', detail: 'yaw', source_line: 7 }]);
});

test('repeated and misplaced moments are put aside', async () => {
  const rows = [...samples(START, 3), ...samples(START + 200, 1), ...samples(START - 10_000, 1)];
  const { tables } = await built([...rows, ...samples(START + 300, 1)]);
  expect(tables[TRUSTED]).toMatchObject({
    rows: 4,
    quarantined: { 'stamp-backwards': 1, 'stamp-repeated': 1 },
  });
});

test.each([
  ['far ahead', 400 * DAY],
  ['far behind', -400 * DAY],
  ['some hours ahead', 5 * HOUR],
  ['some hours behind', -5 * HOUR],
])(
  'a stamp %s that the next row takes back is put aside, and moves no other',
  async (_what, byMs) => {
    const strayed = { location_type: 'home', user_activity_label: 'Cook' };
    const stray = samples(START + 300 + byMs, 1, () => strayed);
    const { tables, all } = await built([
      ...[...samples(START, 3), ...stray, ...samples(START + 400, 3)],
      // An hour later the clock is put back all the same.
      ...samples(START + 700, 2)
        .map((row) => ({ ...row, stamp: stampOf(START - HOUR + 700) }))
        .slice(1),
    ]);
    expect(tables[TRUSTED]).toMatchObject({ rows: 7, quarantined: { 'stamp-astray': 1 } });
    const rows = await all('timestamp_ms - ' + START + ' AS t, label, location_age_s AS age');
    expect(rows.map(({ t }) => t)).toEqual([0, 100, 200, 400, 500, 600, 700]);
    // What it tells besides was told after the row before it.
    expect(rows.map(({ label }) => label)).toEqual([
      'Cook',
      'Cook',
      'Cook',
      null,
      null,
      null,
      null,
    ]);
    expect(rows[3]).toMatchObject({ age: 0.2 });
  },
);

test('a file that begins astray is right from its second row on', async () => {
  const { tables, all } = await built([...samples(START + 90 * DAY, 1), ...samples(START, 3)]);
  expect(tables[TRUSTED]).toMatchObject({ rows: 3, quarantined: { 'stamp-astray': 1 } });
  expect((await all('timestamp_ms AS t'))[0]).toEqual({ t: START });
});

test('no clock is put back by more than 26 hours: what stays behind is put aside, counted', async () => {
  const { tables } = await built([...samples(START, 3), ...samples(START - 3 * DAY, 4)]);
  const { rows = 0, quarantined = {} } = tables[TRUSTED] ?? {};
  // The first of them was taken for the end of a jump ahead.
  expect(rows + (quarantined['stamp-astray'] ?? 0)).toBe(7);
  expect(quarantined['stamp-astray']).toBeGreaterThan(0);
});

test('windows, features and the replay of devices follow as from any recordings', async () => {
  const { lake, tables } = await built(
    rowsWith(200, { 150: { user_activity_label: 'Cook' }, 20: { location_type: 'home' } }),
  );
  expect(tables.windows?.rows).toBe(9);
  expect(tables.window_features).toMatchObject({ rows: 9 });
  const features = await query(lake, {
    sql: 'SELECT label FROM window_features ORDER BY start_ms',
  });
  expect(features.rows.map(({ label }) => label)).toEqual([
    ...['Cook', 'Cook', 'Cook', 'Cook', 'Cook', 'Cook'],
    ...['Cook', null, null],
  ]);
  const key = pseudonym(SECRET, 'wsu', 'sw1.p1');
  expect(await subjectsOf(lake, { dataset: 'wsu' })).toEqual([
    { subject: 'sw1.p1', subjectKey: key },
  ]);
  expect(await devicesOf(lake, { dataset: 'wsu' })).toEqual([key]);
  const selection = { dataset: 'wsu', snapshotId: tables[TRUSTED]?.snapshotId as string };
  let sent = 0;
  for await (const each of createSampleSource(lake).slices({ ...selection, sliceMs: 1000 })) {
    expect(each).toMatchObject({ device: key, subjectKey: key });
    expect(each.channels).toHaveLength(9);
    sent += each.span.timestampsMs.length;
  }
  expect(sent).toBe(200);
});

test('what becomes of a row is the same with the joins and without them', async () => {
  const { lake } = await built(
    rowsWith(12, {
      1: { yaw: '' },
      2: Object.fromEntries(MOTION.map(({ name }) => [name, ''])),
      3: { stamp: stampOf(START + 100) },
      5: { stamp: stampOf(START + 300), roll: '' },
      7: { stamp: stampOf(START + 40 * DAY) },
      8: { stamp: stampOf(START + 600) },
      9: { location_type: 'home', speed: 0, user_activity_label: 'Cook' },
    }),
  );
  const { sql, fatesSql } = casasTrustedTable({
    ...{ dataset: 'wsu', channels: MOTION.map(channelOf) },
    ...{ labelling: DEFAULT_LABELLING, rules: CASAS_ACTIVITIES },
  }).transform;
  const fates = async (of: string | undefined) => {
    const columns = 'source_file, source_line, _quarantine, _detail, _drop';
    const select = `SELECT ${columns} FROM (${of}) made
      WHERE _quarantine IS NOT NULL OR _drop IS NOT NULL ORDER BY source_line`;
    return (await query(lake, { sql: select })).rows;
  };
  const asJson = (alias: string): string => `to_json(${alias})`;
  const told = await fates(fatesSql?.(asJson));
  expect(told).toEqual(await fates(sql));
  expect(new Set(told.map((row) => row._quarantine ?? row._drop)).size).toBe(5);
  const whole = await query(lake, {
    sql: `SELECT f._quarantine IS NULL AS isDropped, f._raw = to_json(l) AS isWhole
      FROM (${fatesSql?.(asJson)}) f JOIN casas_landing l USING (source_file, source_line)
      WHERE f._quarantine IS NOT NULL OR f._drop IS NOT NULL ORDER BY ALL`,
  });
  // What is only counted is not written down.
  const kept = { isDropped: false, isWhole: true };
  expect(whole.rows).toEqual([...Array<object>(5).fill(kept), { isDropped: true, isWhole: null }]);
});
