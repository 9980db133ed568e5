/** What is wrong with a source is counted by reason, and nothing is dropped without a word. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchlakeError } from '../../../../core/errors';
import { query } from '../../../../lakehouse/query';
import { findManifest } from '../../../../lakehouse/snapshots';
import { landingFacts, type LandedFile } from '../../../../lakehouse/stedi/landing-facts';
import { listQuarantine, showQuarantine } from '../../../../lakehouse/read-quarantine';
import {
  DAY,
  accelerometerLine,
  customerLine,
  stediFiles,
  stepLine,
  threePeople,
} from '../../../support/made-stedi';
import type { MadeSource } from '../../../support/made-stedi';
import { newLake, temporaryFolder, writeFolder } from '../../../support/recordings';
import { ingestStedi, refreshStedi } from '../../../support/stedi';

const folder = temporaryFolder();

async function landed(made: MadeSource) {
  const lake = newLake(folder.path());
  const source = await writeFolder(folder.path(), stediFiles(made));
  const { tables = {} } = await ingestStedi(lake, { source });
  return { lake, tables, source };
}

const reading = (fields: Record<string, unknown>): string =>
  JSON.stringify({ user: 'ann@example.org', timestamp: DAY, x: 0, y: 0, z: 0, ...fields });

const twice = (line: string, pair: string): string => `${line.slice(0, -1)},${pair}}`;

const WRONG: [string, string, string, string | null][] = [
  ['a truncated line', reading({}).slice(0, 40), 'json-malformed', null],
  ['two objects', `${reading({})}${reading({})}`, 'json-malformed', null],
  ['a list', '[1, 2]', 'not-an-object', null],
  ['a number', '7', 'not-an-object', null],
  ['a text for a number', reading({ x: 'fast' }), 'wrong-type', 'x'],
  ['a number in quotes', reading({ x: '1.0' }), 'wrong-type', 'x'],
  ['an infinite number', reading({}).replace('"x":0', '"x":1e999'), 'wrong-type', 'x'],
  ['a truth for a number', reading({ z: true }), 'wrong-type', 'z'],
  ['a number for a text', reading({ user: 5 }), 'wrong-type', 'user'],
  ['half a millisecond', reading({ timestamp: DAY + 0.5 }), 'wrong-type', 'timestamp'],
  ['a moment in quotes', reading({ timestamp: String(DAY) }), 'wrong-type', 'timestamp'],
  ['an epoch in seconds', reading({ timestamp: DAY / 1000 }), 'epoch-in-seconds', 'timestamp'],
  ['an epoch in µs', reading({ timestamp: DAY * 1000 }), 'epoch-out-of-range', 'timestamp'],
  ['a negative epoch', reading({ timestamp: -1 }), 'epoch-out-of-range', 'timestamp'],
  ['a field that is null', reading({ y: null }), 'field-missing', 'y'],
  ['a field that is not there', reading({ y: undefined }), 'field-missing', 'y'],
  ['a blank text', reading({ user: '  ' }), 'field-missing', 'user'],
  ['a field that is there twice', twice(reading({}), '"x":1'), 'field-repeated', 'x'],
];

test.each(WRONG)('%s is quarantined with its reason', async (_what, line, reason, detail) => {
  const { lake, tables } = await landed({ accelerometer: [reading({}), line, reading({})] });
  expect(tables.accelerometer_landing).toMatchObject({ rows: 2, quarantined: { [reason]: 1 } });
  const request = { dataset: 'stedi', table: 'accelerometer_landing' };
  const { rows } = await showQuarantine(lake, { ...request, withRaw: true, maximumRows: 10 });
  const file = 'accelerometer/accelerometer-1.json';
  expect(rows).toEqual([{ reason, detail, file, line: 2, raw: line }]);
});

test.each([
  ['registrationDate', 0, 'epoch-out-of-range'],
  ['registrationDate', '', 'wrong-type'],
  ['shareWithResearchAsOfDate', -1, 'epoch-out-of-range'],
  ['shareWithResearchAsOfDate', '0', 'wrong-type'],
  ['shareWithResearchAsOfDate', false, 'wrong-type'],
])('a customer whose %s is %j is quarantined', async (field, value, reason) => {
  const line = JSON.stringify({
    ...(JSON.parse(customerLine({ name: 'ann' })) as object),
    [field]: value,
  });
  const { tables } = await landed({ customers: [line] });
  expect(tables.customer_landing).toMatchObject({ rows: 0, quarantined: { [reason]: 1 } });
});

test.each([
  ['email', '"email":"ben@example.org"'],
  ['email', '"\\u0065mail":"ben@example.org"'],
  ['serialNumber', '"serialNumber":"serial-ben"'],
  ['lastUpdateDate', `"lastUpdateDate":${DAY}`],
  ['shareWithResearchAsOfDate', '"shareWithResearchAsOfDate":null'],
])('a customer with %s twice is quarantined, and without consent: %s', async (field, pair) => {
  const line = twice(customerLine({ name: 'ann', updated: DAY + 5 }), pair);
  const { lake } = await landed({
    ...threePeople(),
    customers: [customerLine({ name: 'ann' }), line],
  });
  const request = { dataset: 'stedi', table: 'customer_landing' };
  const { rows } = await showQuarantine(lake, { ...request, withRaw: true, maximumRows: 10 });
  expect(rows).toEqual([
    expect.objectContaining({ reason: 'field-repeated', detail: field, raw: line }),
  ]);
  const { customer_trusted: people } = await refreshStedi(lake);
  expect(people).toMatchObject({ rows: 0, dropped: { 'consent-unclear': 1 } });
});

test('a field of another object, an undeclared one and one of a value are no repetition', async () => {
  const pairs = '"other":{"email":"ben@example.org"},"more":1,"more":2,"note":"\\"email\\":"';
  const { tables } = await landed({ customers: [twice(customerLine({ name: 'ann' }), pairs)] });
  expect(tables.customer_landing).toMatchObject({ rows: 1, quarantined: {} });
});

test('a line whose bytes are no UTF-8 is quarantined, the others land', async () => {
  const source = await writeFolder(folder.path(), stediFiles({ accelerometer: [] }));
  const bytes = Buffer.concat([
    Buffer.from(`${reading({})}\n{"user":"x`),
    Buffer.from([0xff]),
    Buffer.from(`","timestamp":${DAY},"x":0,"y":0,"z":0}\n${reading({ user: 'Zoë@example.org' })}`),
  ]);
  await writeFile(join(source, 'accelerometer', 'accelerometer-1.json'), bytes);
  const { tables } = await ingestStedi(newLake(folder.path()), { source });
  expect(tables?.accelerometer_landing).toMatchObject({ rows: 2, quarantined: { 'not-utf-8': 1 } });
});

test('blank lines are no rows, and do not shift the numbers of the others', async () => {
  const { lake } = await landed({ accelerometer: ['', reading({}), '  ', '[]', ''] });
  const request = { dataset: 'stedi', table: 'accelerometer_landing' };
  const { rows } = await showQuarantine(lake, { ...request, withRaw: false, maximumRows: 10 });
  expect(rows).toEqual([expect.objectContaining({ line: 4, reason: 'not-an-object' })]);
});

describe('a carriage return that does not end its line', () => {
  const [one, two] = [1, 2].map((at) => reading({ timestamp: DAY + at })) as [string, string];
  const blank = one.replace(',"x"', ',\r"x"');
  const inText = two.replace('ann@', 'ann\r@');
  const file = 'accelerometer/accelerometer-1.json';

  /** A file of exactly these bytes; its lines, and the places of those in quarantine. */
  async function landedBytes(text: string) {
    const lake = newLake(folder.path());
    const source = await writeFolder(folder.path(), { [file]: text });
    const { tables = {} } = await ingestStedi(lake, { source });
    const request = { dataset: 'stedi', table: 'accelerometer_landing' };
    const { rows: quarantined } = await showQuarantine(lake, {
      ...{ ...request, withRaw: true, maximumRows: 10 },
    });
    const landing = await findManifest(lake, request);
    const [{ lines }] = landingFacts(landing).files as [LandedFile];
    const sql = 'SELECT source_line FROM accelerometer_landing ORDER BY source_line';
    const { rows } = await query(lake, { sql, dataset: 'stedi' });
    expect(lines).toBe(rows.length + quarantined.length);
    expect(tables.accelerometer_landing?.rows).toBe(rows.length);
    return {
      rows: rows.map((row) => Number(row.source_line)),
      quarantined: quarantined.map(({ reason, line, raw }) => [reason, line, raw]),
    };
  }

  test.each([
    ['between two fields it is white space', `[]\n${blank}\n${two}\n`, [2, 3], []],
    ['before its line feed, too', `[]\n${one}\r\r\n${two}\r\n`, [2, 3], []],
    ['on a blank line, too', `[]\r\n\r \n\t\n${two}\n\r`, [4], []],
    ['within a text it breaks the line', `[]\n${inText}\n${one}`, [3], [[2, inText]]],
    ['between two objects, too', `${one}\r${two}\n[]\n${two}\n`, [3], [[1, `${one}\r${two}`]]],
    ['without any line feed it ends lines', `${one}\r\r${two}\r[]`, [1, 3], []],
  ])('%s', async (_what, text, rows, broken) => {
    const found = await landedBytes(text);
    const list = text
      .split(text.includes('\n') ? '\n' : '\r')
      .findIndex((each) => /^\[\]/.test(each));
    const expected = [
      ['not-an-object', list + 1, '[]'],
      ...broken.map((each) => ['carriage-return', ...each]),
    ];
    expect(found.rows).toEqual(rows);
    expect(new Set(found.quarantined)).toEqual(new Set(expected));
  });
});

