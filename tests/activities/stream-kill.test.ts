/** Whatever is killed, paused or cut off: each batch is sent once, each window predicted once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeSampleBatch, SCHEMA_HEADER } from '../../streaming/sample-batch';
import type { ReceivedMessage } from '../../streaming/ports';
import { totalsOf, fetchProgress } from '../../streaming/progress';
import type { SimulationResult } from '../../streaming/simulator';
import { simulationId } from '../../streaming/topics';
import type { MadeRecordings } from '../support/made-recordings';
import {
  expectedPredictions,
  offsetsOf,
  processed,
  startStreamProcess,
  untilPredicted,
  untilProgress,
  writtenPredictions,
} from '../support/stream-runs';
import { createTestStreams, type TestStreams } from '../support/streams';

jest.setTimeout(300_000);

/** 2,176 batches. */
const made: MadeRecordings = { devices: 16, recordings: 4, secondsEach: 34 };
const BATCHES = made.devices * made.recordings * made.secondsEach;

let streams: TestStreams;
let simulation: SimulationResult;

const start = (role: 'predictor' | 'simulator', model: string, messagesPerTransaction: number) =>
  startStreamProcess({ role, model, topics: streams.topics, made, messagesPerTransaction });

async function sentBatches(): Promise<number> {
  const { broker, topics } = streams;
  const committed = await broker.committed(simulationId(topics, 'kill'), topics.samples);
  const counts = [...committed.values()].map(({ metadata }) => {
    const { batches } = JSON.parse(metadata ?? '') as { batches: number };
    return batches;
  });
  return Math.max(0, ...counts);
}

beforeAll(async () => {
  streams = await createTestStreams();
});

afterAll(() => streams.broker.close());

test('a simulator that is killed again and again sends each batch once, in order', async () => {
  for (const share of [0.3, 0.6]) {
    const simulator = start('simulator', '', 20);
    while ((await sentBatches()) < share * BATCHES) await sleep(20);
    await simulator.kill();
  }
  simulation = await start('simulator', '', 20).result<SimulationResult>();
  expect(simulation).toMatchObject({ batches: BATCHES, samples: BATCHES * 20, devices: 16 });

  const messages: ReceivedMessage[] = [];
  const { broker, topics } = streams;
  // The last transaction is decided on each partition a moment after its writer knows.
  const isThere = async () => {
    const bounds = await broker.bounds(topics.samples);
    const last = Object.entries(offsetsOf(simulation.lastOffsets));
    return last.every(([partition, at]) => (bounds.get(Number(partition))?.end ?? 0) > at);
  };
  while (!(await isThere())) await sleep(20);
  for await (const some of broker.read({ topic: topics.samples })) messages.push(...some);
  const sequences = messages.map(({ headers }) => Number(headers.sequence));
  expect(sequences.toSorted((a, b) => a - b)).toEqual([...Array(BATCHES).keys()]);
  const devices = new Map<string, number>();
  for (const { key, value, headers } of messages) {
    const { span, device } = decodeSampleBatch(value, headers[SCHEMA_HEADER]);
    expect(key).toBe(device);
    expect(span.timestampsMs[0]).toBeGreaterThan(devices.get(device) ?? -1);
    devices.set(device, span.timestampsMs.at(-1) as number);
  }
});

test('a simulation that has ended sends nothing when it is repeated', async () => {
  const again = await start('simulator', '', 20).result<SimulationResult>();
  expect(again).toEqual(simulation);
  const { broker, topics } = streams;
  let count = 0;
  for await (const some of broker.read({ topic: topics.samples })) count += some.length;
  expect(count).toBe(BATCHES);
});

test('a predictor that is killed again and again predicts each window once', async () => {
  const { broker, topics } = streams;
  const target = { topics, model: 'killed' };
  for (const share of [0.3, 0.6]) {
    const predictor = start('predictor', target.model, 10);
    await untilProgress(broker, target, (progress) => processed(progress) > share * BATCHES);
    await predictor.kill();
  }
  const last = start('predictor', target.model, 100);
  await untilPredicted(broker, target, simulation);
  last.signal('SIGTERM');
  const expected = await expectedPredictions(made, target.model);
  expect(expected.length).toBe(made.devices * made.recordings * 16);
  expect(await writtenPredictions(broker, topics, target.model)).toEqual(expected);
  const totals = totalsOf(await fetchProgress(broker, topics, target.model));
  const none = { late: 0, deadLettered: 0, skipped: 0, tooLong: 0 };
  expect(totals).toEqual({ predicted: expected.length, ...none });
});

test('a predictor that was paused while another took over adds nothing when it wakes', async () => {
  const { broker, topics } = streams;
  const target = { topics, model: 'paused' };
  const paused = start('predictor', target.model, 10);
  await untilProgress(broker, target, (progress) => processed(progress) > 0.3 * BATCHES);
  paused.signal('SIGSTOP');
  // The broker hands the partitions on when the session of the paused one has run out.
  const successor = start('predictor', target.model, 10);
  await untilProgress(broker, target, (progress) => processed(progress) > 0.6 * BATCHES);
  paused.signal('SIGCONT');
  await untilPredicted(broker, target, simulation);
  await Promise.all([paused.kill(), successor.kill()]);
  const expected = await expectedPredictions(made, target.model);
  expect(await writtenPredictions(broker, topics, target.model)).toEqual(expected);
});
