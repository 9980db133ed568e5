/** Which devices are a person's, when the person is looked for: theirs alone, whatever others claim. */
import { STEDI_ERASING } from '../../../../lakehouse/stedi/erasing';
import { subjectKey } from '../../../../lakehouse/stedi/subject-keys';
import type { MadePerson } from '../../../support/made-stedi';
import {
  DAY,
  accelerometerLine,
  customerLine,
  emailOf,
  stediFiles,
  stepLine,
} from '../../../support/made-stedi';
import { SECRET, newLake, temporaryFolder, writeFolder } from '../../../support/recordings';
import { ingestStedi, refreshStedi } from '../../../support/stedi';

const folder = temporaryFolder();
const DATASET = 'stedi';

/** `ann`, who is read with it twice, and `ben`, once, claim one device. */
async function landed(
  ann: Partial<MadePerson> = {},
  ben: Partial<MadePerson> = {},
  users: readonly string[] = [],
) {
  const lake = newLake(folder.path());
  const people = [
    { name: 'ann', serial: 'shared', ...ann },
    { name: 'ben', serial: 'shared', ...ben },
  ];
  const moments = [DAY + 1, DAY + 2, DAY + 3];
  const files = stediFiles({
    customers: people.map((person) => customerLine(person)),
    accelerometer: [
      ...moments.map((at, n) => accelerometerLine(n < 2 ? 'ann' : 'ben', at)),
      ...users.map((name) => accelerometerLine(name, DAY)),
    ],
    steps: moments.map((at) => stepLine('shared', at)),
  });
  await ingestStedi(lake, { source: await writeFolder(folder.path(), files) });
  await refreshStedi(lake);
  const find = (name: string) => {
    const key = subjectKey(SECRET, DATASET, emailOf(name));
    const known = { dataset: DATASET, identifier: emailOf(name), subjectKey: key };
    return STEDI_ERASING.findPerson(lake, known);
  };
  const erase = async (name: string) => {
    const { person } = await find(name);
    const { subjectKey: key } = person;
    const request = { dataset: DATASET, subject: key, erased: key, person };
    return STEDI_ERASING.rewriteLanding(lake, request);
  };
  return { lake, find, erase };
}

test('the readings of a shared device go with the person whose it is', async () => {
  const { find } = await landed();
  expect((await find('ann')).person.devices).toEqual(['shared']);
  expect((await find('ann')).rows).toMatchObject({ step_trainer_landing: 3 });
  expect((await find('ben')).person.devices).toEqual([]);
  expect((await find('ben')).rows).toMatchObject({ step_trainer_landing: 0 });
});

test('is found also where a first ingest that was ended has left some of the tables alone', async () => {
  const { lake, find } = await landed({ serial: 'own' });
  await lake.catalog.drop({ dataset: DATASET, table: 'step_trainer_landing' });
  expect(await find('ann')).toMatchObject({
    person: { devices: ['own'] },
    rows: { customer_landing: 1, accelerometer_landing: 2, step_trainer_landing: 0 },
  });
});

test('is looked for as a whole name where that of a user, who is no customer, holds it', async () => {
  const { find } = await landed();
  expect((await find('ben')).person.texts).toContain(emailOf('ben'));
  const beside = await landed({}, {}, ['reuben']);
  const found = (await beside.find('ben')).person;
  expect(found.texts).not.toContain(emailOf('ben'));
  expect(found.values).toContain(emailOf('ben'));
});

test('of an owner who does not consent as well: nobody inherits them', async () => {
  const { lake, find, erase } = await landed({ consented: null });
  expect((await find('ann')).person.devices).toEqual(['shared']);
  expect(await erase('ann')).toMatchObject({ customer_landing: 1, step_trainer_landing: 3 });
  const built = await refreshStedi(lake);
  expect(built.step_trainer_trusted).toMatchObject({ rows: 0, inputRows: 0 });
});

test('when the other claimant is erased they stay', async () => {
  const { lake, erase } = await landed();
  expect(await erase('ben')).toMatchObject({ customer_landing: 1, step_trainer_landing: 0 });
  expect((await refreshStedi(lake)).step_trainer_trusted?.rows).toBe(3);
});

test('a device that the person had before goes as well', async () => {
  const { find } = await landed({ serial: 'own' }, { serial: 'other' });
  expect((await find('ann')).person.devices).toEqual(['own']);
});
