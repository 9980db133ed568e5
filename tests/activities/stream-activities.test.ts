/** The stream's activities against a real broker: simulate, predict, switch the champion, wait. */
import { setTimeout as pause } from 'node:timers/promises';
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createLandingActivities } from '../../activities/landing-activities';
import {
  createStreamActivities,
  type PredictorTotals,
  type StreamDeps,
} from '../../activities/stream-activities';
import { WatchlakeError } from '../../core/errors';
import { count } from '../../core/figures';
import { pseudonymIdentifier } from '../../lakehouse/suppression';
import type { Champion } from '../../streaming/classify';
import { awaitVersion, confirmVersion } from '../../streaming/control';
import type { Broker, ReceivedMessage } from '../../streaming/ports';
import { encodePrediction, type Prediction } from '../../streaming/prediction';
import { encodeProgress, NOTHING_COUNTED } from '../../streaming/progress';
import {
  encodeSampleBatch,
  SAMPLE_BATCH_SCHEMA,
  SCHEMA_HEADER,
} from '../../streaming/sample-batch';
import { simulateDevices } from '../../streaming/simulator';
import { predictorGroup, simulationId } from '../../streaming/topics';
import { fakeClassifier, TEST_SIGNAL } from '../support/fake-classifier';
import { madeRecordings } from '../support/made-recordings';
import { newLake, temporaryFolder } from '../support/recordings';
import { testChampion, untilProgress, processed, writtenPredictions } from '../support/stream-runs';
import { createTestStreams, makeAnew, silentLog, type TestStreams } from '../support/streams';

jest.setTimeout(60_000);

const MADE = { devices: 6, recordings: 2, secondsEach: 20 };
const WINDOWS = MADE.devices * MADE.recordings * 9;
const BATCHES = MADE.devices * MADE.recordings * MADE.secondsEach;
const INPUT = { dataset: 'exercises', subjectKeys: [] };

const folder = temporaryFolder();
let streams: TestStreams;
beforeAll(async () => {
  streams = await createTestStreams(2);
});
afterAll(() => streams.broker.close());

function activitiesWith(deps: Partial<StreamDeps> = {}) {
  const { loadChampion = () => Promise.resolve(testChampion(1)) } = deps;
  return createStreamActivities({
    ...streams,
    topicShape: { partitions: 2 },
    loadChampion,
    championVersion: async (model) => (await loadChampion(model)).version,
    source: madeRecordings(MADE),
    candidates: { threshold: 0.6, auditShare: 0.1, seed: 0 },
    ...deps,
  });
}

type Activities = ReturnType<typeof activitiesWith>;

/** Each activity has its own context, as in a worker. */
const createEnvironment = () =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

const run = <I, R>(activity: (input: I) => Promise<R>, input: I): Promise<R> =>
  createEnvironment().run<[I], R, typeof activity>(activity, input);

function startPredictor(activities: Activities, input: { model: string; dataset: string }) {
  const environment = createEnvironment();
  const ended: Promise<PredictorTotals> = environment.run(activities.runPredictor, input);
  ended.catch(() => undefined);
  return {
    ended,
    stop: (details = new ActivityCancellationDetails({ cancelRequested: true })) => {
      environment.cancel('CANCELLED', details);
      return ended;
    },
  };
}

async function readAll(broker: Broker, topic: string): Promise<ReceivedMessage[]> {
  const messages: ReceivedMessage[] = [];
  for await (const some of broker.read({ topic })) messages.push(...some);
  return messages;
}

test('prepares the topics, as often as it is asked', async () => {
  const activities = activitiesWith();
  const first = await run(activities.prepareTopics, {});
  expect(first.topics).toContain(streams.topics.samples);
  expect(await run(activities.prepareTopics, {})).toEqual(first);
  const other = activitiesWith({ topicShape: { partitions: 3 } });
  await expect(run(other.prepareTopics, {})).rejects.toMatchObject({
    type: 'TOPIC_MISMATCH',
    nonRetryable: true,
  });
});

