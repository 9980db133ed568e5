/** Readings of one moment, as of a clock of whole seconds: they follow one another as the device counted them. */
import { createDeviceTables } from '../../devices/devices';
import type { Lake } from '../../lakehouse/lake';
import { aggregatesByHand } from '../support/aggregates-by-hand';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { aggregate, profile, storedAggregates } from '../support/device-aggregates';
import { eventsOf, FakeTopic, landAll, type MadeEvent } from '../support/device-events';
import { newLake, temporaryFolder } from '../support/recordings';

const folder = temporaryFolder();
let database: TestDatabase;
let lake: Lake;
let topic: FakeTopic;

beforeEach(async () => {
  database = await createTestDatabase();
  lake = newLake(folder.path());
  topic = new FakeTopic();
});
afterEach(() => database.drop());

const people = [profile('watch-1', { stepCounter: 'cumulative' })];

async function days(...events: MadeEvent[]) {
  await createDeviceTables(database.pool).importProfiles(people);
  await landAll(lake, topic.add(...events));
  await aggregate(lake, database.pool, 'day');
  const stored = await storedAggregates(database.pool, 'day');
  expect(stored).toEqual(aggregatesByHand(eventsOf(topic), people).day);
  return stored;
}

// Twenty pairs: no order that chance gives them would do for all.
const pairs = (more: (at: number) => { sequence?: number }): MadeEvent[] =>
  Array.from({ length: 40 }, (_, at) => ({
    at: `2026-03-0${at < 20 ? 3 : 4}T12:00:${String(Math.floor(at / 2)).padStart(2, '0')}Z`,
    steps: 10_000 + 3 * at,
    ...more(at),
  }));

test.each([
  ['with sequence numbers', (at: number) => ({ sequence: at })],
  ['without', () => ({})],
])('a counter that goes on within a moment did not begin anew, %s', async (_name, more) => {
  const stored = await days(...pairs(more).toReversed());
  expect(stored.map(({ totalSteps }) => totalSteps)).toEqual([57, 60]);
});

test('sequence numbers say that the counter began anew within a moment, and which state speaks on', async () => {
  const minutes = Array.from({ length: 20 }, (_, at) => {
    const moment = `2026-03-03T12:${String(at).padStart(2, '0')}:00Z`;
    return [
      { at: moment, steps: 500, state: 'awake', sequence: 2 * at },
      { at: moment, steps: 4, state: 'asleep', sequence: 2 * at + 1 },
    ];
  });
  const [day] = await days(...minutes.flat());
  // From 4 to 500 between the minutes, and 4 after each new beginning.
  expect(day?.totalSteps).toBe(19 * 496 + 20 * 4);
  expect(day?.minutesAsleep).toBe(19 + 10);
});
