/** Aggregates are those of one lake in one state: another one, or an earlier state of it, is refused until it is accepted. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createDeviceTables } from '../../devices/devices';
import { rewriteEvents } from '../../lakehouse/devices/rewrite-events';
import { needlesOf } from '../../lakehouse/erasure/person';
import type { Lake } from '../../lakehouse/lake';
import { GRAINS } from '../../telemetry/aggregate';
import { aggregatesByHand } from '../support/aggregates-by-hand';
import { createTestDatabase, type TestDatabase } from '../support/database';
import {
  aggregate,
  aggregateActivities,
  aggregateAll,
  profile,
  storedAggregates,
} from '../support/device-aggregates';
import { eventsOf, FakeTopic, landAll } from '../support/device-events';
import { newLake, temporaryFolder } from '../support/recordings';

const folder = temporaryFolder();
const REFUSED = { type: 'AGGREGATES_OF_ANOTHER_LAKE', nonRetryable: true };
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  await createDeviceTables(database.pool).importProfiles([profile('watch-1')], {
    moveDevices: true,
  });
});
afterEach(() => database.drop());

interface World {
  readonly lake: Lake;
  readonly topic: FakeTopic;
}

const newWorld = (): World => ({ lake: newLake(folder.path()), topic: new FakeTopic() });

const land = ({ lake, topic }: World, date: string, steps: number) =>
  landAll(lake, topic.add({ at: `${date}T12:00:00Z`, steps }));

const aggregateDays = ({ lake }: World, acceptLake?: boolean) =>
  aggregate(lake, database.pool, 'day', { acceptLake });

async function expectMadeFrom({ topic }: World): Promise<void> {
  const expected = aggregatesByHand(eventsOf(topic), [profile('watch-1')]);
  for (const grain of GRAINS) {
    expect(await storedAggregates(database.pool, grain)).toEqual(expected[grain]);
  }
}

test('of a lake that has no events yet the plan says so', async () => {
  const world = newWorld();
  const { planAggregation } = aggregateActivities(world.lake, database.pool);
  const request = { dataset: 'devices', grain: 'day' as const, maximumBatches: 100 };
  const plan = () => new MockActivityEnvironment().run(() => planAggregation(request));
  expect(await plan()).toMatchObject({ periods: 0, hasEvents: false });
  await land(world, '2026-03-02', 1);
  expect(await plan()).toMatchObject({ periods: 1, hasEvents: true });
});

test('another lake is refused, whatever its version, until it is accepted; then all is made from it', async () => {
  const [one, other] = [newWorld(), newWorld()];
  await land(one, '2026-03-02', 1);
  await land(one, '2026-03-03', 2);
  await aggregateAll(one.lake, database.pool);
  for (const [at, date] of ['2026-03-02', '2026-03-04', '2026-03-05'].entries()) {
    // Its first snapshot is of the first lake's name as well: made at the same offsets.
    await land(other, date, 10 + at);
    const tried = aggregateDays(other);
    await expect(tried).rejects.toMatchObject(REFUSED);
    await expect(tried).rejects.toThrow('lacks 1 of their 2 dates');
  }
  await expectMadeFrom(one);
  await aggregateDays(other, true);
  await expect(aggregateDays(one)).rejects.toMatchObject(REFUSED);
  await aggregateAll(other.lake, database.pool);
  await expectMadeFrom(other);
});

test('events that are called the same in the other lake are counted as they are there', async () => {
  const [one, other] = [newWorld(), newWorld()];
  const at = '2026-03-02T12:00:00Z';
  await landAll(one.lake, one.topic.add({ at, steps: 1, sequence: 7 }));
  await aggregateAll(one.lake, database.pool);
  await landAll(other.lake, other.topic.add({ at, steps: 10, hr: 70, sequence: 7 }));
  await aggregateDays(other, true);
  await aggregateAll(other.lake, database.pool);
  await expectMadeFrom(other);
});

test('a person who was erased and consents anew is counted again in every period', async () => {
  const world = newWorld();
  await land(world, '2026-03-02', 1);
  await aggregateAll(world.lake, database.pool);
  const devices = createDeviceTables(database.pool);
  const needles = needlesOf({ own: ['ada'], others: [] });
  const person = { identifier: 'ada', subjectKey: 'key', devices: ['watch-1'], ...needles };
  await rewriteEvents(world.lake, { dataset: 'devices', erased: 'once', person });
  await devices.eraseOwner({ userId: 'ada', devices: ['watch-1'] });
  // Weeks and months have not been looked at when the same events come again.
  await aggregateDays(world);
  await devices.importProfiles([profile('watch-1')]);
  await land(world, '2026-03-02', 1);
  await aggregateAll(world.lake, database.pool);
  await expectMadeFrom(world);
});

test('an earlier state of the same lake is refused like another one', async () => {
  const world = newWorld();
  await land(world, '2026-03-02', 1);
  await aggregateAll(world.lake, database.pool);
  await database.pool.query('UPDATE devices.aggregation_source SET snapshot_version = 9');
  await expect(aggregateDays(world)).rejects.toMatchObject(REFUSED);
  await aggregateDays(world, true);
  expect(await aggregateDays(world)).toMatchObject({ periods: [] });
  await expectMadeFrom(world);
});

test('a run that another overtakes with newer events gives way, and has them at its next attempt', async () => {
  const world = newWorld();
  await land(world, '2026-03-02', 1);
  const devices = createDeviceTables(database.pool);
  let isOvertaken = false;
  const { aggregatePeriods } = aggregateActivities(world.lake, database.pool, {
    ...devices,
    // The other one has looked at the newer events before this one asks what they tell of its periods.
    async periodsNow(...asked) {
      if (!isOvertaken) {
        isOvertaken = true;
        await land(world, '2026-03-02', 10);
        await aggregate(world.lake, database.pool, 'week');
      }
      return devices.periodsNow(...asked);
    },
  });
  const input = { dataset: 'devices', grain: 'day' as const, periods: ['2026-03-02'] };
  const attempt = () => new MockActivityEnvironment().run(aggregatePeriods, input);
  await expect(attempt()).rejects.toMatchObject({
    ...{ type: 'AGGREGATES_OUTDATED', nonRetryable: false },
  });
  expect(await attempt()).toMatchObject({ periods: 1, written: 1, rows: 2 });
  await aggregateAll(world.lake, database.pool);
  await expectMadeFrom(world);
});