test('waits for a champion that was in use before, and is not now', async () => {
  const { broker, topics } = streams;
  const of = (version: string) => ({ model: 'rolled-back', version });
  await confirmVersion(broker, topics, of('1'));
  await confirmVersion(broker, topics, of('2'));
  const { signal } = new AbortController();
  const championVersion = () => Promise.resolve('1');
  await awaitVersion(broker, topics, { ...of('2'), championVersion, signal });
  let isBack = false;
  const awaited = { ...of('1'), championVersion, signal };
  const waiting = awaitVersion(broker, topics, awaited).then(() => (isBack = true));
  await pause(500);
  expect(isBack).toBe(false);
  await confirmVersion(broker, topics, of('1'));
  await waiting;
});

test('waits for no champion that somebody has replaced meanwhile', async () => {
  const { broker, topics } = streams;
  const of = (version: string) => ({ model: 'moved-by-hand', version });
  const activities = activitiesWith({ championVersion: () => Promise.resolve('3') });
  const waiting = run(activities.awaitChampion, of('1'));
  await confirmVersion(broker, topics, of('2'));
  await confirmVersion(broker, topics, of('3'));
  await waiting;
  await run(activities.awaitChampion, of('1')); // It was the predictor's last word.
});

test('predicts what was simulated, and takes a new champion in the middle', async () => {
  let champion: Champion = testChampion(1);
  const activities = activitiesWith({ loadChampion: () => Promise.resolve(champion) });
  const model = 'switching';
  const predictor = startPredictor(activities, { model, dataset: 'exercises' });
  await run(activities.awaitChampion, { model, version: '1' });

  const first = await run(activities.simulate, { ...INPUT, name: 'first', speed: 0 });
  expect(first).toMatchObject({ batches: BATCHES, devices: 6, samples: BATCHES * 20 });
  await run(activities.awaitPredicted, { model, lastOffsets: first.lastOffsets });
  const before = await writtenPredictions(streams.broker, streams.topics, model);
  expect(before).toHaveLength(WINDOWS);
  expect(new Set(before.map(({ version }) => version))).toEqual(new Set(['1']));
  expect(new Set(before.map(({ candidate }) => candidate))).toContain('audit');

  champion = testChampion(2);
  await run(activities.announceChampion, { model, version: '2' });
  await run(activities.awaitChampion, { model, version: '2' });
  const later = activitiesWith({ source: delayed(MADE) });
  const second = await run(later.simulate, { ...INPUT, name: 'second', speed: 0 });
  await run(activities.awaitPredicted, { model, lastOffsets: second.lastOffsets });
  const all = await writtenPredictions(streams.broker, streams.topics, model);
  expect(new Set(all.map(({ windowId }) => windowId)).size).toBe(2 * WINDOWS);
  expect(all.filter(({ version }) => version === '2')).toHaveLength(WINDOWS);
  expect(await predictor.stop()).toEqual({
    ...{ version: '2', predicted: 2 * WINDOWS, late: 0, deadLettered: 0 },
  });
});

test('a simulation says how much of how much it has sent, also one that goes on', async () => {
  const activities = activitiesWith();
  const simulate = async () => {
    const said: unknown[] = [];
    const environment = createEnvironment();
    environment.on('heartbeat', (details: unknown) => said.push(details));
    await environment.run(activities.simulate, { ...INPUT, name: 'told', speed: 0 });
    return said;
  };
  const samples = BATCHES * 20;
  const all = {
    done: '100 %',
    samples: `${count(samples)} of ${count(samples)}`,
    batches: BATCHES,
  };
  const first = await simulate();
  expect(first[0]).toEqual({ done: '0 %', samples: `0 of ${count(samples)}`, batches: 0 });
  expect(first.at(-1)).toEqual(all);
  expect(await simulate()).toEqual([all]);
});

