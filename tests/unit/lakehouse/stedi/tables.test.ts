/** The rules of the tables: consent by date, one person for each device, pairs of one person alone. */
import { query } from '../../../../lakehouse/query';
import { findManifest } from '../../../../lakehouse/snapshots';
import type { StediOptions } from '../../../../lakehouse/stedi/options';
import { DEFAULT_OPTIONS } from '../../../../lakehouse/stedi/options';
import { wholeSelect } from '../../../../lakehouse/tables';
import { STEDI_ERASING } from '../../../../lakehouse/stedi/erasing';
import { declaredTables, planRefresh } from '../../../../lakehouse/stedi/refresh-plan';
import { subjectKey } from '../../../../lakehouse/stedi/subject-keys';
import type { MadePerson, MadeSource } from '../../../support/made-stedi';
import {
  DAY,
  accelerometerLine,
  customerLine,
  emailOf,
  stediFiles,
  stepLine,
  threePeople,
} from '../../../support/made-stedi';
import type { Files } from '../../../support/recordings';
import { SECRET, newLake, temporaryFolder, writeFolder } from '../../../support/recordings';
import { ingestStedi, refreshStedi, rowsOfTables } from '../../../support/stedi';

const folder = temporaryFolder();
const keyOf = (name: string): string => subjectKey(SECRET, 'stedi', emailOf(name));

const built = (made: MadeSource, options: Partial<StediOptions> = {}) =>
  builtFrom(stediFiles(made), options);

async function builtFrom(files: Files, options: Partial<StediOptions> = {}) {
  const lake = newLake(folder.path());
  const source = await writeFolder(folder.path(), files);
  await ingestStedi(lake, { source });
  const tables = await refreshStedi(lake, options);
  const rowsOf = async (sql: string) => (await query(lake, { sql, dataset: 'stedi' })).rows;
  return { lake, tables, rowsOf };
}

test('only people who share their data get beyond landing', async () => {
  const { tables } = await built(threePeople());
  expect(rowsOfTables(tables)).toEqual([2, 4, 2, 4, 4]);
  expect(tables.customer_trusted?.dropped).toEqual({ 'no-consent': 1 });
  expect(tables.accelerometer_trusted?.dropped).toEqual({ 'no-consent': 2 });
  expect(tables.step_trainer_trusted?.dropped).toEqual({ 'no-curated-customer': 2 });
});

test('readings of a customer whose e-mail is malformed are counted apart from those without consent', async () => {
  const made = threePeople();
  const spoilt = (lines: readonly string[]) =>
    lines.map((line) => line.replaceAll(emailOf('ann'), 'ann'));
  const { tables } = await built({
    ...made,
    customers: spoilt(made.customers),
    accelerometer: spoilt(made.accelerometer),
  });
  expect(tables.customer_trusted?.quarantined).toEqual({ 'email-malformed': 1 });
  expect(tables.accelerometer_trusted?.dropped).toEqual({
    'person-quarantined': 2,
    'no-consent': 2,
  });
});

test('every row of the driving input is accounted for', async () => {
  const { tables } = await built(threePeople());
  for (const { checks } of Object.values(tables)) {
    expect(checks).toContainEqual({ name: 'balance', offending: 0 });
  }
});

const late: MadePerson = { name: 'ann', consented: DAY + 2 };
const lateSource = { ...threePeople(), customers: [customerLine(late)] };

test('readings from before the consent are dropped, of either sensor', async () => {
  const { tables } = await built(lateSource);
  expect(rowsOfTables(tables)).toEqual([1, 1, 1, 1, 1]);
  expect(tables.accelerometer_trusted?.dropped).toMatchObject({ 'before-consent': 1 });
  expect(tables.step_trainer_trusted?.dropped).toMatchObject({ 'before-consent': 1 });
});

test('or they are kept when that is asked for', async () => {
  expect(rowsOfTables((await built(lateSource, { consent: 'any' })).tables)).toEqual([
    1, 2, 1, 2, 2,
  ]);
});

