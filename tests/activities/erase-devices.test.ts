/** Erasing somebody who wears devices: from events, aggregates, profiles, tokens, topics and dead letters, with a proof. */
import { MockActivityEnvironment } from '@temporalio/testing';
import {
  createDeviceAggregateActivities,
  type AggregationPlan,
} from '../../activities/device-aggregate-activities';
import { createDeviceTables, type DeviceTables } from '../../devices/devices';
import { createDeviceTokens } from '../../devices/tokens';
import { query } from '../../lakehouse/query';
import type { OutgoingMessage } from '../../streaming/ports';
import { GRAINS } from '../../telemetry/aggregate';
import type { UserProfile } from '../../telemetry/profile';
import { storedAggregates } from '../support/device-aggregates';
import { eventJson, type MadeEvent } from '../support/device-events';
import { loadConfig } from '../../workers/config';
import { openDeviceProfiles } from '../../workers/devices';
import { createErasureWorld, type ErasureWorld } from '../support/erasure-world';
import { makeAnew } from '../support/streams';
import { placesWith } from '../support/traces';

jest.setTimeout(240_000);

const DATASET = 'devices';
const ERASED = 'ada-the-first';
const NAMES = [ERASED, 'ada@example.org', 'watch-of-ada'];
/** Too short to be looked for anywhere but where devices are named. */
const SHORT = 'w1';

const profile = (userId: string, deviceId: string): UserProfile => ({
  ...{ userId, deviceId, userEmail: `${userId.slice(0, 3)}@example.org`, gender: null, age: null },
  ...{ timeZone: 'UTC', stepCounter: 'interval' },
});
const PROFILES = [
  profile(ERASED, 'watch-of-ada'),
  profile(ERASED, SHORT),
  profile('bob', 'watch-of-bob'),
  profile('cyd', 'w12'),
];

let world: ErasureWorld;
let devices: DeviceTables;

const message = (event: MadeEvent & { device: string }): OutgoingMessage => ({
  ...{ key: event.device, value: eventJson(event), headers: {} },
});

async function send(...messages: OutgoingMessage[]): Promise<void> {
  const producer = await world.broker.openProducer();
  await producer.send(world.deviceTopics.events, messages);
  await producer.close();
}

const at = (day: string, hour: number) => `${day}T${String(hour).padStart(2, '0')}:00:00Z`;

const ofEverybody = (day: string): OutgoingMessage[] =>
  ['watch-of-ada', SHORT, 'watch-of-bob', 'w12'].flatMap((device, index) =>
    [1, 12].map((hour) => message({ device, at: at(day, hour + index), hr: 60 + index, steps: 5 })),
  );

const land = () => world.run('landDeviceEvents', { dataset: DATASET });
async function aggregate(keepMonths?: number): Promise<void> {
  for (const grain of GRAINS)
    await world.run('aggregateDevices', { dataset: DATASET, grain, keepMonths });
}

const perDevice = async () => {
  const sql =
    'SELECT device_id, count(*)::INT AS n, count(extra)::INT AS extra FROM device_events GROUP BY 1 ORDER BY 1';
  return (await query(world.lake, { sql, dataset: DATASET })).rows;
};

const valuesOf = async (topic: string): Promise<string[]> => {
  const values: string[] = [];
  for await (const messages of world.broker.read({ topic })) {
    values.push(...messages.map(({ value }) => String(value)));
  }
  return values.toSorted();
};

beforeAll(async () => {
  world = await createErasureWorld();
  devices = createDeviceTables(world.pool);
  await devices.importProfiles(PROFILES);
  await createDeviceTokens(world.pool).issue({ deviceId: 'watch-of-ada' });
  await createDeviceTokens(world.pool).issue({ deviceId: 'watch-of-bob' });
  await send(
    ...ofEverybody('2019-05-01'),
    ...ofEverybody('2026-03-02'),
    message({
      device: 'watch-of-bob',
      at: at('2026-03-03', 9),
      hr: 61,
      pairedWith: 'watch-of-ada',
    }),
    message({ device: 'watch-of-bob', at: at('2026-03-04', 9), hr: 62, colour: 'red' }),
    { key: SHORT, value: `{"device_id":"${SHORT}","hr":"fast"}`, headers: {} },
    { key: null, value: `{"device_id":"watch-of-ada","timestamp":`, headers: {} },
    { key: 'watch-of-bob', value: '{"device_id":"watch-of-bob","hr":"fast"}', headers: {} },
  );
  await land();
  await aggregate();
  // The aggregates of 2019 are in partitions that are tables of their own from now on.
  await aggregate(12);
});
afterAll(() => world?.close());

