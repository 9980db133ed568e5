/** Messages that retention deletes before somebody reads them: nobody waits for them, and the gap is told. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createLandingActivities } from '../../activities/landing-activities';
import { createStreamActivities } from '../../activities/stream-activities';
import { encodePrediction } from '../../streaming/prediction';
import { encodeProgress, NOTHING_COUNTED } from '../../streaming/progress';
import { predictorGroup } from '../../streaming/topics';
import { newLake, temporaryFolder } from '../support/recordings';
import { createTestStreams, endAfter, makeAnew, type TestStreams } from '../support/streams';

const folder = temporaryFolder();
const model = 'm';
let streams: TestStreams;
beforeEach(async () => {
  streams = await createTestStreams(1);
});
afterEach(() => streams.broker.close());

const warnings: string[] = [];

const run = <I, R>(activity: (input: I) => Promise<R>, input: I): Promise<R> => {
  const logger = new DefaultLogger('WARN', ({ message }) => warnings.push(message));
  return new MockActivityEnvironment({}, { logger }).run(activity, input);
};

const awaitPredicted = (last: number, deletedWithinMs = 1_000) => {
  const activities = createStreamActivities({
    ...{ ...streams, deletedWithinMs, loadChampion: () => Promise.reject(new Error('unused')) },
    ...{ championVersion: async () => null, source: null as never },
    candidates: { threshold: 0.6, auditShare: 0.1, seed: 0 },
  });
  return run(activities.awaitPredicted, { model, lastOffsets: { 0: String(last) } });
};

async function sendSamples(count: number): Promise<void> {
  const producer = await streams.broker.openProducer();
  await producer.send(
    streams.topics.samples,
    Array.from({ length: count }, () => ({ key: 'watch', value: 'samples' })),
  );
  await producer.close();
}

/** As a predictor does: how far it has come, and what it has predicted on the way. */
async function predict(windows: readonly number[], next: number, predicted: number, by = model) {
  const { broker, topics } = streams;
  const id = `writer of ${topics.predictions}`;
  const producer = await broker.openTransactional(id);
  const messages = windows.map((at) => ({ key: 'watch', value: predictionAt(at) }));
  await producer.commit([{ topic: topics.predictions, messages }], (last) => {
    const end = (last.get(topics.predictions)?.[0] ?? -1) + 1;
    const progress = { ...NOTHING_COUNTED, next, predicted, written: { 0: end } };
    const [group, topic] = [predictorGroup(topics, by), topics.samples];
    return [{ group, topic, partition: 0, offset: next, metadata: encodeProgress(progress) }];
  });
  await producer.close();
  // Opening the id again waits until the transaction is decided everywhere.
  await (await broker.openTransactional(id)).close();
}

const predictionAt = (at: number): string =>
  encodePrediction({
    ...{ windowId: `w${at}`, dataset: 'exercises', device: 'watch', subjectKey: 's', model },
    ...{ startMs: at * 2000, endMs: at * 2000 + 4000, version: '1', label: 'a', confidence: 0.5 },
    ...{ classes: ['a', 'b'], probabilities: [0.5, 0.5], candidate: null, featureSchema: 'f00d' },
  });

const SAMPLES_DELETED = { type: 'SAMPLES_DELETED', nonRetryable: true };

test('nobody waits for samples that were deleted before they were predicted', async () => {
  await sendSamples(3);
  await streams.broker.deleteRecords(streams.topics.samples, { 0: 3 });
  await expect(awaitPredicted(2)).rejects.toMatchObject(SAMPLES_DELETED);
});

test('nobody waits for samples of a topic that was made anew since', async () => {
  await sendSamples(3);
  await makeAnew(streams.topics.samples, 1);
  await expect(awaitPredicted(2)).rejects.toMatchObject(SAMPLES_DELETED);
});

test('samples that were deleted after the predictor had read them are predicted', async () => {
  await sendSamples(3);
  await streams.broker.deleteRecords(streams.topics.samples, { 0: 3 });
  const waiting = awaitPredicted(2, 20_000);
  await predict([1], 3, 1);
  await waiting;
  await awaitPredicted(2, 0);
});

function landing(visibleWithinMs?: number, lake = newLake(folder.path())) {
  const { landPredictions } = createLandingActivities({
    ...{ ...streams, lake, annotation: null as never, visibleWithinMs },
  });
  return (of = model) => run(landPredictions, { dataset: 'exercises', model: of });
}

const endOf = async (topic: string) => (await streams.broker.bounds(topic)).get(0)?.end ?? 0;

test('predictions that were deleted before they landed are told once', async () => {
  const { broker, topics } = streams;
  const land = landing();
  await predict([1, 2], 2, 2);
  expect(await land()).toMatchObject({ rows: 2, skippedOffsets: 0 });
  const landed = await endOf(topics.predictions);
  await predict([3, 4, 5], 5, 5);
  const end = await endAfter(broker, topics.predictions, landed);
  await broker.deleteRecords(topics.predictions, { 0: end });
  warnings.length = 0;
  expect(await land()).toMatchObject({ rows: 2, skippedOffsets: end - landed });
  expect(warnings.join()).toContain('deleted before they landed');
  expect(await land()).toMatchObject({ rows: 2, skippedOffsets: 0 });
  await predict([6], 6, 6);
  expect(await land()).toMatchObject({ rows: 3, skippedOffsets: 0 });
});

test('a first landing tells what was deleted before it, unless nothing of the model was', async () => {
  const { broker, topics } = streams;
  await predict([1, 2], 2, 2);
  const firstEnd = await endAfter(broker, topics.predictions, 0);
  await predict([3], 3, 3);
  const deleted = (await endAfter(broker, topics.predictions, firstEnd)) - 2;
  await broker.deleteRecords(topics.predictions, { 0: deleted });
  expect(await landing()()).toMatchObject({ rows: 1, skippedOffsets: deleted });
  await predict([3], 3, 1);
  expect(await landing()()).toMatchObject({ rows: 1, skippedOffsets: 0 });
});

test('nobody waits again for what a predictor has said of a topic that was made anew', async () => {
  const land = landing(20_000);
  expect(await land()).toMatchObject({ rows: 0 });
  await predict([1, 2], 2, 2);
  expect(await land()).toMatchObject({ rows: 2, restarted: 0 });
  await makeAnew(streams.topics.predictions, 1);
  expect(await land()).toMatchObject({ rows: 2, restarted: 1 });
  const startedMs = performance.now();
  expect(await land()).toMatchObject({ rows: 2, restarted: 0 });
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  await predict([3], 3, 3);
  expect(await land()).toMatchObject({ rows: 3, restarted: 0 });
});

test('nor for what that of another model has said, once nothing of it has come in time', async () => {
  const lake = newLake(folder.path());
  const patient = landing(2 ** 30, lake);
  for (const each of [model, 'other']) expect(await patient(each)).toMatchObject({ rows: 0 });
  await predict([1, 2], 2, 2);
  await predict([3], 2, 1, 'other');
  expect(await patient()).toMatchObject({ rows: 3 });
  await makeAnew(streams.topics.predictions, 1);
  expect(await patient()).toMatchObject({ rows: 3, restarted: 1 });
  expect(await landing(500, lake)('other')).toMatchObject({ rows: 3, restarted: 0 });
  for (const each of [model, 'other']) expect(await patient(each)).toMatchObject({ rows: 3 });
});