test('by the moment alone people are paired with others; by person never', async () => {
  const pairs = `SELECT count(*) AS n FROM machine_learning_curated
    WHERE subject_key <> accelerometer_subject_key`;
  const byMoment = await built(threePeople(), { association: 'timestamp' });
  expect(byMoment.tables.machine_learning_curated?.rows).toBe(8);
  expect(await byMoment.rowsOf(pairs)).toEqual([{ n: 4 }]);
  const byPerson = await built(threePeople());
  expect(await byPerson.rowsOf(pairs)).toEqual([{ n: 0 }]);
});

test('a step reading without its moment is counted as unmatched', async () => {
  const made = threePeople();
  const steps = [...made.steps, stepLine('serial-ann', DAY + 9)];
  const { tables } = await built({ ...made, steps });
  expect(tables.machine_learning_curated).toMatchObject({
    inputRows: 5,
    usedRows: 4,
    dropped: { 'no-accelerometer-reading': 1 },
  });
});

test('a step reading that was sent again is used once, whatever the spelling and the file', async () => {
  const made = threePeople();
  const resent = [
    stepLine('serial-ann', DAY + 1),
    stepLine(' SERIAL-ANN ', DAY + 1),
    stepLine('serial-cid', DAY + 1),
    stepLine('serial-ben', DAY + 1, -1),
    stepLine('serial-ben', DAY + 1, -1),
  ];
  const other = [stepLine('serial-ann', DAY + 1, 251), stepLine('serial-ann', DAY + 3)];
  const more = { 'step_trainer/step_trainer-2.json': [...resent, ...other].join('\n') };
  const { tables } = await builtFrom({ ...stediFiles(made), ...more });
  expect(tables.step_trainer_trusted).toMatchObject({
    rows: 6,
    quarantined: { 'out-of-range': 1 },
    dropped: { 'same-reading-again': 3, 'no-curated-customer': 3 },
    noted: {},
  });
  expect(tables.machine_learning_curated?.rows).toBe(5);
});

const shared = (
  people: readonly MadePerson[],
  readings: readonly [string, number][],
): MadeSource => ({
  customers: people.map((person) => customerLine({ ...person, serial: 'shared' })),
  accelerometer: readings.map(([name, at]) => accelerometerLine(name, at)),
  steps: [DAY + 1, DAY + 2, DAY + 3].map((at) => stepLine('shared', at)),
});

test('a shared serial number goes to the person who was read at the same moments', async () => {
  const people = [{ name: 'ann' }, { name: 'ben', registered: DAY + 1 }];
  const { tables, rowsOf } = await built(
    shared(people, [
      ['ann', DAY + 1],
      ['ben', DAY + 2],
      ['ben', DAY + 3],
    ]),
    { consent: 'any' },
  );
  expect(tables.customer_curated).toMatchObject({
    rows: 1,
    dropped: { 'shared-serial-number': 1 },
  });
  expect(await rowsOf('SELECT subject_key FROM customer_curated')).toEqual([
    { subject_key: keyOf('ben') },
  ]);
  // Each step reading is there once, whoever claims the device.
  expect(tables.step_trainer_trusted?.rows).toBe(3);
});

test('with as many moments it goes to the one who registered first', async () => {
  const people = [{ name: 'ann', registered: DAY + 1 }, { name: 'ben' }];
  const { rowsOf } = await built(
    shared(people, [
      ['ann', DAY + 2],
      ['ben', DAY + 2],
    ]),
  );
  expect(await rowsOf('SELECT subject_key FROM customer_curated')).toEqual([
    { subject_key: keyOf('ben') },
  ]);
});

test('a person without readings is not read with any device', async () => {
  const { tables } = await built(shared([{ name: 'ann' }, { name: 'ben' }], [['ben', DAY + 1]]));
  expect(tables.customer_curated).toMatchObject({ rows: 1, dropped: { 'no-readings': 1 } });
});

const usedByAnn: [string, number][] = [
  ['ann', DAY + 1],
  ['ann', DAY + 2],
  ['ben', DAY + 3],
];