test('removes the person everywhere and leaves what others sent', async () => {
  for (const name of NAMES) expect(placesWith(name, ...(await world.traces()))).not.toEqual([]);
  const days = await storedAggregates(world.pool, 'day');
  expect(days.filter(({ userId }) => userId === ERASED)).toHaveLength(1);
  const result = await world.erase(DATASET, ERASED);

  expect(result).toMatchObject({
    removedRows: { device_events: 8 + 2 },
    // Days, weeks and months of two years, half of them detached.
    records: { profiles: 2, aggregates: 6, deviceTokens: 1 },
    waiting: 0,
    retrainings: [],
  });
  const traces = await world.traces();
  for (const name of NAMES) expect([name, placesWith(name, ...traces)]).toEqual([name, []]);
  expect(await perDevice()).toEqual([
    { device_id: 'w12', n: 4, extra: 0 },
    // What named the other's device went from it, the rest stayed.
    { device_id: 'watch-of-bob', n: 6, extra: 1 },
  ]);
  expect(await valuesOf(world.deviceTopics.deadLetter)).toEqual([
    '{"device_id":"watch-of-bob","hr":"fast"}',
  ]);
  expect(await storedAggregates(world.pool, 'day')).toEqual(
    days.filter(({ userId }) => userId !== ERASED),
  );
});

test('proves it, and the next landing and aggregation change nothing of others', async () => {
  const before = await Promise.all(GRAINS.map((grain) => storedAggregates(world.pool, grain)));
  expect(await land()).toMatchObject({ messages: 0 });
  for (const grain of GRAINS) {
    const done = await world.run('aggregateDevices', { dataset: DATASET, grain });
    expect(done).toMatchObject({ written: 0, deleted: 0, unassigned: 0 });
  }
  const after = await Promise.all(GRAINS.map((grain) => storedAggregates(world.pool, grain)));
  expect(after).toEqual(before);
  expect(await valuesOf(world.deviceTopics.deadLetter)).toHaveLength(1);
});

test('what the device goes on sending waits, is left out, and goes with the next erasure', async () => {
  const paired = { device: 'watch-of-bob', hr: 61, pairedWith: 'watch-of-ada' };
  await send(
    ...ofEverybody('2026-03-05'),
    message({ ...paired, at: at('2026-03-05', 20) }),
    // What is no event does not bring them back either, whoever it comes from.
    ...['watch-of-ada', null].map((key) => ({
      ...{ key, value: '{"device_id":"watch-of-ada","hr":"fast"}', headers: {} },
    })),
    { key: null, value: `{"Device ID":"${SHORT}","date":`, headers: {} },
    { key: null, value: `${ERASED},2026-03-05,fast`, headers: {} },
    { key: 'w12', value: '{"device_id":"w12","hr":"slow"}', headers: {} },
  );
  const waiting = await world.erase(DATASET, ERASED);
  expect(waiting.waiting).toBe(4 + 1 + 2 + 1 + 1);
  expect(waiting.topics[0]).toMatchObject({ removed: 0, kept: 9, retentionMs: 604_800_000 });
  expect(await land()).toMatchObject({
    ...{ messages: 14, rows: 5, withdrawn: 8, rejected: { 'missing-time': 1 } },
  });
  expect(await world.erase(DATASET, ERASED)).toMatchObject({ waiting: 0 });
  const traces = await world.traces();
  for (const name of NAMES) expect([name, placesWith(name, ...traces)]).toEqual([name, []]);
  expect(await perDevice()).toMatchObject([
    { n: 6, extra: 0 },
    { n: 9, extra: 1 },
  ]);
  expect(await valuesOf(world.deviceTopics.deadLetter)).toHaveLength(2);
});

test('of a topic that was made anew nothing counts as landed, and others’ events stay', async () => {
  const { events } = world.deviceTopics;
  const { size: partitions } = await world.broker.bounds(events);
  await makeAnew(events, partitions);
  const ofBob = (hour: number, more: object = {}) =>
    message({ device: 'watch-of-bob', at: at('2026-03-07', hour), hr: 60, ...more });
  await send(ofBob(1), ofBob(2, { pairedWith: 'watch-of-ada' }), ofBob(3));
  const { topics, waiting } = await world.erase(DATASET, ERASED);
  expect({ waiting, topic: topics[0] }).toMatchObject({
    waiting: 1,
    topic: { removed: 0, kept: 1 },
  });
  expect(await land()).toMatchObject({ messages: 3, rows: 3 });
});

