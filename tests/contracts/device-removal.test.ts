/** Removing what devices have sent: what the topic still has of it never comes back, what is sent later does. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createDeviceLandingActivities } from '../../activities/device-landing-activities';
import { landedEvents } from '../../activities/erasure-streams';
import { createAnnotationStore } from '../../annotation/annotation';
import { createConsent } from '../../consent/consent';
import { createDeviceTables } from '../../devices/devices';
import { DEVICES_DATASET as dataset } from '../../lakehouse/devices/names';
import type { Lake } from '../../lakehouse/lake';
import { query } from '../../lakehouse/query';
import { createRegistry } from '../../registry/registry';
import { endsOf, type Broker } from '../../streaming/ports';
import { eventEnds } from '../../streaming/topic-end';
import { deviceTopics } from '../../streaming/topics';
import { planDatasetRemoval, removeDataset } from '../../workers/remove-dataset';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { aggregateAll, profile, storedAggregates } from '../support/device-aggregates';
import { eventJson } from '../support/device-events';
import { newLake, temporaryFolder } from '../support/recordings';
import { connectBroker, freshTopicNames, makeAnew } from '../support/streams';
import { createTestNamespace, type TestNamespace } from '../support/test-namespace';

jest.setTimeout(180_000);

const PARTITIONS = 2;
const folder = temporaryFolder();
let database: TestDatabase;
let temporal: TestNamespace;
let broker: Broker;

beforeAll(async () => {
  temporal = await createTestNamespace('device-removal');
  broker = connectBroker();
});
afterAll(async () => {
  await broker.close();
  await temporal.close();
});
// The tables hold one dataset alone.
beforeEach(async () => {
  database = await createTestDatabase();
  await createDeviceTables(database.pool).importProfiles([profile('watch-1'), profile('watch-2')]);
});
afterEach(() => database.drop());

async function devicesOf(lake: Lake) {
  const topics = deviceTopics(freshTopicNames().samples);
  const topicShape = { partitions: PARTITIONS };
  const landing = createDeviceLandingActivities({ lake, broker, deviceTopics: topics, topicShape });
  await landing.prepareDeviceTopics();
  const request = { dataset, maximumEvents: 1_000, lateDays: 1 };
  return {
    topics,
    land: () => new MockActivityEnvironment().run(landing.landEvents, request),
    async send(day: string, events: number) {
      const producer = await broker.openProducer();
      const messages = Array.from({ length: events }, (_, at) => {
        const device = `watch-${1 + (at % 2)}`;
        const moment = `${day}T10:${String(at).padStart(2, '0')}:00Z`;
        return { key: device, value: eventJson({ device, at: moment, hr: 60, steps: 10 }) };
      });
      await producer.send(topics.events, messages);
      await producer.close();
    },
  };
}

function removalOf(lake: Lake, topics: { events: string; deadLetter: string }) {
  const { pool } = database;
  const none = { endOffsets: {}, lastRead: {} };
  return {
    ...{ lake, client: temporal.client, registry: createRegistry(pool) },
    annotation: createAnnotationStore(pool),
    consent: createConsent(pool, 'a key for tests'),
    devices: createDeviceTables(pool),
    topicEnds: async ({ events }: { events: boolean }) => ({
      ...{ samples: none, predictions: none },
      ...(events ? { events: await eventEnds(broker, topics) } : {}),
    }),
  };
}

const stepsByDay = async () =>
  (await storedAggregates(database.pool, 'day')).map(({ periodStart, totalSteps }) => [
    periodStart,
    totalSteps,
  ]);

const rowsIn = async (lake: Lake) =>
  (await query(lake, { sql: 'SELECT count(*) AS n FROM device_events', dataset })).rows;

test('events, and what was aggregated from them, go for good; later ones begin anew', async () => {
  const lake = newLake(folder.path());
  const { topics, send, land } = await devicesOf(lake);
  const deps = removalOf(lake, topics);
  await send('2026-03-01', 8);
  await land();
  await aggregateAll(lake, database.pool);
  expect(await stepsByDay()).toEqual([['2026-03-01', 80]]);
  // Sent, and not landed yet: of the former dataset as well.
  await send('2026-03-02', 4);

  const plan = await planDatasetRemoval(deps, { dataset });
  expect(plan).toMatchObject({ tables: ['device_events'], aggregates: 3, inTheWay: [] });
  expect(await stepsByDay()).toEqual([['2026-03-01', 80]]);
  await removeDataset(deps, { dataset });
  expect(await stepsByDay()).toEqual([]);
  expect(await lake.catalog.list({ dataset })).toEqual([]);
  expect(await land()).toMatchObject({ messages: 0, snapshotId: null });
  // What is left on the topic has been read by whoever could need it: an erasure may remove it.
  const ends = endsOf(await broker.bounds(topics.events));
  expect(await landedEvents({ lake, broker, deviceTopics: topics }, dataset)).toEqual(ends);

  await send('2026-03-03', 6);
  expect(await land()).toMatchObject({ messages: 6, rows: 6, restarted: 0, skippedOffsets: 0 });
  await aggregateAll(lake, database.pool);
  expect(await rowsIn(lake)).toEqual([{ n: 6 }]);
  expect(await stepsByDay()).toEqual([['2026-03-03', 60]]);
  // Who wears what is no event.
  expect(await deps.devices.listProfiles({ limit: 9 })).toHaveLength(2);
});

test('a removal that was interrupted when the tables were gone knows that there were events', async () => {
  const lake = newLake(folder.path());
  const { topics, send, land } = await devicesOf(lake);
  const deps = removalOf(lake, topics);
  await send('2026-03-01', 4);
  await land();
  const topicEnds = () => Promise.reject(new Error('killed'));
  const killed = removeDataset({ ...deps, topicEnds }, { dataset });
  await expect(killed).rejects.toThrow('killed');
  expect(await lake.catalog.list({ dataset })).toEqual([]);
  await expect(send('2026-03-01', 2).then(land)).rejects.toMatchObject({
    type: 'DATASET_BEING_REMOVED',
  });
  await removeDataset(deps, { dataset });
  expect(await land()).toMatchObject({ messages: 0 });
});

test('a topic that was made anew after the removal is read from its start', async () => {
  const lake = newLake(folder.path());
  const { topics, send, land } = await devicesOf(lake);
  await send('2026-03-01', 2);
  await land();
  await removeDataset(removalOf(lake, topics), { dataset });
  await makeAnew(topics.events, PARTITIONS);
  await send('2026-03-02', 8);
  expect(await land()).toMatchObject({ messages: 8, rows: 8 });
});

test('what an aggregation has learned before is refused after it, and aggregates of another dataset stay', async () => {
  const lake = newLake(folder.path());
  const { topics, send, land } = await devicesOf(lake);
  const deps = removalOf(lake, topics);
  await send('2026-03-01', 8);
  await land();
  await aggregateAll(lake, database.pool);
  expect(await deps.devices.aggregatesOf('others')).toBe(0);
  expect(await deps.devices.removeAggregates('others')).toBe(0);
  expect(await stepsByDay()).toEqual([['2026-03-01', 80]]);
  const profilesVersion = await deps.devices.profilesVersion();
  await deps.devices.removeAggregates(dataset);
  const source = { dataset, lake: await lake.catalog.identity(), snapshotVersion: 9 };
  const saving = deps.devices.saveDates({
    ...{ source: { ...source, profilesVersion }, dates: {}, factsFile: '/dev/null' },
  });
  await expect(saving).rejects.toMatchObject({ code: 'AGGREGATES_OUTDATED' });
});