test('the device of a person who does not consent passes to nobody who does', async () => {
  const people = [{ name: 'ann', consented: null }, { name: 'ben' }];
  const { tables } = await built(shared(people, usedByAnn));
  expect(tables.customer_curated).toMatchObject({
    rows: 0,
    dropped: { 'shared-serial-number': 1 },
  });
  expect(tables.step_trainer_trusted).toMatchObject({
    rows: 0,
    dropped: { 'no-curated-customer': 3 },
  });
  expect(tables.machine_learning_curated?.rows).toBe(0);
});

test('readings from before the consent tell as well who uses a device', async () => {
  const people = [{ name: 'ann', consented: DAY + 2 }, { name: 'ben' }];
  const readings: [string, number][] = [...usedByAnn, ['ben', DAY + 4]];
  const { tables, rowsOf } = await built(shared(people, readings));
  expect(await rowsOf('SELECT subject_key FROM customer_curated')).toEqual([
    { subject_key: keyOf('ann') },
  ]);
  expect(tables.step_trainer_trusted).toMatchObject({ rows: 2, dropped: { 'before-consent': 1 } });
});

test('who has another device by now may still be the one who used this one', async () => {
  const { customers = [], ...readings } = shared([{ name: 'ann' }, { name: 'ben' }], usedByAnn);
  const exchanged = customerLine({ name: 'ann', serial: 'new', updated: DAY + 9 });
  const { rowsOf } = await built({ ...readings, customers: [...customers, exchanged] });
  expect(await rowsOf('SELECT serialNumber FROM customer_curated')).toEqual([
    { serialNumber: 'new' },
  ]);
});

test('of a person who was sent twice the last row counts, also when it takes the consent back', async () => {
  const again = (updated: number, consented: number | null) =>
    customerLine({ name: 'ann', updated, consented });
  const { accelerometer, steps } = threePeople();
  const withdrawn = { customers: [again(DAY + 5, null), again(DAY, DAY)], accelerometer, steps };
  const { tables } = await built(withdrawn);
  expect(tables.customer_trusted).toMatchObject({
    rows: 0,
    dropped: { 'no-consent': 1, 'same-person-again': 1 },
  });
  const given = { customers: [again(DAY, null), again(DAY + 5, DAY)], accelerometer, steps };
  expect(rowsOfTables((await built(given)).tables)).toEqual([1, 2, 1, 2, 2]);
});

test.each(['0', '0.0', '-0', '0e0', '""', '"  "', 'null'])(
  'a later row with %s for the consent takes it back',
  async (nothing) => {
    const consented = customerLine({ name: 'ann' });
    const later = customerLine({ name: 'ann', updated: DAY + 5, consented: 1 });
    const taken = later.replace('AsOfDate":1}', `AsOfDate":${nothing}}`);
    const { lake, tables } = await built({ ...threePeople(), customers: [consented, taken] });
    expect(taken).not.toBe(later);
    expect(await findManifest(lake, { dataset: 'stedi', table: 'customer_landing' })).toMatchObject(
      { rows: 2, quarantined: {} },
    );
    expect(tables.customer_trusted?.dropped).toEqual({ 'no-consent': 1, 'same-person-again': 1 });
    expect(rowsOfTables(tables)).toEqual([0, 0, 0, 0, 0]);
  },
);

describe('of two rows that were updated at the same moment', () => {
  const consented = customerLine({ name: 'ann' });
  const without = customerLine({ name: 'ann', consented: null });
  const registeredEarlier = customerLine({
    ...{ name: 'ann', registered: DAY - 5, updated: DAY, consented: null },
  });

  test.each([
    ['behind', [consented, without]],
    ['before', [without, consented]],
    ['before, and registered earlier', [registeredEarlier, consented]],
  ])('the one without consent counts: %s the other', async (_where, customers) => {
    const { tables } = await built({ ...threePeople(), customers });
    expect(tables.customer_trusted?.dropped).toEqual({ 'no-consent': 1, 'same-person-again': 1 });
    expect(tables.machine_learning_curated?.rows).toBe(0);
  });

  test('a row that was updated later counts, whatever those say', async () => {
    const later = customerLine({ name: 'ann', updated: DAY + 1 });
    const customers = [later, without, consented];
    const { tables } = await built({ ...threePeople(), customers });
    expect(tables.customer_trusted).toMatchObject({ rows: 1, dropped: { 'same-person-again': 2 } });
  });
});

