/** Erasing people from STEDI data: afterwards nothing of them is kept anywhere, and nobody else is missing. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { placesWith } from '../support/traces';
import { createErasureWorld, type ErasureWorld } from '../support/erasure-world';
import { writeStedi, type StediPerson } from '../support/stedi-people';

jest.setTimeout(240_000);

const OPTIONS = { consent: 'from-date', association: 'person' } as const;

/** Activities of this name do their work the first time and are then lost, as with a killed worker. */
let isFragile = false;
const lost = new Set<string>();

const fragile = (activities: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(activities).map(([name, activity]) => [
      name,
      async (input: never) => {
        const result = await (activity as (input: never) => Promise<unknown>)(input);
        if (!isFragile || lost.has(name)) return result;
        lost.add(name);
        throw new Error('the worker was killed');
      },
    ]),
  );

let world: ErasureWorld;
beforeAll(async () => {
  world = await createErasureWorld({ change: fragile });
});
afterAll(() => world?.close());

const letters = (least: number, most: number) =>
  fc.stringMatching(new RegExp(`^[a-z]{${least},${most}}$`));

const randomPerson = fc.record({
  email: fc.tuple(letters(2, 9), letters(2, 6)).map(([a, b]) => `${a}@${b}.example`),
  name: fc.tuple(letters(2, 8), letters(2, 8)).map(([a, b]) => `${a} ${b}`),
  phone: fc.stringMatching(/^8[0-9]{9}$/),
  serial: fc.uuid(),
});

/** Names that are parts of others' names, and a device that two people have. */
const TRAPS: StediPerson[] = [
  { email: 'ann@example.org', name: 'Ann Lee', phone: '8005550001', serial: 'serial-of-ann-0001' },
  {
    email: 'joann@example.org',
    name: 'Joann Leeds',
    phone: '80055500012',
    serial: 'serial-of-ann-00012',
  },
  { email: 'Bo@Ex.io', name: 'Bo', phone: '123', serial: 'shared-serial-number' },
  { email: 'cy@example.org', name: 'Bo', phone: '8005550004', serial: 'shared-serial-number' },
];

const brokenLine = ({ email, name }: StediPerson): string =>
  `{"customerName":"${name}","email":"${email}","registrationDate":`;

const rowsOf = async (dataset: string, table: string): Promise<number> => {
  const pointer = await world.lake.catalog.pointer({ dataset, table });
  const prefix = pointer?.prefix ?? '';
  const text = (await world.lake.store.get(`${prefix}manifest.json`)).toString();
  return (JSON.parse(text) as { rows: number }).rows;
};

let datasets = 0;
const newDataset = (): string => `people-${(datasets += 1)}`;

async function land(dataset: string, people: readonly StediPerson[], broken: string[] = []) {
  const source = join(world.home, `source-${dataset}`);
  await rm(source, { recursive: true, force: true });
  await writeStedi(source, people, broken);
  const landed = await world.run('ingest', { dataset, source, format: 'stedi' });
  return landed as { tables: Record<string, { rows: number; dropped: Record<string, number> }> };
}

const build = (dataset: string) => world.run('refreshTables', { dataset, options: OPTIONS });

/** What names the person, without what others are called as well. */
const namesOf = (person: StediPerson, others: readonly StediPerson[]): string[] =>
  [person.email, person.name, person.phone, person.serial]
    .map((each) => each.toLowerCase())
    .filter((each) => each.length > 5)
    .filter((each) => !others.some((other) => JSON.stringify(other).toLowerCase().includes(each)));

async function expectGone(dataset: string, person: StediPerson, others: readonly StediPerson[]) {
  const traces = await world.traces();
  const key = world.subjectKeyOf(dataset, person.email.toLowerCase());
  // Consent is withdrawn by dataset: in another one the same person stays.
  const isOurs = (place: string): boolean =>
    !/\/people-\d+\//.test(place) || place.includes(`/${dataset}/`);
  for (const name of [...namesOf(person, others), key]) {
    const places = placesWith(name, ...traces).filter(isOurs);
    expect([name, places]).toEqual([name, []]);
  }
}