test('a simulation leaves out who is being erased, and one that goes on finds its place', async () => {
  const { broker, topics } = streams;
  const { simulate } = activitiesWith({
    suppression: {
      keys: async () => new Set([pseudonymIdentifier('subject-1')]),
      keyOf: (_, identifier) => identifier,
    },
  });
  // A reader sees a transaction a little after its commit was acknowledged.
  const sentBy = async (name: string, batches: number) => {
    const deadlineMs = Date.now() + 20_000;
    for (;;) {
      const sent = (await readAll(broker, topics.samples)).filter(
        ({ headers }) => headers['simulation'] === name,
      );
      if (sent.length < batches && Date.now() < deadlineMs) continue;
      expect(new Set(sent.map(({ value }) => String(value))).size).toBe(sent.length);
      return countBy(sent.map(({ key }) => String(key)));
    }
  };
  const others = Object.fromEntries(['0', '2', '3', '5'].map((at) => [`watch-${at}`, 40]));
  expect(await run(simulate, { ...INPUT, name: 'fresh', speed: 0 })).toMatchObject({
    ...{ batches: 160, samples: 160 * 20 },
  });
  expect(await sentBy('fresh', 160)).toEqual(others);

  const stop = new AbortController();
  const begun = simulateDevices(
    { broker, log: silentLog, source: madeRecordings(MADE) },
    {
      ...{ ...INPUT, topics, name: 'begun', speed: 0, messagesPerTransaction: 6 },
      ...{ signal: stop.signal, onProgress: ({ batches }) => batches >= 48 && stop.abort() },
    },
  );
  await expect(begun).rejects.toMatchObject({ name: 'AbortError' });
  // Eight of each device had gone when the person was put on the list.
  const rest = await run(simulate, { ...INPUT, name: 'begun', speed: 0 });
  expect(rest).toMatchObject({ batches: 160 + 16 });
  expect(await sentBy('begun', 160 + 16)).toEqual({ ...others, 'watch-1': 8, 'watch-4': 8 });
});

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

/** The same devices, an hour later. */
function delayed(made: typeof MADE) {
  const source = madeRecordings(made);
  return {
    ...source,
    async *slices(...call: Parameters<typeof source.slices>) {
      for await (const part of source.slices(...call)) {
        const timestampsMs = part.span.timestampsMs.map((timestampMs) => timestampMs + 3_600_000);
        yield { ...part, span: { ...part.span, timestampsMs } };
      }
    },
  };
}

test('switches while the stream flows: each window once, the old version never after the new one', async () => {
  let champion: Champion = testChampion(1);
  const activities = activitiesWith({ loadChampion: () => Promise.resolve(champion) });
  const model = 'flowing';
  const predictor = startPredictor(activities, { model, dataset: 'exercises' });
  const target = { topics: streams.topics, model };
  await untilProgress(streams.broker, target, (progress) => processed(progress) > 0);
  champion = testChampion(2);
  await run(activities.announceChampion, { model, version: '2' });
  await run(activities.awaitChampion, { model, version: '2' });
  const source = madeRecordings({ ...MADE, recordings: 3 });
  const more = activitiesWith({ source });
  const sent = await run(more.simulate, { ...INPUT, name: 'third', speed: 0 });
  await run(activities.awaitPredicted, { model, lastOffsets: sent.lastOffsets });
  await predictor.stop();
  const written = (await readAll(streams.broker, streams.topics.predictions)).map(
    ({ value, partition }) => ({ ...(JSON.parse(String(value)) as Written), partition }),
  );
  const own = written.filter((prediction) => prediction.model === model);
  expect(new Set(own.map(({ windowId }) => windowId)).size).toBe(own.length);
  for (const partition of [0, 1]) {
    const versions = own.filter((one) => one.partition === partition).map(({ version }) => version);
    expect(versions).toEqual(versions.toSorted());
  }
});

interface Written {
  model: string;
  version: string;
  windowId: string;
}

