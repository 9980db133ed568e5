/** Landing of CASAS files: in their types, in their order, nothing lost in silence. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pseudonym } from '../../../../core/hash';
import { landingFacts } from '../../../../lakehouse/landing/descriptor';
import { CASAS } from '../../../../lakehouse/casas/casas-format';
import { findManifest } from '../../../../lakehouse/snapshots';
import { query } from '../../../../lakehouse/query';
import type { MadeRow } from '../../../support/casas';
import { CASAS_COLUMNS, casasFile, lineOf, samples, stampOf } from '../../../support/casas';
import { ingestFormat } from '../../../support/format-runs';
import type { Files } from '../../../support/recordings';
import {
  SECRET,
  newLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../../support/recordings';

const folder = temporaryFolder();
const START = Date.UTC(2021, 5, 1, 8);
const HOUR = 3_600_000;

async function landed(files: Files) {
  const lake = newLake(folder.path());
  const source = await writeZip(folder.path(), files);
  const landing = await ingestFormat(lake, 'casas', { source, dataset: 'wsu' });
  const rows = async (sql: string) => (await query(lake, { sql })).rows;
  const manifest = await findManifest(lake, { dataset: 'wsu', table: 'casas_landing' });
  return { lake, landing, rows, manifest, source };
}

test('a line becomes a row in its types; people become keys', async () => {
  const more: MadeRow[] = [
    {},
    { location_type: ' residential ', speed: 1.5, battery_state: 'unplugged' },
    { user_activity_label: 'Cook', stamp: '2021-06-01T08:00:00.2' },
    { stamp: '2021-06-01 08:00:01' },
  ];
  const rows = samples(START, 4, (at) => more[at] ?? {});
  const { rows: read, manifest } = await landed({ 'group1/sw1.p1.csv': casasFile(rows) });
  const key = pseudonym(SECRET, 'wsu', 'sw1.p1');
  const [first, second, third, last] = await read(
    'SELECT * FROM casas_landing ORDER BY source_line',
  );
  expect(first).toMatchObject({
    ...{ recording: key, device: key, subject: 'sw1.p1', subject_key: key },
    ...{ stamp: stampOf(START), time_ms: START, latest_ms: null, yaw: 0 },
    ...{ location_line: null, battery_line: null, prompts: 0, speed: null },
    ...{ source_file: 'group1/sw1.p1.csv', source_line: 3 },
  });
  expect(second).toMatchObject({
    ...{ location_type: 'residential', speed: 1.5, location_line: 4, battery_line: 4 },
    ...{ time_ms: START + 100, latest_ms: START },
  });
  expect(third).toMatchObject({ time_ms: START + 200, user_activity_label: 'Cook', prompts: 0 });
  expect(last).toMatchObject({ time_ms: START + 1000, latest_ms: START + 200, prompts: 1 });
  expect(landingFacts(manifest)).toMatchObject({
    descriptor: { format: 'casas', rateHz: 10, labels: ['Cook'] },
    recordings: [{ recording: key, rows: 4, quarantined: {}, periodMs: 100 }],
  });
  expect(JSON.stringify(manifest)).not.toContain('sw1.p1');
});

test('columns are found by name; those that are missing are empty, others are left alone', async () => {
  const columns = ['heart_rate', 'user_acceleration_z', 'stamp', 'user_acceleration_x'];
  const own = [...columns, 'user_acceleration_y', 'user_activity_label'];
  const file = casasFile(samples(START, 2), own);
  const { rows, manifest } = await landed({ 'p1.csv': file });
  const [row] = await rows('SELECT * FROM casas_landing ORDER BY source_line');
  expect(row).toMatchObject({ user_acceleration_x: Math.sin(6), yaw: null, speed: null });
  expect(landingFacts(manifest).descriptor.channels.map(({ name }) => name)).toEqual([
    'user_acceleration_x',
    'user_acceleration_y',
    'user_acceleration_z',
  ]);
});

test('a line whose first field is empty may have others in quotes', async () => {
  const columns = ['user_activity_label', 'location_type', ...CASAS_COLUMNS.slice(0, 10)];
  const made = samples(START, 3, (at): MadeRow => (at === 1 ? { location_type: '"a, b"' } : {}));
  const lines = made.map((row) => lineOf(row, columns));
  // A comma too many at its end is no field; it must not stand for the first one.
  lines[2] = lineOf({ ...made[2], location_type: '"c"' }, columns) + ',';
  const { rows, landing } = await landed({ 'p1.csv': casasFile(lines, columns) });
  expect(landing.quarantined).toEqual({});
  const read = await rows('SELECT time_ms, location_type, yaw FROM casas_landing ORDER BY 1');
  expect(read).toEqual(
    [null, 'a, b', 'c'].map((location_type, at) => ({
      ...{ time_ms: START + at * 100, location_type, yaw: made[at]?.yaw },
    })),
  );
});

test.each([
  ['an archive', writeZip],
  ['a folder', writeFolder],
])(
  'a participant whose file is named in capitals lands like others, from %s',
  async (_of, write) => {
    const lake = newLake(folder.path());
    const files = {
      'p1.csv': casasFile(samples(START, 2)),
      'P2.CSV': casasFile(samples(START, 3)),
    };
    await ingestFormat(lake, 'casas', {
      source: await write(folder.path(), files),
      dataset: 'wsu',
    });
    const sql = 'SELECT subject, count(*) AS n FROM casas_landing GROUP BY 1 ORDER BY 1';
    expect((await query(lake, { sql })).rows).toEqual([
      { subject: 'P2', n: 3 },
      { subject: 'p1', n: 2 },
    ]);
  },
);

test('two watches of one person are two devices of theirs', async () => {
  const files = { 'c03.p053.w1.csv': casasFile(samples(START, 2)) };
  const { rows } = await landed({ ...files, 'c03.p053.w2.csv': casasFile(samples(START, 2)) });
  const key = pseudonym(SECRET, 'wsu', 'c03.p053');
  expect(await rows('SELECT DISTINCT device, subject_key FROM casas_landing ORDER BY 1')).toEqual([
    { device: `${key}.w1`, subject_key: key },
    { device: `${key}.w2`, subject_key: key },
  ]);
});

const [good, other, third] = samples(START, 3).map((row) => lineOf(row)) as [
  string,
  string,
  string,
];
const bad = (column: string, value: string): string =>
  lineOf({ ...samples(START + 5000, 1)[0], [column]: value });

test('lines that are no rows are put aside with reason, line and text; the others keep their lines', async () => {
  const lines = [
    good,
    `${other},more`,
    'a,b',
    bad('stamp', ''),
    bad('stamp', '2021-06-01'),
    bad('stamp', '2021-06-01 08:00:00+02'),
    bad('stamp', '2021-06-01 08:00:00.5+02'),
    bad('stamp', '2021/06/01 08:00:00.5'),
    bad('stamp', '1970-01-01 00:00:00.0'),
    bad('yaw', 'nan'),
    bad('yaw', '1_0'),
    bad('roll', '-1e39'),
    bad('speed', 'fast'),
    bad('location_type', '"home'),
    '',
    bad('location_type', '"a ""b"", c"'),
    third,
  ];
  const { rows, landing, manifest } = await landed({ 'p1.csv': casasFile(lines) });
  expect(landing.quarantined).toEqual({
    'field-count': 2,
    'field-missing': 1,
    'wrong-type': 8,
    'moment-out-of-range': 1,
    'quote-unclosed': 1,
  });
  expect(manifest).toMatchObject({ rows: 3, inputRows: 16 });
  const of = `recording ${pseudonym(SECRET, 'wsu', 'p1')}`;
  expect(manifest.firstProblems[0]).toBe(`${of}, line 4: field-count`);
  expect(JSON.stringify(manifest)).not.toContain('p1.csv');
  expect(await rows('SELECT source_line, location_type FROM casas_landing ORDER BY 1')).toEqual([
    { source_line: 3, location_type: null },
    { source_line: 18, location_type: 'a "b", c' },
    { source_line: 19, location_type: null },
  ]);
  const put = await rows('SELECT * FROM casas_landing_quarantine ORDER BY source_line');
  expect(put[1]).toEqual({
    ...{ reason: 'field-count', detail: null, raw: 'a,b' },
    ...{ source_file: 'p1.csv', source_line: 5 },
  });
  expect(put[9]).toMatchObject({ reason: 'wrong-type', detail: 'yaw', source_line: 13 });
});

test.each([
  ...[['1_000'], ['nan'], ['-inf'], ['1e400'], ['-1.1e18'], ['0x10'], ['  ']],
  [' 1.5', '1.5 ', '+1', '.5', '5.', '1e3', '1e-400', '-0', '0.1', '-1e18', ''],
])(
  'numbers spelled %j %j %j … count the same among good lines as beside one that is no row',
  async (...texts) => {
    const lines = texts.map((text, at) =>
      lineOf({ ...samples(START + at * 100, 1)[0], speed: text }),
    );
    const values = async (last: string) => {
      const { rows, landing } = await landed({ 'p1.csv': casasFile([...lines, last]) });
      const sql = `SELECT speed, yaw, time_ms FROM casas_landing WHERE source_line < ${lines.length + 3}
      ORDER BY source_line`;
      return { rows: await rows(sql), wrong: landing.quarantined['wrong-type'] ?? 0 };
    };
    const typed = await values(third);
    // A wrong value anywhere has all lines read as texts, each of which is judged.
    const judged = await values(bad('pitch', 'x'));
    expect(typed).toEqual({ ...judged, wrong: judged.wrong - 1 });
  },
);

test('wrong values alone do not slow a file down, and keep their text', async () => {
  const { rows, landing } = await landed({
    'p1.csv': casasFile([good, bad('pitch', 'x'), third]),
  });
  expect(landing).toMatchObject({ rows: 2, quarantined: { 'wrong-type': 1 } });
  expect(await rows('SELECT raw, source_line FROM casas_landing_quarantine')).toEqual([
    { raw: bad('pitch', 'x'), source_line: 4 },
  ]);
});

test('bytes that are no UTF-8 cost their line alone', async () => {
  const lake = newLake(folder.path());
  const path = join(folder.path(), 'not-utf-8');
  await mkdir(path);
  const text = Buffer.from(casasFile([good, 'X', third]));
  text[text.indexOf('\nX\n') + 1] = 0xff;
  await writeFile(`${path}/p1.csv`, text);
  const landing = await ingestFormat(lake, 'casas', { source: path, dataset: 'wsu' });
  expect(landing).toMatchObject({ rows: 2, quarantined: { 'not-utf-8': 1 } });
});

test('a carriage return inside a line makes up for no other line that is no row', async () => {
  const lines = [good, `${good}\r${good}`, bad('stamp', ''), other];
  const { rows, landing } = await landed({ 'p1.csv': casasFile(lines) });
  expect(landing.quarantined).toEqual({ 'carriage-return': 1, 'field-missing': 1 });
  const kept = [{ source_line: 3 }, { source_line: 6 }];
  expect(await rows('SELECT source_line FROM casas_landing ORDER BY 1')).toEqual(kept);
});

test('a carriage return inside a line costs that line alone, and its text is kept', async () => {
  const inQuotes = bad('location_type', '"at\rhome"');
  const stampless = bad('stamp', '');
  const lines = [good, `${good}\r${good}`, stampless, other, inQuotes, `${third}\r`];
  const { rows, landing, manifest } = await landed({
    'p1.csv': casasFile(lines),
    'p2.csv': casasFile([`\r${good}`]),
  });
  expect(landing.quarantined).toEqual({ 'carriage-return': 3, 'field-missing': 1 });
  expect(manifest).toMatchObject({ rows: 3, inputRows: 7 });
  expect(await rows('SELECT source_line FROM casas_landing ORDER BY 1')).toEqual(
    [3, 6, 8].map((line) => ({ source_line: line })),
  );
  const put = 'SELECT source_file, source_line, raw FROM casas_landing_quarantine ORDER BY ALL';
  expect(await rows(put)).toEqual([
    { source_file: 'p1.csv', source_line: 4, raw: `${good}\r${good}` },
    { source_file: 'p1.csv', source_line: 5, raw: stampless },
    { source_file: 'p1.csv', source_line: 7, raw: inQuotes },
    { source_file: 'p2.csv', source_line: 3, raw: `\r${good}` },
  ]);
});

test('lines may end with a carriage return, the last one need not end at all', async () => {
  const text = casasFile([good, other, third]).replaceAll('\n', '\r\n').slice(0, -2);
  const labelled = `\ufeff${text.replace(/,$/, ',Cook')}`;
  const { rows } = await landed({ 'p1.csv': labelled });
  expect(
    await rows('SELECT source_line, user_activity_label FROM casas_landing ORDER BY 1'),
  ).toEqual([
    { source_line: 3, user_activity_label: null },
    { source_line: 4, user_activity_label: null },
    { source_line: 5, user_activity_label: 'Cook' },
  ]);
});

test.each([
  ['a line feed first', '\n', '\r\n'],
  ['a return first', '\r\n', '\n'],
])('a file that changes its line ends keeps its lines: %s', async (_name, end, next) => {
  const inQuotes = bad('location_type', '"a, b"');
  const late = bad('yaw', '1');
  const lines = [good, other, inQuotes, bad('stamp', ''), '', third, late];
  const text = casasFile(lines).trimEnd().split('\n');
  const mixed = text.map((line, at) => `${line}${at % 3 === 2 ? next : end}`).join('');
  const { rows, landing } = await landed({ 'p1.csv': mixed });
  expect(landing.quarantined).toEqual({ 'field-missing': 1 });
  const read = await rows('SELECT source_line, location_type FROM casas_landing ORDER BY 1');
  expect(read).toEqual(
    [3, 4, 5, 8, 9].map((line) => ({
      source_line: line,
      location_type: line === 5 ? 'a, b' : null,
    })),
  );
  const put = await rows('SELECT source_line FROM casas_landing_quarantine');
  expect(put).toEqual([{ source_line: 6 }]);
});

test('an hour that comes twice in autumn goes on; the order of the lines is that of the time', async () => {
  const night = Date.UTC(2021, 10, 7, 1, 59, 59, 800);
  const before = samples(night, 2);
  // After a charge: at 1:40 the clock has been put back, and 40 minutes have gone by.
  const after = samples(night - HOUR + 100 + HOUR * (40 / 60), 2);
  const { rows } = await landed({ 'p1.csv': casasFile([...before, ...after]) });
  const times = await rows(
    'SELECT time_ms - latest_ms AS step, stamp FROM casas_landing ORDER BY source_line',
  );
  expect(times.map(({ step }) => step)).toEqual([null, 100, HOUR * (40 / 60), 100]);
  expect(times[2]?.stamp).toBe('2021-11-07 01:39:59.900000');
});

test('a step back by several hours is a journey; one of less than a minute is a row out of its place', async () => {
  const there = samples(START, 2);
  const back = samples(START + 200 - 2.5 * HOUR, 2);
  const jitter = samples(START + 400 - 2.5 * HOUR - 30_000, 1);
  const on = samples(START + 500 - 2.5 * HOUR, 1);
  const { rows } = await landed({ 'p1.csv': casasFile([...there, ...back, ...jitter, ...on]) });
  const times = await rows(
    'SELECT time_ms - latest_ms AS step FROM casas_landing ORDER BY source_line',
  );
  expect(times.map(({ step }) => step)).toEqual([null, 100, 0.5 * HOUR + 100, 100, -29_900, 200]);
});

test('a reading of the place that stands on every row began on its first', async () => {
  const home = { location_type: 'residential', speed: 0 };
  const places = [home, home, {}, home, { ...home, speed: 1 }, { ...home, speed: 1 }];
  const file = casasFile(samples(START, 6, (at) => places[at] ?? {}));
  const { rows } = await landed({ 'p1.csv': file });
  const lines = await rows('SELECT location_line FROM casas_landing ORDER BY source_line');
  expect(lines.map(({ location_line: line }) => line)).toEqual([3, 3, 3, 6, 7, 7]);
});

test('answers are counted before each row', async () => {
  const file = casasFile(
    samples(START, 5, (at): MadeRow => (at % 2 ? { user_activity_label: 'Cook' } : {})),
  );
  const { rows } = await landed({ 'p1.csv': file });
  const prompts = await rows('SELECT prompts FROM casas_landing ORDER BY source_line');
  expect(prompts.map((row) => row.prompts)).toEqual([0, 0, 1, 1, 2]);
});

test.each([
  ['COLUMN_MISSING', 'the column stamp', casasFile(samples(START, 1), CASAS_COLUMNS.slice(1))],
  ['COLUMN_MISSING', 'the column roll', casasFile(samples(START, 1), ['stamp', 'yaw', 'pitch'])],
  ['COLUMN_MISSING', 'user_acceleration_x', casasFile(samples(START, 1), ['stamp', 'speed'])],
  ['CSV_MALFORMED', 'the type of yaw is 0.1 instead of f', `stamp,yaw,pitch,roll\ndt,0.1,f,f\n`],
  ['CSV_MALFORMED', 'and 1 type: ', 'stamp,yaw,pitch,roll\ndt\n'],
  ['CSV_MALFORMED', 'there twice', 'stamp,yaw,yaw\ndt,f,f\n'],
  ['COLUMN_MISSING', 'no columns', ''],
])('%s: %s', async (code, words, text) => {
  const landing = landed({ 'p1.csv': text });
  await expect(landing).rejects.toMatchObject({
    code,
    message: expect.stringContaining(words) as string,
  });
});

test('the files of an archive have the same sensors', async () => {
  const files = { 'p1.csv': casasFile(samples(START, 2)) };
  const some = casasFile(samples(START, 2), ['stamp', 'yaw', 'pitch', 'roll']);
  await expect(landed({ ...files, 'p2.csv': some })).rejects.toMatchObject({
    code: 'COLUMN_MISSING',
  });
});

test('the same archive again is a no-op; another archive adds people, or is refused', async () => {
  const one = { 'p1.csv': casasFile(samples(START, 3)) };
  const { lake, source, manifest } = await landed(one);
  const again = await ingestFormat(lake, 'casas', { source, dataset: 'wsu' });
  expect(again).toMatchObject({ alreadyLanded: true, snapshotId: manifest.snapshotId });
  const more = await writeZip(folder.path(), { ...one, 'p2.csv': casasFile(samples(START, 4)) });
  const added = await ingestFormat(lake, 'casas', { source: more, dataset: 'wsu' });
  expect(added).toMatchObject({ alreadyLanded: false, rows: 7, members: 2 });
  const changed = await writeZip(folder.path(), { 'p1.csv': casasFile(samples(START, 5)) });
  await expect(
    ingestFormat(lake, 'casas', { source: changed, dataset: 'wsu' }),
  ).rejects.toMatchObject({ code: 'RECORDING_DIFFERS' });
});

test('rejected lines of a person are erased, of whose file no line was a row, too', async () => {
  const bad = (at: number) => lineOf({ ...samples(START, 1)[0], yaw: `fast-${at}` });
  const { lake, rows } = await landed({
    'p1.csv': casasFile([...samples(START, 2), bad(1)]),
    'c03.p053.w1.csv': casasFile([...samples(START, 2), bad(2)]),
    'c03.p053.w2.csv': casasFile([bad(3), bad(4)]),
    'p07.csv': casasFile([bad(5)]),
  });
  const erase = async (identifier: string) => {
    const subjectKey = pseudonym(SECRET, 'wsu', identifier);
    const { person } = await CASAS.erasing.findPerson(lake, {
      dataset: 'wsu',
      identifier,
      subjectKey,
    });
    const asked = { dataset: 'wsu', subject: subjectKey, erased: subjectKey };
    await CASAS.erasing.rewriteLanding(lake, { ...asked, person });
    const put = 'SELECT DISTINCT source_file AS file FROM casas_landing_quarantine ORDER BY 1';
    const files = (await rows(put)).map(({ file }) => file);
    const { quarantined } = await findManifest(lake, { dataset: 'wsu', table: 'casas_landing' });
    return { files, quarantined, needles: [...person.texts, ...person.values] };
  };
  expect(await erase('c03.p053')).toMatchObject({
    ...{ files: ['p07.csv', 'p1.csv'], quarantined: { 'wrong-type': 2 } },
    needles: expect.arrayContaining(['c03.p053.w2.csv']) as string[],
  });
  expect(await erase('p07')).toMatchObject({
    ...{ files: ['p1.csv'], quarantined: { 'wrong-type': 1 } },
    needles: expect.arrayContaining(['p07.csv']) as string[],
  });
});
