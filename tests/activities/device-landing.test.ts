/** Events from Kafka land once, and dead letters are sent once, whatever is killed in between. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { MetricMeter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import {
  createDeviceLandingActivities,
  type LandedEvents,
} from '../../activities/device-landing-activities';
import { query } from '../../lakehouse/query';
import type { Broker, OutgoingMessage, ReceivedMessage } from '../../streaming/ports';
import { deviceTopics } from '../../streaming/topics';
import { eventJson, presentEvents } from '../support/device-events';
import { KILL_POINTS, type LandingProcessInput } from '../support/landing-process';
import { newLake, temporaryFolder } from '../support/recordings';
import { connectBroker, makeAnew, freshTopicNames } from '../support/streams';
import { openLake, type Lake } from '../../lakehouse/lake';
import { deviceIdentifier, type Suppression } from '../../lakehouse/suppression';

const PARTITIONS = 3;
const folder = temporaryFolder();
let broker: Broker;

beforeAll(() => {
  broker = connectBroker();
});
afterAll(() => broker.close());

async function landingInto(
  lake = newLake(folder.path()),
  topic = freshTopicNames().samples,
  suppression?: Suppression,
) {
  const topics = deviceTopics(topic);
  const shape = { partitions: PARTITIONS };
  const activities = createDeviceLandingActivities({
    ...{ lake, broker, deviceTopics: topics, topicShape: shape, suppression },
  });
  await activities.prepareDeviceTopics();
  const producer = await broker.openProducer();
  const land = (
    more: { maximumEvents?: number; dataset?: string } = {},
    environment = new MockActivityEnvironment(),
  ): Promise<LandedEvents> =>
    environment.run(activities.landEvents, {
      ...{ dataset: 'devices', maximumEvents: 1_000, lateDays: 1 },
      ...more,
    });
  return {
    ...{ lake, topics, land },
    send: (messages: readonly OutgoingMessage[]) => producer.send(topics.events, messages),
    close: () => producer.close(),
  };
}

const event = (at: number, device = `watch-${at % 7}`): OutgoingMessage => ({
  key: device,
  value: eventJson({ device, at: new Date(1_772_359_200_000 + at * 60_000).toISOString(), hr: 60 }),
  headers: { 'received-at': '2026-03-01T10:00:01.000Z', 'event-id': 'whatever' },
});

async function readAll(topic: string): Promise<ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  for await (const batch of broker.read({ topic })) messages.push(...batch);
  return messages;
}

test('lands what other producers write as well, and dead-letters what is no event', async () => {
  const { lake, topics, send, land, close } = await landingInto();
  const odd = { key: 'x', value: Buffer.from([0xff, 0x01]), headers: { origin: 'a gateway' } };
  await send([event(0), { key: 'watch-0', value: eventJson({ at: '2026-03-01T12:00:00Z' }) }, odd]);
  expect(await land()).toMatchObject({
    ...{ messages: 3, rows: 2, rejected: { 'not-utf-8': 1 } },
    ...{ more: false, lag: 0, tableRows: 2 },
  });
  const sql = 'SELECT received_at FROM device_events ORDER BY timestamp_ms';
  expect((await query(lake, { sql, dataset: 'devices' })).rows).toEqual([
    { received_at: '2026-03-01T10:00:01.000Z' },
    { received_at: null },
  ]);
  const [letter, ...others] = await readAll(topics.deadLetter);
  expect(others).toEqual([]);
  expect(letter).toMatchObject({
    ...{ key: 'x', value: odd.value },
    headers: { origin: 'a gateway', reason: 'not-utf-8', 'source-topic': topics.events },
  });
  expect(await land()).toMatchObject({ messages: 0, rows: 0 });
  await close();
});

test('metrics tell what became of every message, each once', async () => {
  const { send, land, close } = await landingInto();
  const counted: unknown[] = [];
  const createCounter = (name: string) => ({
    add: (value: number, { dataset, table, fate, reason }: Record<string, unknown>) =>
      counted.push([name, value, [dataset, table, fate, reason].join(' ').trim()]),
  });
  const metricMeter = { createCounter } as unknown as MetricMeter;
  await send([event(0), event(1), event(0), { key: 'x', value: 'no event' }]);
  await land({}, new MockActivityEnvironment({}, { metricMeter }));
  await land({}, new MockActivityEnvironment({}, { metricMeter }));
  expect(counted).toEqual([
    ['watchlake_landed_rows', 2, 'devices'],
    ['watchlake_table_rows', 2, 'devices device_events used'],
    ['watchlake_table_rows', 1, 'devices device_events quarantined not-json'],
    ['watchlake_table_rows', 1, 'devices device_events dropped duplicate'],
  ]);
  await close();
});

test('what a terminated run left is not taken up once somebody of it has withdrawn', async () => {
  const lake = newLake(folder.path());
  const gone = new Set<string>();
  const list: Suppression = { keys: async () => new Set(gone), keyOf: (_, each) => each };
  const topic = freshTopicNames().samples;
  const publish = () => Promise.reject(new Error('terminated'));
  const stopped: Lake = { ...lake, catalog: { ...lake.catalog, publish } };
  const first = await landingInto(stopped, topic, list);
  await first.send([event(0, 'watch-of-ann'), event(1, 'watch-of-ben')]);
  await expect(first.land()).rejects.toThrow('terminated');
  gone.add(deviceIdentifier('watch-of-ann'));
  const second = await landingInto(lake, topic, list);
  expect(await second.land()).toMatchObject({ messages: 2, rows: 1, withdrawn: 1 });
  // While nobody is on it, the list names no snapshot: those of earlier versions are found.
  gone.clear();
  await second.send([event(2, 'watch-of-ben')]);
  expect(await second.land()).toMatchObject({ messages: 1, rows: 1 });
  const { inputs = {} } = (await presentEvents(lake)) ?? {};
  expect(Object.keys(inputs)).toEqual(['previous', 'topic', 'offsets']);
  await first.close();
  await second.close();
});

test('a limited run leaves the rest to the next, and says so', async () => {
  const { land, send, close } = await landingInto();
  await send(Array.from({ length: 50 }, (_, at) => event(at)));
  const runs: LandedEvents[] = [];
  for (let run = 0; run < 10; run += 1) {
    runs.push(await land({ maximumEvents: 20 }));
    if (!runs.at(-1)?.more) break;
  }
  expect(runs.length).toBeGreaterThan(2);
  expect(runs.reduce((sum, { rows }) => sum + rows, 0)).toBe(50);
  expect(runs.every(({ messages }) => messages <= 20)).toBe(true);
  expect(runs[0]?.lag).toBe(50 - (runs[0]?.messages ?? 0));
  expect(runs.at(-1)).toMatchObject({ tableRows: 50, lag: 0 });
  await close();
});

test('what the topic has removed before it was read is counted', async () => {
  const { land, send, close, topics } = await landingInto();
  await send(Array.from({ length: 10 }, (_, at) => event(at, 'watch-1')));
  await land();
  await send(Array.from({ length: 10 }, (_, at) => event(10 + at, 'watch-1')));
  const ends = [...(await broker.bounds(topics.events))];
  const before = Object.fromEntries(
    ends.map(([partition, { end }]) => [partition, Math.max(0, end - 4)]),
  );
  await broker.deleteRecords(topics.events, before);
  expect(await land()).toMatchObject({ messages: 4, rows: 4, skippedOffsets: 6, tableRows: 14 });
  await close();
});

test('what was removed is counted also where nothing follows it, and once', async () => {
  const { land, send, close, topics } = await landingInto();
  await send([event(0, 'watch-1')]);
  await land();
  await send(Array.from({ length: 3 }, (_, at) => event(1 + at, 'watch-1')));
  const ends = [...(await broker.bounds(topics.events))];
  const before = Object.fromEntries(ends.map(([partition, { end }]) => [partition, end]));
  await broker.deleteRecords(topics.events, before);
  expect(await land()).toMatchObject({ messages: 0, skippedOffsets: 3, tableRows: 1, more: false });
  expect(await land()).toMatchObject({ messages: 0, skippedOffsets: 0, tableRows: 1 });
  await send([event(9, 'watch-1')]);
  expect(await land()).toMatchObject({ messages: 1, skippedOffsets: 0, tableRows: 2 });
  await close();
});

test('what an attempt has landed is told by the next one, where its letters could not be sent', async () => {
  const { lake, topics, send, close } = await landingInto();
  await send([event(0), event(1), { key: 'x', value: 'no event' }]);
  const cut = Object.assign(Object.create(broker) as Broker, {
    openTransactional: () => Promise.reject(new Error('the broker went away')),
  });
  const input = { dataset: 'devices', maximumEvents: 1_000, lateDays: 1 };
  const logger = new DefaultLogger('ERROR');
  const attempt = (through: Broker, heartbeatDetails?: unknown) => {
    const environment = new MockActivityEnvironment({ heartbeatDetails }, { logger });
    let last: unknown = heartbeatDetails;
    environment.on('heartbeat', (details: unknown) => (last = details));
    const { landEvents } = createDeviceLandingActivities({
      ...{ lake, broker: through, deviceTopics: topics },
    });
    return { done: environment.run(landEvents, input), details: () => last };
  };
  const failed = attempt(cut);
  await expect(failed.done).rejects.toThrow('went away');
  const landed = { messages: 3, rows: 2, rejected: { 'not-json': 1 }, tableRows: 2 };
  expect(await attempt(broker, failed.details()).done).toMatchObject(landed);
  expect(await attempt(broker).done).toMatchObject({ messages: 0, tableRows: 2 });
  expect(await readAll(topics.deadLetter)).toHaveLength(1);
  await close();
});

test('a topic that was made anew is read from its start, also when it has grown longer', async () => {
  const lake = newLake(folder.path());
  const topic = freshTopicNames().samples;
  const first = await landingInto(lake, topic);
  await first.send(Array.from({ length: 6 }, (_, at) => event(at, 'watch-1')));
  expect(await first.land()).toMatchObject({ rows: 6, restarted: 0 });
  await first.send([event(6, 'watch-1')]);
  expect(await first.land()).toMatchObject({ rows: 1, restarted: 0 });
  await first.close();
  await makeAnew(first.topics.events, PARTITIONS);
  const again = await landingInto(lake, topic);
  await again.send(Array.from({ length: 9 }, (_, at) => event(100 + at, 'watch-1')));
  expect(await again.land()).toMatchObject({ messages: 9, rows: 9, restarted: 1, tableRows: 16 });
  expect(await again.land()).toMatchObject({ messages: 0 });
  await again.send([event(200, 'watch-1')]);
  expect(await again.land()).toMatchObject({ rows: 1, restarted: 0 });
  await again.close();
});

test('of two datasets that land one topic the later sends no dead letter again', async () => {
  const { topics, send, land, close } = await landingInto();
  const none = (value: string) => ({ key: 'x', value });
  const letters = async () => (await readAll(topics.deadLetter)).map(({ value }) => String(value));
  await send([event(0), none('one'), none('two')]);
  await land();
  await send([none('three')]);
  const trial = await land({ dataset: 'trial' });
  expect(trial).toMatchObject({ rows: 1, rejected: { 'not-json': 3 } });
  await land();
  expect((await letters()).toSorted()).toEqual(['one', 'three', 'two']);
  // Others lie at the same places of a topic that was made anew.
  await makeAnew(topics.events, PARTITIONS);
  await send([none('four'), none('five'), none('six')]);
  // At once one of them fences the other, which then tries again.
  await Promise.allSettled([land(), land({ dataset: 'trial' })]);
  await land();
  await land({ dataset: 'trial' });
  expect((await letters()).toSorted()).toEqual(['five', 'four', 'one', 'six', 'three', 'two']);
  await close();
});

test('two runs at a time land everything once', async () => {
  const { land, send, close, topics } = await landingInto();
  for (let round = 0; round < 3; round += 1) {
    await send([
      ...Array.from({ length: 30 }, (_, at) => event(round * 30 + at)),
      { key: 'x', value: `bad ${round}` },
    ]);
    const settled = await Promise.allSettled([land(), land(), land()]);
    for (const each of settled) {
      if (each.status === 'fulfilled') continue;
      // Whoever was slower is tried again by Temporal; the broker may refuse it for a while as well.
      const { type } = each.reason as { type: string };
      expect(['CATALOG_CONFLICT', 'PRODUCER_FENCED', 'BROKER_UNAVAILABLE']).toContain(type);
      expect(each.reason).toMatchObject({ nonRetryable: false });
    }
  }
  expect(await land()).toMatchObject({ tableRows: 90 });
  const letters = await readAll(topics.deadLetter);
  expect(letters.map(({ value }) => String(value)).toSorted()).toEqual(['bad 0', 'bad 1', 'bad 2']);
  await close();
});

/** Ends by SIGKILL at the point; true when it did. */
async function landAndDie(input: LandingProcessInput): Promise<boolean> {
  const support = join(__dirname, '..', 'support');
  const script = [join(support, 'landing-process.ts'), JSON.stringify(input)];
  const child = spawn(process.execPath, ['-r', join(support, 'typescript.js'), ...script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  return signal === 'SIGKILL';
}

test('a worker that is killed at any step has landed and sent nothing twice', async () => {
  const uri = newLakeFolder();
  const { land, send, close, topics, lake } = await landingInto(openLake({ uri }));
  let sent = 0;
  const bad: string[] = [];
  for (const killAt of KILL_POINTS) {
    const events = Array.from({ length: 20 }, () => event(sent++));
    // The same event again, and two messages that are none.
    const none = [`${killAt} one`, `${killAt} two`];
    bad.push(...none);
    await send([...events, events[3]!, ...none.map((value) => ({ key: 'x', value }))]);
    expect(await landAndDie({ topic: topics.events, folder: uri, killAt })).toBe(true);
    await land();
  }
  expect(await presentEvents(lake)).toMatchObject({
    ...{ rows: sent, inputRows: sent + 3 * KILL_POINTS.length },
    ...{ dropped: { duplicate: KILL_POINTS.length }, quarantined: { 'not-json': bad.length } },
  });
  const letters = await readAll(topics.deadLetter);
  expect(letters.map(({ value }) => String(value)).toSorted()).toEqual(bad.toSorted());
  await close();
}, 180_000);

let folders = 0;
const newLakeFolder = () => join(folder.path(), `killed-${(folders += 1)}`);