test('a repeated simulation is late, an unreadable batch is kept aside, and both are counted', async () => {
  const { broker, topics } = streams;
  const activities = activitiesWith();
  const model = 'counting';
  const again = await run(activities.simulate, { ...INPUT, name: 'again', speed: 0 });
  const producer = await broker.openProducer();
  await producer.send(topics.samples, [{ key: 'watch-0', value: 'no batch at all' }]);
  await producer.close();
  const predictor = startPredictor(activities, { model, dataset: 'exercises' });
  await run(activities.awaitPredicted, { model, lastOffsets: again.lastOffsets });
  await untilProgress(broker, { topics, model }, (progress) =>
    [...progress.values()].some(({ deadLettered }) => deadLettered === 1),
  );
  const totals = await predictor.stop();
  expect(totals.late).toBeGreaterThanOrEqual(BATCHES * 20);
  expect(totals.deadLettered).toBe(1);
  const predictions = await writtenPredictions(broker, topics, model);
  expect(new Set(predictions.map(({ windowId }) => windowId)).size).toBe(predictions.length);
  const late = await readAll(broker, topics.late);
  expect(late.every(({ headers }) => headers.reason === 'not-after-newest')).toBe(true);
  const dead = (await readAll(broker, topics.deadLetter)).filter(({ value }) =>
    value?.equals(Buffer.from('no batch at all')),
  );
  expect(dead[0]?.headers).toMatchObject({ reason: 'schema-unknown' });
});

test('a simulation goes on only with the inputs that it began with', async () => {
  const activities = activitiesWith();
  const once = await run(activities.simulate, { ...INPUT, name: 'same', speed: 0 });
  expect(await run(activities.simulate, { ...INPUT, name: 'same', speed: 0 })).toEqual(once);
  const other = { ...INPUT, subjectKeys: ['0123456789abcdef'], name: 'same', speed: 0 };
  await expect(run(activities.simulate, other)).rejects.toMatchObject({ type: 'INPUT_INVALID' });
});

test('a simulation whose offsets somebody has set by hand is refused, and not tried again', async () => {
  const { broker, topics } = streams;
  const group = simulationId(topics, 'by-hand');
  const producer = await broker.openTransactional(group);
  await producer.commit([], () => [
    { group, topic: topics.samples, partition: 0, offset: 0, metadata: '' },
  ]);
  await producer.close();
  const sent = run(activitiesWith().simulate, { ...INPUT, name: 'by-hand', speed: 0 });
  await expect(sent).rejects.toMatchObject({ type: 'INPUT_INVALID', nonRetryable: true });
});

test('a simulation keeps to its speed and ends when it is cancelled', async () => {
  const activities = activitiesWith({ source: madeRecordings({ ...MADE, recordings: 1 }) });
  const environment = createEnvironment();
  const input = { ...INPUT, name: 'paced', speed: 0.1 };
  const simulated = environment.run(activities.simulate, input);
  simulated.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  environment.cancel('CANCELLED');
  await expect(simulated).rejects.toThrow('CANCELLED');
  const finished = await run(activities.simulate, { ...input, speed: 0 });
  expect(finished.batches).toBe(MADE.devices * MADE.secondsEach);
});

test('a worker that shuts down does not end the stream', async () => {
  const predictor = startPredictor(activitiesWith(), { model: 'shutdown', dataset: 'exercises' });
  await untilProgress(
    streams.broker,
    { topics: streams.topics, model: 'shutdown' },
    (progress) => processed(progress) > 0,
  );
  const stopped = predictor.stop(new ActivityCancellationDetails({ workerShutdown: true }));
  await expect(stopped).rejects.toThrow('CANCELLED');
});

test('without a champion there is nothing to predict with', async () => {
  const loadChampion = (model: string) =>
    Promise.reject(new WatchlakeError('NO_CHAMPION', { model }));
  const activities = activitiesWith({ loadChampion });
  const predicted = run(activities.runPredictor, { model: 'none', dataset: 'exercises' });
  await expect(predicted).rejects.toMatchObject({ type: 'NO_CHAMPION', nonRetryable: true });
});

