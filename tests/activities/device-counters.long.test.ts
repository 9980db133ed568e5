/** Counters that go on over days, in every zone: whatever comes late, the days are those of the plainest computation. */
import fc from 'fast-check';
import { createDeviceTables } from '../../devices/devices';
import { aggregatesByHand } from '../support/aggregates-by-hand';
import { createTestDatabase } from '../support/database';
import { aggregate, profile, storedAggregates } from '../support/device-aggregates';
import { eventsOf, FakeTopic, landAll } from '../support/device-events';
import { newLake, temporaryFolder } from '../support/recordings';

const folder = temporaryFolder();
const START = Date.parse('2026-03-28T06:00:00Z');
// Two days and a half, in one of which many clocks change.
const QUARTERS = 240;
const DEVICES = ['a', 'b'];
const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));

const reading = fc.record({
  device: fc.constantFrom(...DEVICES),
  at: fc
    .integer({ min: 0, max: QUARTERS - 1 })
    .map((quarters) => new Date(START + quarters * 900_000).toISOString()),
  steps: fc.nat(900),
});

const example = fc.record({
  zones: fc.tuple(zone, zone),
  first: fc.array(reading, { minLength: 12, maxLength: 24 }),
  later: fc.array(reading, { minLength: 8, maxLength: 8 }),
});

const property = fc.asyncProperty(example, async ({ zones, first, later }) => {
  const database = await createTestDatabase();
  try {
    const [lake, topic] = [newLake(folder.path()), new FakeTopic()];
    const people = DEVICES.map((device, at) =>
      profile(device, { userId: device, timeZone: zones[at], stepCounter: 'cumulative' }),
    );
    await createDeviceTables(database.pool).importProfiles(people);
    for (const events of [first, ...later.map((each) => [each])]) {
      await landAll(lake, topic.add(...events));
      await aggregate(lake, database.pool, 'day');
      expect(await storedAggregates(database.pool, 'day')).toEqual(
        aggregatesByHand(eventsOf(topic), people).day,
      );
    }
  } finally {
    await database.drop();
  }
});

test('each late reading makes every day anew that it changes', async () => {
  await fc.assert(property, { numRuns: 20, endOnFailure: true });
}, 600_000);