test('a profile of the person is not imported again', async () => {
  const config = loadConfig({
    ...{ WATCHLAKE_HOME: world.home, WATCHLAKE_PSEUDONYM_KEY: world.pseudonymKey },
    ...{ DATABASE_URL: world.databaseUrl },
  });
  const { profiles, close } = await openDeviceProfiles(config);
  const imported = await profiles.importProfiles([...PROFILES, profile('eve', 'watch-of-ada')]);
  const listed = await profiles.listProfiles({ limit: 9 });
  await close();
  // Neither under another name: what the device sends is not landed any more.
  expect(imported).toMatchObject({ profiles: 2, unchanged: 2, withdrawn: 3 });
  expect(listed.map(({ userId }) => userId)).toEqual(['bob', 'cyd']);
});

test('neither is one of somebody who was erased from events under another name', async () => {
  const [dataset, userId] = ['wearables', 'fay-of-wearables'];
  const given = [profile(userId, 'watch-of-fay')];
  await devices.importProfiles(given);
  await send(message({ device: 'watch-of-fay', at: at('2026-03-08', 8), hr: 70 }));
  await world.run('landDeviceEvents', { dataset });
  await world.erase(dataset, userId);
  const config = loadConfig({
    ...{ WATCHLAKE_HOME: world.home, WATCHLAKE_PSEUDONYM_KEY: world.pseudonymKey },
    ...{ DATABASE_URL: world.databaseUrl },
  });
  const { profiles, close } = await openDeviceProfiles(config);
  const imported = await profiles.importProfiles(given);
  await close();
  expect(imported).toMatchObject({ profiles: 0, added: 0, withdrawn: 1 });
});

test('what another dataset has yet to land stays in the topic, that of others among it', async () => {
  await devices.importProfiles([profile('gil-of-nine', 'watch-of-gil')]);
  // One of them at least lies in the partition of the one who goes, before their event.
  const others = Array.from({ length: 8 }, (_, number) =>
    message({ device: `watch-${number}-of-9`, at: at('2026-03-09', 8), hr: 60 }),
  );
  const landWearables = () => world.run('landDeviceEvents', { dataset: 'wearables' });
  await landWearables();
  await send(...others, message({ device: 'watch-of-gil', at: at('2026-03-09', 9), hr: 70 }));
  await land();
  const { topics, waiting } = await world.erase(DATASET, 'gil-of-nine');
  expect({ waiting, topic: topics[0] }).toMatchObject({ waiting: 1, topic: { kept: 1 } });
  expect(await landWearables()).toMatchObject({ messages: 9, rows: 9, skippedOffsets: 0 });
  expect(await world.erase(DATASET, 'gil-of-nine')).toMatchObject({ waiting: 0 });
});

test('an e-mail is refused by name: a profile is found by its user_id', async () => {
  await expect(devices.ownerOf('BOB@example.org')).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    context: { field: 'person' },
  });
});

test('an aggregation that began before cannot write the person again', async () => {
  const { lake } = world;
  await devices.importProfiles([profile('dora', 'watch-of-dora')]);
  await send(message({ device: 'watch-of-dora', at: at('2026-03-06', 8), hr: 70 }));
  await land();
  const late: DeviceTables = {
    ...devices,
    async writeAggregates(request) {
      await devices.eraseOwner({ userId: 'dora', devices: ['watch-of-dora'] });
      return devices.writeAggregates(request);
    },
  };
  const { planAggregation, aggregatePeriods } = createDeviceAggregateActivities({
    ...{ lake, devices: late },
  });
  const request = { dataset: DATASET, grain: 'day' as const };
  const context = new MockActivityEnvironment();
  const plan: AggregationPlan = await context.run(planAggregation, {
    ...{ ...request, maximumBatches: 9 },
  });
  const periods = plan.batches.flat();
  expect(periods).toContain('2026-03-06');
  await expect(context.run(aggregatePeriods, { ...request, periods })).rejects.toMatchObject({
    type: 'AGGREGATES_OUTDATED',
  });
  const days = await storedAggregates(world.pool, 'day');
  expect(days.filter(({ userId }) => userId === 'dora')).toEqual([]);
});
