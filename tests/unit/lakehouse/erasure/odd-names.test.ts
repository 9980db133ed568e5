/** People whose names are words of the lake itself: they go, and it stays as it is for everybody else. */
import { knowingOwnWords } from '../../../../lakehouse/erasure/own-words';
import type { Person } from '../../../../lakehouse/erasure/person';
import { removeHoldings } from '../../../../lakehouse/erasure/remove';
import { scanLake } from '../../../../lakehouse/erasure/scan';
import type { Lake } from '../../../../lakehouse/lake';
import { findManifest } from '../../../../lakehouse/snapshots';
import { STEDI_ERASING } from '../../../../lakehouse/stedi/erasing';
import { subjectKey } from '../../../../lakehouse/stedi/subject-keys';
import { DAY, accelerometerLine, emailOf, stediFiles } from '../../../support/made-stedi';
import { SECRET, newLake, temporaryFolder, writeFolder } from '../../../support/recordings';
import { ingestStedi, refreshStedi } from '../../../support/stedi';

const folder = temporaryFolder();
const DATASET = 'stedi';
const INSTEAD = '00000000000000aa';
const erasing = knowingOwnWords(STEDI_ERASING);

/** Each has a row, and a line that is none. */
const lines = (name: string, customerName: string, phone = `800555${name.length}000`): string[] => {
  const known = { customerName, email: emailOf(name), phone, country: 'somewhere' };
  const dates = { registrationDate: DAY, lastUpdateDate: DAY, shareWithResearchAsOfDate: DAY };
  const row = { ...known, birthDay: '987-01-01', serialNumber: `serial-of-${name}`, ...dates };
  return [
    JSON.stringify(row),
    JSON.stringify({ ...row, registrationDate: 'never', lastUpdateDate: DAY - 1 }),
  ];
};

const ODD = { stan: 'string', cora: 'customer', cody: 'country', zed: 'Zed Moss' };

async function landed(): Promise<Lake> {
  const lake = newLake(folder.path());
  const odd = Object.entries(ODD).flatMap(([name, called]) =>
    lines(name, called, ...(name === 'zed' ? ['000000'] : [])),
  );
  const customers = [...lines('bob', 'Bob Moss'), ...odd];
  const names = ['bob', ...Object.keys(ODD)];
  const accelerometer = names.map((name) => accelerometerLine(name, DAY + 1));
  const source = await writeFolder(
    folder.path(),
    stediFiles({ customers, accelerometer, steps: [] }),
  );
  await ingestStedi(lake, { source });
  await refreshStedi(lake);
  return lake;
}

/** Out of the landing tables; what was looked for is returned. */
async function rewritten(lake: Lake, name: string): Promise<Person> {
  const key = subjectKey(SECRET, DATASET, emailOf(name));
  const known = { dataset: DATASET, identifier: emailOf(name), subjectKey: key };
  const { person } = await erasing.findPerson(lake, known);
  const request = { dataset: DATASET, subject: INSTEAD, erased: key, person };
  await erasing.rewriteLanding(lake, request);
  return person;
}

test('people named by words of the lake go alone, and are found nowhere afterwards', async () => {
  const lake = await landed();
  const report = { string: 1, country: 'country', of: ['cody@example.org', 'customer'] };
  await lake.store.put('reports/status.json', JSON.stringify(report));
  const people: Person[] = [];
  for (const name of Object.keys(ODD)) {
    people.push(await rewritten(lake, name));
    const landing = await findManifest(lake, { dataset: DATASET, table: 'customer_landing' });
    // Of everybody else the lines that are no rows are still there.
    const left = Object.keys(ODD).length + 1 - people.length;
    expect([name, landing.quarantined]).toEqual([name, { 'wrong-type': left }]);
  }
  await refreshStedi(lake);
  for (const needles of people) {
    const request = { dataset: DATASET, needles };
    await removeHoldings(lake, { ...request, instead: INSTEAD, graceMs: -1 });
    // The proof goes by this.
    expect((await scanLake(lake, request)).found).toEqual([]);
  }
  const { customer_trusted: trusted } = await refreshStedi(lake);
  expect(trusted).toMatchObject({ rows: 1, inputRows: 1, reused: true });
  const changed = JSON.parse((await lake.store.get('reports/status.json')).toString()) as object;
  expect(changed).toEqual({ string: 1, country: INSTEAD, of: [INSTEAD, 'customer'] });
});
