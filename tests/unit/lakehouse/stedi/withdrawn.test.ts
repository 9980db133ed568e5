/** Who withdrew stays out, and nobody else: whatever a delivery holds of them, and of whom they share with. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lake } from '../../../../lakehouse/lake';
import { loadPlan } from '../../../../lakehouse/landing/ingest-folder';
import { manifestKey } from '../../../../lakehouse/manifest';
import { query } from '../../../../lakehouse/query';
import { openSource } from '../../../../lakehouse/sources/open-source';
import type { StediIngestPlan } from '../../../../lakehouse/stedi/ingest-plan';
import { STEDI_ERASING } from '../../../../lakehouse/stedi/erasing';
import { STEDI } from '../../../../lakehouse/stedi/stedi-format';
import { subjectKey } from '../../../../lakehouse/stedi/subject-keys';
import type { Suppression } from '../../../../lakehouse/suppression';
import {
  DAY,
  accelerometerLine,
  customerLine,
  emailOf,
  stediFiles,
  stepLine,
  threePeople,
} from '../../../support/made-stedi';
import { SECRET, newLake, temporaryFolder, writeFolder } from '../../../support/recordings';
import { ingestStedi } from '../../../support/stedi';

const folder = temporaryFolder();
const DATASET = 'stedi';

const keyOf = (dataset: string, identifier: string) => subjectKey(SECRET, dataset, identifier);

/** A list that names people by their e-mails, as it is once they were erased. */
const listOf = (...names: string[]): Suppression => ({
  keys: async () => new Set(names.map((name) => keyOf(DATASET, emailOf(name)))),
  keyOf,
});

async function erase(lake: Lake, name: string): Promise<void> {
  const identifier = emailOf(name);
  const asked = { dataset: DATASET, identifier, subjectKey: keyOf(DATASET, identifier) };
  const { person } = await STEDI_ERASING.findPerson(lake, asked);
  const subject = keyOf(DATASET, identifier);
  await STEDI_ERASING.rewriteLanding(lake, { dataset: DATASET, subject, erased: subject, person });
}

const momentsOf = async (lake: Lake, serial: string): Promise<unknown[]> => {
  const sql = `SELECT CAST(sensorReadingTime AS DOUBLE) AS at FROM step_trainer_landing
    WHERE serialNumber = '${serial}' ORDER BY 1`;
  return (await query(lake, { sql, dataset: DATASET })).rows.map(({ at }) => Number(at) - DAY);
};

describe('a device that an erased person claims, too', () => {
  const shared = { serial: 'serial-shared' };
  const firstDay = {
    'customer/day-1.json': ['ann', 'bob']
      .map((name) => customerLine({ name, ...shared }))
      .join('\n'),
    'accelerometer/day-1.json': [1, 2].map((at) => accelerometerLine('bob', DAY + at)).join('\n'),
    'step_trainer/day-1.json': [1, 2].map((at) => stepLine(shared.serial, DAY + at)).join('\n'),
  };

  async function annErased() {
    const lake = newLake(folder.path());
    await ingestStedi(lake, { source: await writeFolder(folder.path(), firstDay) });
    await erase(lake, 'ann');
    const deliver = async (files: Record<string, string>) =>
      ingestStedi(lake, {
        source: await writeFolder(folder.path(), files),
        suppression: listOf('ann'),
      });
    return { lake, deliver };
  }

  test('goes on being read when a delivery names its claimant of before no more', async () => {
    const { lake, deliver } = await annErased();
    await deliver({
      'customer/day-2.json': customerLine({ name: 'ann', ...shared }),
      'step_trainer/day-2.json': [3, 4].map((at) => stepLine(shared.serial, DAY + at)).join('\n'),
    });
    expect(await momentsOf(lake, shared.serial)).toEqual([1, 2, 3, 4]);
  });

  test('is hers alone once the file with the other claim was replaced', async () => {
    const { lake, deliver } = await annErased();
    await deliver({
      'customer/day-1.json': [
        customerLine({ name: 'ann', ...shared }),
        customerLine({ name: 'bob', serial: 'serial-new' }),
      ].join('\n'),
      'step_trainer/day-2.json': stepLine(shared.serial, DAY + 3),
    });
    expect(await momentsOf(lake, shared.serial)).toEqual([1, 2]);
  });
});