test.each(['\u00a0', '\t', '\r\n', '\u200b', '\ufeff', '\u3000 '])(
  'who is called the same but for %j around it is one person, with one device',
  async (blank) => {
    const around = (text: string, name: string) =>
      text.replaceAll(name, JSON.stringify(blank + name + blank).slice(1, -1));
    const { customers, accelerometer, steps } = threePeople();
    const later = customerLine({ name: 'ben', updated: DAY + 5, consented: null });
    const { lake, tables } = await built({
      customers: [...customers, around(later, emailOf('ben'))],
      accelerometer: accelerometer.map((line) => around(line, emailOf('ann'))),
      steps: steps.map((line) => around(line, 'serial-ann')),
    });
    expect(tables.customer_trusted?.dropped).toEqual({ 'no-consent': 2, 'same-person-again': 1 });
    expect(rowsOfTables(tables)).toEqual([1, 2, 1, 2, 2]);
    const subject = subjectKey(SECRET, 'stedi', emailOf('ben'));
    const identifier = STEDI_ERASING.identifierOf(blank + emailOf('ben'));
    const known = { dataset: 'stedi', identifier, subjectKey: subject };
    const { rows } = await STEDI_ERASING.findPerson(lake, known);
    expect(rows).toMatchObject({ customer_landing: 2, accelerometer_landing: 2 });
  },
);

