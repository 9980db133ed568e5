/** People who are landed, erased and looked for, in the world of the erasure tests. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ErasureWorld } from './erasure-world';
import { CLASSES, newTask } from './label-tasks';
import { writeStedi, type StediPerson } from './stedi-people';
import { placesWith, topicTraces } from './traces';

const OPTIONS = { consent: 'from-date', association: 'person' } as const;

const letters = (least: number, most: number) =>
  fc.stringMatching(new RegExp(`^[a-z]{${least},${most}}$`));

const randomPerson = fc.record({
  email: fc.tuple(letters(2, 9), letters(2, 6)).map(([a, b]) => `${a}@${b}.example`),
  name: fc.tuple(letters(2, 8), letters(2, 8)).map(([a, b]) => `${a} ${b}`),
  phone: fc.stringMatching(/^8[0-9]{9}$/),
  serial: fc.uuid(),
});

/** Names that are parts of others' names, and a device that two people have. */
export const TRAPS: StediPerson[] = [
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

// Before every row: a newer line would leave its person out.
const BROKEN_MS = 1_600_000_000_000;
export const brokenLine = ({ email, name }: StediPerson): string =>
  `{"customerName":"${name}","email":"${email}","lastUpdateDate":${BROKEN_MS},"registrationDate":`;

let datasets = 0;
const newDataset = (): string => `people-${(datasets += 1)}`;

export function erasedPeople(open: () => ErasureWorld) {
  const rowsOf = async (dataset: string, table: string): Promise<number> => {
    const pointer = await open().lake.catalog.pointer({ dataset, table });
    const prefix = pointer?.prefix ?? '';
    const text = (await open().lake.store.get(`${prefix}manifest.json`)).toString();
    return (JSON.parse(text) as { rows: number }).rows;
  };

  async function land(dataset: string, people: readonly StediPerson[], broken: string[] = []) {
    const source = join(open().home, `source-${dataset}`);
    await rm(source, { recursive: true, force: true });
    await writeStedi(source, people, broken);
    const landed = await open().run('ingest', { dataset, source, format: 'stedi' });
    return landed as { tables: Record<string, { rows: number; dropped: Record<string, number> }> };
  }

  const build = (dataset: string) => open().run('refreshTables', { dataset, options: OPTIONS });

  /** What names the person, without what others are called as well. */
  const namesOf = (person: StediPerson, others: readonly StediPerson[]): string[] =>
    [person.email, person.name, person.phone, person.serial]
      .map((each) => each.toLowerCase())
      .filter((each) => each.length > 5)
      .filter(
        (each) => !others.some((other) => JSON.stringify(other).toLowerCase().includes(each)),
      );

  async function expectGone(dataset: string, person: StediPerson, others: readonly StediPerson[]) {
    const traces = await open().traces();
    const key = open().subjectKeyOf(dataset, person.email.toLowerCase());
    // Consent is withdrawn by dataset: in another one the same person stays.
    const isOurs = (place: string): boolean =>
      !/people-\d+\//.test(place) || place.includes(`${dataset}/`);
    for (const name of [...namesOf(person, others), key]) {
      const places = placesWith(name, ...traces).filter(isOurs);
      expect([name, places]).toEqual([name, []]);
    }
  }

  /** Messages and label tasks that name the people, as a predictor and a campaign would leave them. */
  async function spread(dataset: string, people: readonly StediPerson[]): Promise<void> {
    const { annotation, broker, topics } = open();
    const keys = people.map(({ email }) => open().subjectKeyOf(dataset, email.toLowerCase()));
    const producer = await broker.openProducer();
    const messages = people.map(({ email, serial }, at) => {
      const value = JSON.stringify({ dataset, subjectKey: keys[at], user: email });
      // What a device has sent goes with the person whose it is, whoever else claims its number.
      const isShared = people.filter((each) => each.serial === serial).length > 1;
      return { key: isShared ? `${dataset}-device-${at}` : serial, value };
    });
    await producer.send(topics.deadLetter, messages);
    await producer.close();
    const campaign = { campaign: dataset, dataset, model: 'activity', classes: CLASSES };
    await annotation.openCampaign({ ...campaign, target: people.length, channels: [] });
    const tasks = keys.map((subjectKey, at) => newTask(at, { subjectKey, device: 'a-watch' }));
    await annotation.createTasks({ campaign: dataset, tasks });
  }

  const countOf = async (dataset: string, people: readonly StediPerson[]): Promise<number> => {
    const topic = await topicTraces(open().broker, [open().topics.deadLetter]);
    const keys = people.map(({ email }) => open().subjectKeyOf(dataset, email.toLowerCase()));
    return keys.filter((key) => placesWith(key, topic).length > 0).length;
  };

  return { land, build, rowsOf, newDataset, spread, countOf, expectGone };
}

/** The property: whoever it is among whomever, they are gone from everywhere and do not come back. */
export function testRandomErasures(
  open: () => ErasureWorld,
  { numRuns, seed }: { numRuns: number; seed?: number },
): void {
  const { land, build, rowsOf, newDataset, spread, countOf, expectGone } = erasedPeople(open);

  test('nothing of a random person is left or comes back, and everybody else stays', async () => {
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
        await spread(dataset, people);
        // The search finds what is there: else it would prove nothing.
        const before = placesWith(person.email, ...(await open().traces()));
        expect(before.length).toBeGreaterThan(4);
        const result = await open().erase(dataset, ` ${person.email.toUpperCase()} `);
        expect(result.scanned.objects).toBeGreaterThan(10);
        expect(result.records).toMatchObject({ tasks: 1 });
        await rm(join(open().home, `source-${dataset}`), { recursive: true });
        await expectGone(dataset, person, others);
        expect(await countOf(dataset, others)).toBe(others.length);
        expect(await rowsOf(dataset, 'customer_landing')).toBe(others.length);
        expect(await rowsOf(dataset, 'accelerometer_landing')).toBe(others.length * 4);
        expect(await rowsOf(dataset, 'customer_trusted')).toBe(others.length);

        const newcomer = { ...person, email: 'dee@newcomer.org', name: 'Dee Moss', phone: '1' };
        const all = [...people, { ...newcomer, serial: `serial-of-dee-${dataset}` }];
        const { tables } = await land(dataset, all, people.map(brokenLine));
        const again = { 'consent-withdrawn': 4 };
        expect(tables.customer_landing).toMatchObject({
          rows: others.length + 1,
          dropped: { 'consent-withdrawn': 2 },
        });
        expect(tables.accelerometer_landing?.dropped).toEqual(again);
        await build(dataset);
        await rm(join(open().home, `source-${dataset}`), { recursive: true });
        await expectGone(dataset, person, [...others, newcomer]);
      }),
      // Each run takes seconds: the first example that fails is told as it is.
      { numRuns, seed, endOnFailure: true },
    );
  });
}
