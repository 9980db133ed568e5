/** Erasing people from STEDI data: afterwards nothing of them is kept anywhere, and nobody else is missing. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createErasureWorld, type ErasureWorld } from '../support/erasure-world';
import type { StediPerson } from '../support/stedi-people';
import { TRAPS, brokenLine, erasedPeople, testRandomErasures } from '../support/erased-people';

jest.setTimeout(240_000);

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

const { land, build, rowsOf, newDataset, expectGone } = erasedPeople(() => world);

// More of them in the long variant.
testRandomErasures(() => world, { numRuns: 2, seed: 1 });

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
  // What a lost attempt has removed counts; of customers a broken line as well.
  expect(result.removedRows).toMatchObject({
    ...{ customer_landing: 2, accelerometer_landing: 4, step_trainer_landing: 4 },
  });
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

describe('the search of the database', () => {
  const notes = async (...said: string[]) => {
    await world.pool.query('CREATE TABLE IF NOT EXISTS public.notes (status text)');
    await world.pool.query('TRUNCATE public.notes');
    for (const each of said) await world.pool.query('INSERT INTO public.notes VALUES ($1)', [each]);
  };
  const search = async (...texts: string[]) =>
    (await world.consent.searchRows({ texts, values: texts })).found;

  test('finds a text in which letters are escapes', async () => {
    await notes('{"by":"\\u00d6mer Y\\u0131lmaz"}', '{"by":"\\u00d6zge"}');
    expect(await search('ömer yılmaz')).toEqual([{ place: 'public.notes', rows: 1 }]);
    expect(await search('ömer yılmas')).toEqual([]);
  });

  test('takes no column for a person who is called like one', async () => {
    await notes('open', 'my status is good', 'Status');
    expect(await search('status')).toEqual([{ place: 'public.notes', rows: 2 }]);
    await notes('open');
    // In tables of all schemas.
    expect(await search('status', 'campaign', 'subject', 'created_at', 'model')).toEqual([]);
  });
});