describe('a line in quarantine that is newer than the consent', () => {
  const consented = customerLine({ name: 'ann' });
  const newer = customerLine({ name: 'ann', updated: DAY + 5, consented: 1 });
  // In one line, longer than any piece in which e-mails are looked for.
  const crowd = (people: number) =>
    Array.from({ length: people }, (_, at) => customerLine({ name: `p${at}é` })).join('');
  const unclear = async (...customers: string[]) => {
    const { tables } = await built({ ...threePeople(), customers });
    return [tables.customer_trusted?.dropped, tables.machine_learning_curated?.rows];
  };

  test.each([
    ['with a consent that is none', newer],
    ['with another fault', newer.replace(/"serialNumber":"[^"]*"/, '"serialNumber":17')],
    ['in another spelling', newer.replace('ann@', ' ANN@')],
    ['in a spelling with blanks', newer.replace('ann@', '\\u00A0ann@').replace('.org', '.org\\t')],
    ['with blanks', newer.replaceAll('":', '" : ')],
    ['that was cut off', newer.slice(0, newer.indexOf('"lastUpdateDate"') + 20)],
    ['at the same moment', newer.replace(String(DAY + 5), String(DAY))],
    ['with no moment', newer.replace(String(DAY + 5), 'null')],
    [
      'with an older moment first',
      `${consented.replaceAll(String(DAY), String(DAY - 5))}{"lastUpdateDate":`,
    ],
    ['behind that of somebody else', customerLine({ name: 'dan' }) + newer],
    ['parted by a return', `${customerLine({ name: 'dan', updated: DAY - 5 })}\r${newer}`],
    ['in an array', `[${customerLine({ name: 'dan' })},${newer}]`],
    ['behind many', crowd(200) + newer + crowd(50)],
    ['spelled with escapes', newer.replace('@', '\\u0040').replace('example.', 'example\\u002E')],
    ['in JSON within JSON', JSON.stringify(newer)],
  ])('leaves the person out: one %s', async (_what, line) => {
    expect(await unclear(consented, line)).toEqual([{ 'consent-unclear': 1 }, 0]);
  });

  // As encoders write what is beyond ASCII; a letter may take two of them.
  const escaped = (text: string) =>
    text.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

  test.each(['Zoë', 'İpek', '🚶ann'])(
    'leaves %s out, whose e-mail it spells as escapes',
    async (name) => {
      const customers = [customerLine({ name }), customerLine({ name: 'zo' })];
      const line = customerLine({ name: name.toUpperCase(), updated: DAY + 5, consented: 1 });
      expect(escaped(line)).not.toBe(line);
      const { tables } = await built({
        ...threePeople(),
        customers: [...customers, escaped(line)],
      });
      expect(tables.customer_trusted).toMatchObject({ rows: 1, dropped: { 'consent-unclear': 1 } });
    },
  );

  test('leaves the person out also when a good row of the same moment stands behind it', async () => {
    const line = newer.replace(String(DAY + 5), String(DAY));
    expect(await unclear(line, consented)).toEqual([{ 'consent-unclear': 1 }, 0]);
  });

  test('does so until a newer row follows', async () => {
    const again = customerLine({ name: 'ann', updated: DAY + 6 });
    expect(await unclear(consented, newer, again)).toEqual([{ 'same-person-again': 1 }, 2]);
  });

  test.each([
    ['an older one', newer.replace(String(DAY + 5), String(DAY - 5))],
    ["somebody else's", newer.replace('ann@', 'dan@')],
    ['one that names nobody', '[]'],
    ['a crowd of others', crowd(200)],
  ])('%s changes nothing', async (_what, line) => {
    expect(await unclear(consented, line)).toEqual([{}, 2]);
  });
});

test('a refresh that names no rules keeps those of the published tables', async () => {
  const { lake } = await built(lateSource, { consent: 'any', association: 'timestamp' });
  const { plan } = await planRefresh(lake, { dataset: 'stedi' });
  expect(plan.options).toEqual({ consent: 'any', association: 'timestamp', from: 'catalog' });
});

test('nothing that names a person is in a curated table', async () => {
  const { lake, rowsOf } = await built(threePeople());
  const curated = (await lake.catalog.list({ dataset: 'stedi' })).filter(
    ({ zone }) => zone === 'curated',
  );
  expect(curated.map(({ table }) => table).sort()).toEqual([
    'customer_curated',
    'machine_learning_curated',
  ]);
  for (const { table } of curated) {
    const text = JSON.stringify(await rowsOf(`SELECT * FROM ${table}`));
    for (const name of ['ann', 'ben', 'cid']) expect(text).not.toContain(emailOf(name));
    expect(text).toContain(keyOf('ann'));
  }
});

test('the pseudonym depends on the secret, not on the spelling', () => {
  expect(subjectKey(SECRET, 'stedi', ' Ann@Example.org')).toBe(keyOf('ann'));
  expect(subjectKey('another secret', 'stedi', emailOf('ann'))).not.toBe(keyOf('ann'));
});

test('every reason that a SELECT may give is declared', () => {
  for (const { name, transform, reasons = [] } of declaredTables({
    ...{ dataset: 'stedi', options: DEFAULT_OPTIONS },
  })) {
    if (transform.type === 'rows') throw new Error(`${name} has no SELECT`);
    const sql = transform.type === 'set' ? transform.balanceSql : wholeSelect(transform);
    const given = [...sql.matchAll(/(?:THEN|ELSE) '([a-z-]+-[a-z-]+)'/g)].map(
      ([, reason]) => reason,
    );
    expect({ name, reasons: [...new Set(given)].sort() }).toEqual({
      name,
      reasons: reasons.map(({ reason }) => reason).sort(),
    });
  }
});

test.each([
  ['from-date', 'person'],
  ['from-date', 'timestamp'],
  ['any', 'person'],
  ['any', 'timestamp'],
] as const)(
  'after an erasure tables are made anew with --consent %s --association %s',
  async (consent, association) => {
    const { lake } = await built(threePeople(), { consent, association });
    const refresh = await STEDI_ERASING.presentRefresh(lake, 'stedi');
    expect(refresh?.options).toMatchObject({ consent, association });
  },
);

test('before there are tables an erasure makes none', async () => {
  const lake = newLake(folder.path());
  expect(await STEDI_ERASING.presentRefresh(lake, 'stedi')).toBeNull();
});
