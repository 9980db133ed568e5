/** Ingest server, client and a real broker: nothing is lost, and no device's order changes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startKafka } from '../../stack/kafka';
import { createIngestServer, type IngestServer } from '../../streaming/ingest/server';
import type { Broker } from '../../streaming/ports';
import { sendEvents } from '../../streaming/send/send-events';
import { deviceTopics } from '../../streaming/topics';
import { event, lines, NDJSON, post } from '../support/ingest';
import {
  sequencesOf,
  startIngestProcess,
  storedEvents,
  withoutDuplicates,
  type IngestProcess,
} from '../support/ingest-runs';
import { makeTestHome, testCache } from '../support/start-stack';
import { connectBroker, freshTopicNames, makeAnew, silentLog } from '../support/streams';

jest.setTimeout(120_000);

const DEVICES = 30;
const EACH = 150;
const upTo = (count: number) => [...Array(count).keys()];
const device = (index: number) => `watch-${index}`;

const made = upTo(DEVICES * EACH).map((index) => {
  const sequence = Math.floor(index / DEVICES);
  return event(sequence, { device_id: device(index % DEVICES), sequence });
});

let folder: string;
let file: string;
let topic: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-ingest-'));
  file = join(folder, 'events.jsonl');
  topic = `${freshTopicNames().samples}.events`;
  await writeFile(file, lines(made));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const send = (url: string, onSent: (sent: number) => void = () => undefined) =>
  sendEvents({
    ...{ file, url, speed: null, stateFolder: join(folder, 'state') },
    ...{ lanes: 6, batchLines: 10, window: 300, onProgress: ({ sent }) => onSent(sent) },
  });

describe('on a broker that stays', () => {
  let broker: Broker;
  beforeAll(() => {
    broker = connectBroker();
  });
  afterAll(() => broker.close());

  const start = (port = 0) => startIngestProcess({ topic, folder, port });

  test('stores what the contract says: key, value as sent, headers', async () => {
    const server: IngestServer = await createIngestServer({
      ...{ broker, folder, version: '0.1.0', log: silentLog, topics: deviceTopics(topic) },
    });
    const url = await server.listen(0);
    const text = '{"Device ID":"wätch", "date":"2024-05-01 10:00:00.125","x":[1, 2]}';
    expect((await post(url, `${text}\n{"device_id":"a"}\n`)).body).toMatchObject({
      accepted: 1,
      rejected: 1,
    });
    await server.close();
    const read = async (name: string) => {
      for await (const messages of broker.read({ topic: name })) return messages;
      return [];
    };
    expect(await read(topic)).toMatchObject([
      {
        key: 'wätch',
        value: Buffer.from(text),
        headers: {
          'event-id': expect.stringMatching(/^[0-9a-f]{32}$/) as string,
          'received-at': expect.stringMatching(/Z$/) as string,
        },
      },
    ]);
    expect(await read(`${topic}.dead-letter`)).toMatchObject([
      {
        key: null,
        value: Buffer.from('{"device_id":"a"}'),
        headers: { reason: 'missing-time', field: 'timestamp' },
      },
    ]);
  });

  test('what a topic held that was made anew is stored again', async () => {
    const open = async () => {
      const server = await createIngestServer({
        ...{ broker, folder, version: '0.1.0', log: silentLog, topics: deviceTopics(topic) },
      });
      return { server, url: await server.listen(0) };
    };
    const batch = (from: number) => lines([...Array(20).keys()].map((at) => event(from + at)));
    const answered = async (url: string, from: number) =>
      (await post(url, batch(from), NDJSON)).body;
    let { server, url } = await open();
    expect(await answered(url, 0)).toMatchObject({ accepted: 20 });
    // While the server runs, the first message that is new tells.
    await makeAnew(topic, 4);
    while ((await post(url, event(100))).status !== 200) await pause(100);
    expect(await answered(url, 0)).toMatchObject({ accepted: 20 });
    await server.close();
    ({ server, url } = await open());
    expect(await answered(url, 0)).toMatchObject({ duplicate: 20 });
    await server.close();
    // While it does not, the topic is looked at before it does.
    await makeAnew(topic, 4);
    const producer = await broker.openProducer();
    await producer.send(
      topic,
      [...Array(200).keys()].map((at) => ({ key: String(at), value: '{}' })),
    );
    await producer.close();
    ({ server, url } = await open());
    expect(await answered(url, 0)).toMatchObject({ accepted: 20 });
    await server.close();
  });

  test('a server that is killed again and again loses nothing, and no order changes', async () => {
    let server: IngestProcess = await start();
    const port = Number(new URL(server.url).port);
    const killAt = [0.3, 0.6].map((share) => share * made.length);
    let restarting = Promise.resolve();
    const sent = send(server.url, (count) => {
      if (count < (killAt[0] ?? Infinity)) return;
      killAt.shift();
      restarting = restarting.then(async () => {
        await server.end('SIGKILL');
        server = await start(port);
      });
    });
    const result = await sent;
    await restarting;
    expect(killAt).toEqual([]);
    expect(result.accepted + result.duplicate).toBe(made.length);
    const landed = withoutDuplicates(await storedEvents(broker, topic));
    for (const index of upTo(DEVICES))
      expect(sequencesOf(landed, device(index))).toEqual(upTo(EACH));
    expect(await server.end('SIGTERM')).toBe(0);
  });

  test('a server that is told to stop and started again knows all that it stored', async () => {
    let server = await start();
    const port = Number(new URL(server.url).port);
    let restarted = Promise.resolve<number | null>(0);
    const sent = send(server.url, (count) => {
      if (count < made.length / 2 || restarting) return;
      restarting = true;
      restarted = server.end('SIGTERM').then(async (code) => {
        server = await start(port);
        return code;
      });
    });
    let restarting = false;
    await sent;
    expect(await restarted).toBe(0);
    // Nothing is stored twice: whoever was not answered had not been stored.
    expect(await storedEvents(broker, topic)).toHaveLength(made.length);
    expect(await send(server.url)).toMatchObject({ accepted: 0, duplicate: made.length });
    await server.end('SIGTERM');
  });
});

test('a broker that dies and comes back changes no order, and loses nothing', async () => {
  const home = await makeTestHome();
  let kafka = await startKafka({ home, cache: testCache(), port: 0 });
  const port = Number(kafka.brokers.split(':')[1]);
  const broker = connectBroker([kafka.brokers]);
  const server = await createIngestServer({
    ...{ broker, folder, version: '0.1.0', log: silentLog, topics: deviceTopics(topic) },
  });
  const url = await server.listen(0);
  try {
    let restarted: Promise<void> | undefined;
    const sent = send(url, (count) => {
      if (count < made.length / 3) return;
      restarted ??= Promise.resolve().then(async () => {
        process.kill(kafka.record.pid, 'SIGKILL');
        await pause(500);
        kafka = await startKafka({ home, cache: testCache(), port });
      });
    });
    await sent;
    await restarted;
    expect(restarted).toBeDefined();
    const all = await storedEvents(broker, topic);
    const landed = withoutDuplicates(all);
    for (const index of upTo(DEVICES))
      expect(sequencesOf(landed, device(index))).toEqual(upTo(EACH));
    // The broker's own restart costs no request its answer, so that none came twice.
    expect(all).toHaveLength(made.length);
  } finally {
    await server.close();
    await broker.close();
    await kafka.stop();
    await rm(home, { recursive: true, force: true });
  }
});