describe('a device that only an erased person has, of whom nothing had landed', () => {
  const { openIngest, landBatch } = STEDI;
  const people = ['ben', 'ann'].map((name) => customerLine({ name }));
  const steps = ['ann', 'ben'].map((name, at) => stepLine(`serial-${name}`, DAY + at)).join('\n');

  test.each([
    ['after a line that was cut off', `{"email":\n${people.toReversed().join('\n')}`],
    ['where returns end the lines', people.join('\r')],
    ['behind a mark of the byte order', `\ufeff${people.toReversed().join('\n')}`],
    ['beside bytes that are no UTF-8', Buffer.from(`{"a":"\xe9"}\n${people.join('\n')}`, 'latin1')],
  ])('is known as theirs %s', async (_where, customers) => {
    const lake = newLake(folder.path());
    const files = { 'customer/1.json': '', 'customer/2.json': '', 'step_trainer/1.json': steps };
    const source = await writeFolder(folder.path(), files);
    await writeFile(join(source, 'customer/1.json'), customers);
    const { tables } = await ingestStedi(lake, { source, suppression: listOf('ann') });
    expect(tables?.step_trainer_landing).toMatchObject({
      rows: 1,
      dropped: { 'consent-withdrawn': 1 },
    });
    expect(await momentsOf(lake, 'serial-ben')).toEqual([1]);
  });

  test('is asked of the customers where there are readings of devices alone', async () => {
    const lake = newLake(folder.path());
    const files = { 'customer/1.json': people.join('\n'), 'step_trainer/1.json': steps };
    const opened = await openSource(await writeFolder(folder.path(), files), {
      extensions: ['.json'],
    });
    const read: string[] = [];
    const pathOf = (name: string) => {
      read.push(name);
      return opened.pathOf?.(name) ?? null;
    };
    const source = { ...opened, pathOf };
    const request = { dataset: DATASET, source, secret: SECRET, suppression: listOf('ann') };
    const { planKey } = await openIngest(lake, request);
    const plan = (await loadPlan(lake, planKey)) as StediIngestPlan;
    const batches = plan.files.map((_, at) => [at]);
    for (let batch = 0; batch < batches.length; batch += 1)
      await landBatch(lake, { ...request, plan: { ...plan, batches } as never, batch });
    await opened.close();
    const [customers, readings] = ['customer/1.json', 'step_trainer/1.json'];
    expect(read).toEqual([customers, customers, readings]);
  });
});

const broken = (name: string) => accelerometerLine(name, DAY).replace('0.5', '"fast"');

test('a line that is no row stays out where letters of the name are escapes, too', async () => {
  const lake = newLake(folder.path());
  const odd = broken('ann').replace(emailOf('ann'), `\\u0041nn\\u0040example.org`);
  const accelerometer = [odd, broken('ben')];
  const source = await writeFolder(folder.path(), stediFiles({ ...threePeople(), accelerometer }));
  const { tables } = await ingestStedi(lake, { source, suppression: listOf('ann') });
  expect(tables?.accelerometer_landing).toMatchObject({
    quarantined: { 'wrong-type': 1 },
    dropped: { 'consent-withdrawn': 1 },
  });
});

describe('consent that is given anew', () => {
  async function threeLanded() {
    const lake = newLake(folder.path());
    const made = threePeople();
    const accelerometer = [...made.accelerometer, broken('ann'), broken('ben')];
    const source = await writeFolder(folder.path(), stediFiles({ ...made, accelerometer }));
    const land = (...gone: string[]) => ingestStedi(lake, { source, suppression: listOf(...gone) });
    return { lake, source, land, first: countsOf(await land()) };
  }

  const countsOf = ({ tables = {} }: Awaited<ReturnType<typeof ingestStedi>>) =>
    Object.values(tables).map(({ rows, quarantined, dropped }) => [rows, quarantined, dropped]);

  test('lands the person again from the same files, everything once', async () => {
    const { lake, land, first } = await threeLanded();
    await erase(lake, 'ann');
    expect(await land('ann')).toMatchObject({ alreadyLanded: true });
    const again = await land();
    expect(again).toMatchObject({ alreadyLanded: false, members: 3 });
    expect(countsOf(again)).toEqual(first);
    expect(await land()).toMatchObject({ alreadyLanded: true });
    await erase(lake, 'ann');
    expect(countsOf(await land())).toEqual(first);
  });

  test('lands nobody who is on the list still, and what was landed beside another list is not taken up', async () => {
    const { lake, source, land } = await threeLanded();
    await erase(lake, 'ann');
    await erase(lake, 'ben');
    const opened = await openSource(source, { extensions: ['.json'] });
    const request = {
      dataset: DATASET,
      source: opened,
      secret: SECRET,
      suppression: listOf('ann'),
    };
    const { planKey, batches } = await STEDI.openIngest(lake, request);
    const plan = await loadPlan(lake, planKey);
    for (let batch = 0; batch < batches; batch += 1)
      await STEDI.landBatch(lake, { ...request, plan, batch });
    await opened.close();
    const landed = await land('ben');
    const expected = [
      [2, {}, { 'consent-withdrawn': 1 }],
      [4, { 'wrong-type': 1 }, { 'consent-withdrawn': 3 }],
    ];
    expect(countsOf(landed).slice(0, 2)).toEqual(expected);
    expect(await land('ben')).toMatchObject({ alreadyLanded: true });
  });

  test('where it is unknown whom a file lacks, as in earlier versions, it lands once more', async () => {
    const { lake, land, first } = await threeLanded();
    await erase(lake, 'ann');
    for (const { prefix } of await lake.catalog.list({ dataset: DATASET })) {
      const text = String(await lake.store.get(manifestKey(prefix)));
      const manifest = JSON.parse(text) as { facts: { files: { withdrawn?: string[] }[] } };
      for (const file of manifest.facts.files) delete file.withdrawn;
      await lake.store.put(manifestKey(prefix), JSON.stringify(manifest));
    }
    expect(countsOf(await land('ann'))[0]).toEqual([2, {}, { 'consent-withdrawn': 1 }]);
    expect(await land('ann')).toMatchObject({ alreadyLanded: true });
    expect(countsOf(await land())).toEqual(first);
  });
});