test('escapes are read as what they stand for', async () => {
  const line = reading({}).replace('ann@', '\\u0061nn@');
  const { lake } = await landed({ ...threePeople(), accelerometer: [line] });
  const built = await refreshStedi(lake, { consent: 'any' });
  expect(built.accelerometer_trusted).toMatchObject({ rows: 1, dropped: {} });
});

test('an e-mail in another spelling is the same person, and is counted', async () => {
  const made = threePeople();
  const [first = '', ...others] = made.accelerometer;
  const accelerometer = [first.replace('ann@example', ' Ann@Example'), ...others];
  const { lake } = await landed({ ...made, accelerometer });
  const { accelerometer_trusted: trusted } = await refreshStedi(lake);
  expect(trusted).toMatchObject({ rows: 4, noted: { 'email-respelled': 1 } });
});

test('a serial number in upper case is the same device, and is counted', async () => {
  const made = threePeople();
  const steps = made.steps.map((line) => line.replace('serial-ann', 'SERIAL-ANN'));
  const { lake } = await landed({ ...made, steps });
  const { step_trainer_trusted: trusted } = await refreshStedi(lake);
  expect(trusted).toMatchObject({ rows: 4, noted: { 'serial-number-respelled': 2 } });
});

test('a value that no sensor gives is quarantined in the trusted table', async () => {
  const made = threePeople();
  const { lake } = await landed({
    ...made,
    accelerometer: [...made.accelerometer, accelerometerLine('ann', DAY + 3, 400)],
    steps: [...made.steps, stepLine('serial-ann', DAY + 3, -5), stepLine('serial-cid', DAY, -5)],
  });
  const built = await refreshStedi(lake);
  expect(built.accelerometer_trusted?.quarantined).toEqual({ 'out-of-range': 1 });
  expect(built.step_trainer_trusted?.quarantined).toEqual({ 'out-of-range': 1 });
  expect(await listQuarantine(lake, { dataset: 'stedi' })).toEqual(
    expect.arrayContaining([
      { dataset: 'stedi', table: 'accelerometer_trusted', reason: 'out-of-range', rows: 1 },
      { dataset: 'stedi', table: 'step_trainer_trusted', reason: 'out-of-range', rows: 1 },
    ]),
  );
});