test('a champion on other features ends the predictor', async () => {
  let champion: Champion = testChampion(1);
  const activities = activitiesWith({ loadChampion: () => Promise.resolve(champion) });
  const model = 'differing';
  const predictor = startPredictor(activities, { model, dataset: 'exercises' });
  await run(activities.awaitChampion, { model, version: '1' });
  const signal = { ...TEST_SIGNAL, rateHz: 25 };
  champion = { version: '2', classifier: fakeClassifier(2, signal) };
  await run(activities.announceChampion, { model, version: '2' });
  await expect(predictor.ended).rejects.toMatchObject({ type: 'FEATURE_SCHEMA_DIFFERS' });
});

test('batches of another schema version are kept aside until somebody can read them', async () => {
  // Of its own: what other tests have sent that cannot be read is counted as well.
  const { broker, topics } = await createTestStreams(1);
  const producer = await broker.openProducer();
  const value = encodeSampleBatch({
    ...{ dataset: 'exercises', device: 'new', subjectKey: 's', recording: 'r', last: true },
    channels: TEST_SIGNAL.channels,
    span: {
      timestampsMs: new Float64Array(0),
      values: TEST_SIGNAL.channels.map(() => new Float32Array(0)),
    },
  });
  const headers = { [SCHEMA_HEADER]: SAMPLE_BATCH_SCHEMA.replace('/1', '/2') };
  await producer.send(topics.samples, [{ key: 'new', value, headers }]);
  await producer.close();
  const predictor = startPredictor(activitiesWith({ broker, topics }), {
    model: 'newer',
    dataset: 'exercises',
  });
  await untilProgress(broker, { topics, model: 'newer' }, (progress) =>
    [...progress.values()].some(({ deadLettered }) => deadLettered === 1),
  );
  await predictor.stop();
  const dead = await readAll(broker, topics.deadLetter);
  const kept = dead.filter(({ key }) => key === 'new');
  expect(kept[0]).toMatchObject({
    value,
    headers: { reason: 'schema-unknown', schema: 'watch.samples/2' },
  });
  await broker.close();
});

test('predictions land from a topic that was made anew, whatever was committed of the former one', async () => {
  const { broker, topics } = await createTestStreams(1);
  const lake = newLake(folder.path());
  const { landPredictions } = createLandingActivities({
    ...{ lake, broker, topics, annotation: null as never },
  });
  const input = { dataset: 'exercises', model: 'm' };
  const write = async (windows: number[]) => {
    const producer = await broker.openTransactional(`writer of ${topics.predictions}`);
    const messages = windows.map((at) => ({ key: 'watch', value: encodePrediction(madeAt(at)) }));
    await producer.commit([{ topic: topics.predictions, messages }], (last) => {
      const end = (last.get(topics.predictions)?.[0] ?? 0) + 1;
      const metadata = encodeProgress({ ...NOTHING_COUNTED, next: end, written: { 0: end } });
      const group = predictorGroup(topics, input.model);
      return [{ group, topic: topics.samples, partition: 0, offset: end, metadata }];
    });
    await producer.close();
    // Opening the id again waits until the transaction is decided everywhere.
    await (await broker.openTransactional(`writer of ${topics.predictions}`)).close();
  };
  expect(await run(landPredictions, input)).toMatchObject({ rows: 0 });
  await write([1, 2, 3, 4, 5]);
  expect(await run(landPredictions, input)).toMatchObject({ rows: 5, restarted: 0 });
  await makeAnew(topics.predictions, 1);
  const producer = await broker.openProducer();
  const value = encodePrediction(madeAt(10));
  await producer.send(topics.predictions, [{ key: 'watch', value }]);
  await producer.close();
  expect(await run(landPredictions, input)).toMatchObject({ rows: 6, restarted: 1 });
  await write([11]);
  expect(await run(landPredictions, input)).toMatchObject({ rows: 7, restarted: 0 });
  await broker.close();
});

const madeAt = (at: number): Prediction => ({
  ...{ windowId: `w${at}`, dataset: 'exercises', device: 'watch', subjectKey: 's' },
  ...{ startMs: at * 2000, endMs: at * 2000 + 4000, model: 'm', version: '1' },
  ...{ classes: ['a', 'b'], probabilities: [0.5, 0.5], label: 'a', confidence: 0.5 },
  ...{ candidate: null, featureSchema: 'f00d' },
});