test('nothing of a random person is left, and everybody else is', async () => {
  const crowd = fc.tuple(
    fc.uniqueArray(randomPerson, { minLength: 2, maxLength: 6, selector: ({ email }) => email }),
    fc.nat(),
  );
  await fc.assert(
    fc.asyncProperty(crowd, async ([random, pick]) => {
      const dataset = newDataset();
      const people = [...random, ...TRAPS];
      const person = people[pick % people.length] as StediPerson;
      const others = people.filter((each) => each !== person);
      await land(dataset, people, people.map(brokenLine));
      await build(dataset);
      // The search finds what is there: else it would prove nothing.
      expect(placesWith(person.email, ...(await world.traces())).length).toBeGreaterThan(3);
      const result = await world.erase(dataset, ` ${person.email.toUpperCase()} `);
      expect(result.scanned.objects).toBeGreaterThan(10);
      await expectGone(dataset, person, others);
      expect(await rowsOf(dataset, 'customer_landing')).toBe(others.length);
      expect(await rowsOf(dataset, 'accelerometer_landing')).toBe(others.length * 4);
      expect(await rowsOf(dataset, 'customer_trusted')).toBe(others.length);
      await rm(join(world.home, `source-${dataset}`), { recursive: true });
    }),
    // Each run takes seconds: the first example that fails is told as it is.
    { numRuns: 4, endOnFailure: true },
  );
});

test('an archive that holds the person does not bring them back, and the rows are counted', async () => {
  const dataset = newDataset();
  const [person, ...others] = TRAPS as [StediPerson, ...StediPerson[]];
  await land(dataset, TRAPS);
  await build(dataset);
  await world.erase(dataset, person.email);
  const newcomer = { ...person, email: 'dee@example.org', name: 'Dee', serial: 'serial-of-dee' };
  const { tables } = await land(dataset, [...TRAPS, newcomer]);
  expect(tables.customer_landing).toMatchObject({
    rows: others.length + 1,
    dropped: { 'consent-withdrawn': 1 },
  });
  expect(tables.accelerometer_landing?.dropped).toEqual({ 'consent-withdrawn': 4 });
  expect(tables.step_trainer_landing?.dropped).toEqual({ 'consent-withdrawn': 4 });
  await build(dataset);
  await rm(join(world.home, `source-${dataset}`), { recursive: true });
  await expectGone(dataset, person, [...others, newcomer]);
});

test('of a device that two have, the readings go with the one to whom they were given', async () => {
  const dataset = newDataset();
  const [, , bo, cy] = TRAPS as [StediPerson, StediPerson, StediPerson, StediPerson];
  await land(dataset, TRAPS);
  await build(dataset);
  // Both wear it for as long: it was given to Bo, who registered first.
  const ofCy = await world.erase(dataset, cy.email);
  expect(ofCy.removedRows).toMatchObject({ customer_landing: 1, step_trainer_landing: 0 });
  const ofBo = await world.erase(dataset, bo.email);
  expect(ofBo.removedRows).toMatchObject({ customer_landing: 1, step_trainer_landing: 8 });
});

test('erasing twice is harmless, and consent given anew lets the person land again', async () => {
  const dataset = newDataset();
  const [person] = TRAPS as [StediPerson];
  await land(dataset, TRAPS);
  await build(dataset);
  await world.erase(dataset, person.email);
  const again = await world.erase(dataset, person.email);
  expect(Object.values(again.removedRows).every((rows) => rows === 0)).toBe(true);
  const { consent } = world;
  const name = { dataset, subject: again.subject };
  expect((await consent.entries(name)).length).toBe(1);
  await consent.recordGrant(name);
  const { tables } = await land(dataset, [...TRAPS, { ...person, email: 'eve@example.org' }]);
  expect(tables.customer_landing).toMatchObject({ rows: TRAPS.length + 1, dropped: {} });
  const entries = await consent.entries(name);
  expect(entries.map(({ grantedAt }) => grantedAt !== null)).toEqual([true, false]);
});

test('every step may be lost after its work: repeated, it ends the same', async () => {
  const dataset = newDataset();
  const [person, ...others] = TRAPS as [StediPerson, ...StediPerson[]];
  await land(dataset, TRAPS, TRAPS.map(brokenLine));
  await build(dataset);
  isFragile = true;
  const result = await world.erase(dataset, person.email);
  isFragile = false;
  expect([...lost].sort()).toEqual(
    expect.arrayContaining(['findSubject', 'proveErasure', 'removeHoldings', 'rewriteLanding']),
  );
  expect(result.proof).toContain(result.subject);
  await rm(join(world.home, `source-${dataset}`), { recursive: true });
  await expectGone(dataset, person, others);
  expect(await rowsOf(dataset, 'accelerometer_landing')).toBe(others.length * 4);
});

test('two people who are erased from one dataset at the same time both go', async () => {
  const dataset = newDataset();
  const [ann, joann, ...others] = TRAPS as [StediPerson, StediPerson, ...StediPerson[]];
  await land(dataset, TRAPS);
  await build(dataset);
  await Promise.all([ann, joann].map(({ email }) => world.erase(dataset, email)));
  await rm(join(world.home, `source-${dataset}`), { recursive: true });
  await expectGone(dataset, ann, others);
  await expectGone(dataset, joann, others);
  expect(await rowsOf(dataset, 'customer_landing')).toBe(others.length);
});