test('a source without any such file says so', async () => {
  const source = await writeFolder(folder.path(), { 'notes/readme.json': '{}' });
  const error = await ingestStedi(newLake(folder.path()), { source }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(WatchlakeError);
  expect(error).toMatchObject({ code: 'SOURCE_WITHOUT_FILES' });
});

test('empty files give empty tables, and say so by their counts', async () => {
  const { lake, tables } = await landed({ customers: [], accelerometer: [], steps: [] });
  expect(Object.values(tables).map(({ rows }) => rows)).toEqual([0, 0, 0]);
  const built = await refreshStedi(lake);
  expect(Object.values(built).map(({ rows }) => rows)).toEqual([0, 0, 0, 0, 0]);
});

test('customers without readings are counted as such', async () => {
  const { lake } = await landed({ customers: [customerLine({ name: 'ann' })] });
  const built = await refreshStedi(lake);
  expect(built.customer_trusted?.rows).toBe(1);
  expect(built.customer_curated).toMatchObject({ rows: 0, dropped: { 'no-readings': 1 } });
  expect(built.machine_learning_curated?.rows).toBe(0);
});

test('readings of people whom no customer file names are counted as such', async () => {
  const { accelerometer, steps } = threePeople();
  const { lake } = await landed({ accelerometer, steps });
  const built = await refreshStedi(lake);
  expect(built.accelerometer_trusted).toMatchObject({ rows: 0, dropped: { 'unknown-person': 6 } });
  expect(built.step_trainer_trusted?.dropped).toEqual({ 'no-curated-customer': 6 });
});

test('birthdays that are no dates reject nobody', async () => {
  const { lake } = await landed({ customers: [customerLine({ name: 'ann' })], accelerometer: [] });
  expect((await refreshStedi(lake)).customer_trusted).toMatchObject({ rows: 1, quarantined: {} });
});
