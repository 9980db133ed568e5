/** Removing what devices have sent: what the topic still has of it never comes back, what is sent later does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createDeviceLandingActivities } from '../../activities/device-landing-activities';
import { landedEvents } from '../../activities/erasure-streams';
import { createAnnotationStore } from '../../annotation/annotation';
import { createConsent } from '../../consent/consent';
import { createDatabase } from '../../core/postgres';
import { createDeviceTables } from '../../devices/devices';
import { lockPartitions } from '../../devices/partitions';
import { DEVICES_DATASET as dataset } from '../../lakehouse/devices/names';
import type { Lake } from '../../lakehouse/lake';
import { query } from '../../lakehouse/query';
import { createRegistry } from '../../registry/registry';
import { endsOf, type Broker } from '../../streaming/ports';
import { eventEnds } from '../../streaming/topic-end';
import { deviceTopics } from '../../streaming/topics';
import { loadConfig } from '../../workers/config';
import { lakeOf } from '../../workers/dependencies';
import { openDeviceProfiles } from '../../workers/devices';
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

async function devicesOf(lake: Lake, into = dataset) {
  const topics = deviceTopics(freshTopicNames().samples);
  const topicShape = { partitions: PARTITIONS };
  const landing = (from = broker) =>
    createDeviceLandingActivities({
      ...{ lake, deviceTopics: topics, topicShape, broker: from },
    });
  await landing().prepareDeviceTopics();
  const request = { dataset: into, maximumEvents: 1_000, lateDays: 1 };
  return {
    topics,
    land: (from?: Broker) => new MockActivityEnvironment().run(landing(from).landEvents, request),
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
      ...(events ? { events: await eventEnds(broker, topics, { partitions: PARTITIONS }) } : {}),
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
  await expect(send('2026-03-01', 2).then(() => land())).rejects.toMatchObject({
    type: 'DATASET_BEING_REMOVED',
  });
  await removeDataset(deps, { dataset });
  expect(await land()).toMatchObject({ messages: 0 });
});

test('a landing that begins while its dataset is being removed brings nothing back after it', async () => {
  const lake = newLake(folder.path());
  const { topics, send, land } = await devicesOf(lake);
  const deps = removalOf(lake, topics);
  await send('2026-03-01', 4);
  await land();
  const slow = connectBroker();
  const read = slow.read.bind(slow);
  let goOn: () => void = () => undefined;
  const removed = new Promise<void>((resolve) => (goOn = resolve));
  jest.spyOn(slow, 'read').mockImplementation(async function* (request) {
    await removed;
    yield* read(request);
  });
  let landing: Promise<unknown> = Promise.resolve();
  const topicEnds: typeof deps.topicEnds = async (of) => {
    landing = expect(land(slow)).rejects.toMatchObject({ type: 'DATASET_BEING_REMOVED' });
    // By now it has looked at what is published, and waits for messages if it has not refused.
    await Promise.race([landing, sleep(2_000)]);
    return deps.topicEnds(of);
  };
  await removeDataset({ ...deps, topicEnds }, { dataset });
  goOn();
  await landing;
  await slow.close();
  expect(await lake.catalog.list({ dataset })).toEqual([]);
});

test('events of a removed dataset stay away also after the later one has read another topic', async () => {
  const lake = newLake(folder.path());
  const { topics, send, land } = await devicesOf(lake);
  const elsewhere = await devicesOf(lake);
  await send('2026-03-01', 4);
  await land();
  await removeDataset(removalOf(lake, topics), { dataset });
  await elsewhere.send('2026-03-02', 2);
  expect(await elsewhere.land()).toMatchObject({ rows: 2 });
  await send('2026-03-03', 6);
  expect(await land()).toMatchObject({ messages: 6, rows: 6, tableRows: 8 });
});

test('events of a topic that is not read any more stay away as well, also once it is read again', async () => {
  const lake = newLake(folder.path());
  const former = await devicesOf(lake);
  await former.send('2026-03-01', 4);
  await former.land();
  const { topics, send, land } = await devicesOf(lake);
  await send('2026-03-02', 2);
  await land();
  const deps = removalOf(lake, topics);
  // It goes on where it was interrupted, when the tables were gone.
  const topicEnds = () => Promise.reject(new Error('killed'));
  await expect(removeDataset({ ...deps, topicEnds }, { dataset })).rejects.toThrow('killed');
  await removeDataset(deps, { dataset });
  expect(await former.land()).toMatchObject({ messages: 0, snapshotId: null });
  await former.send('2026-03-03', 2);
  expect(await former.land()).toMatchObject({ messages: 2, rows: 2, restarted: 0 });
});

test('whoever withdrew from it has no profile imported again', async () => {
  const key = 'k'.repeat(32);
  const config = loadConfig({
    ...{ WATCHLAKE_HOME: folder.path(), WATCHLAKE_PSEUDONYM_KEY: key, DATABASE_URL: database.url },
  });
  const lake = lakeOf(config);
  const trial = await devicesOf(lake, 'trial');
  await trial.send('2026-03-01', 2);
  await trial.land();
  const consent = createConsent(database.pool, key);
  const { userId } = profile('watch-1');
  const keys = [consent.keyOf('trial', userId)];
  await consent.suppress({
    dataset: 'trial',
    subject: consent.subjectOf('trial', userId),
    keys,
    run: 'erase/x',
  });
  const importing = async () => {
    const { profiles, close } = await openDeviceProfiles(config);
    const { withdrawn } = await profiles.importProfiles([profile('watch-1')]);
    await close();
    return withdrawn;
  };
  expect(await importing()).toBe(1);
  await removeDataset(removalOf(lake, trial.topics), { dataset: 'trial' });
  expect(await importing()).toBe(1);
  await lake.close();
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

test('a topic that is not there any more keeps no dataset from being removed', async () => {
  const lake = newLake(folder.path());
  const { send, land } = await devicesOf(lake);
  await send('2026-03-01', 2);
  await land();
  await removeDataset(removalOf(lake, deviceTopics(freshTopicNames().samples)), { dataset });
  expect(await lake.catalog.list()).toEqual([]);
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

test.each(['removal', 'erasure'])(
  'rows of a partition that is being detached go with the %s',
  async (which) => {
    const lake = newLake(folder.path());
    const { send, land } = await devicesOf(lake);
    await send('2026-03-01', 8);
    await land();
    await aggregateAll(lake, database.pool);
    const { removeAggregates, eraseOwner } = createDeviceTables(database.pool);
    const { userId } = profile('watch-1');
    const remove = () =>
      which === 'removal'
        ? removeAggregates(dataset)
        : eraseOwner({ userId, devices: ['watch-1'] });
    const removing = await createDatabase(database.pool).transaction(async (connection) => {
      await lockPartitions(connection);
      await connection.query(
        'ALTER TABLE devices.daily_aggregates DETACH PARTITION devices.daily_aggregates_2026_03',
      );
      const removed = remove();
      await sleep(500);
      return { removed };
    });
    await removing.removed;
    const left = await database.pool.query(
      'SELECT 1 FROM devices.daily_aggregates_2026_03 WHERE user_id = $1',
      [userId],
    );
    expect(left.rowCount).toBe(0);
  },
);
