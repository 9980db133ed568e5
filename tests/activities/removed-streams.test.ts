/** What the topics still tell of a dataset that was removed never counts for a later one of its name. */
import { ActivityCancellationDetails } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { landedPredictions } from '../../activities/erasure-streams';
import { createLandingActivities } from '../../activities/landing-activities';
import { createStreamActivities, type PredictorTotals } from '../../activities/stream-activities';
import type { Lake } from '../../lakehouse/lake';
import { removeFromLake } from '../../lakehouse/removal';
import { rememberRemoved, removedStreams } from '../../lakehouse/removed-streams';
import { storedRows } from '../../lakehouse/stored-rows';
import { findManifest } from '../../lakehouse/snapshots';
import { PREDICTIONS_TABLE } from '../../lakehouse/watch/model-tables';
import type { ReceivedMessage } from '../../streaming/ports';
import { streamEnds } from '../../streaming/topic-end';
import { madeRecordings } from '../support/made-recordings';
import { newLake, temporaryFolder } from '../support/recordings';
import { testChampion } from '../support/stream-runs';
import { createTestStreams, makeAnew, type TestStreams } from '../support/streams';

jest.setTimeout(120_000);

const MADE = { devices: 4, recordings: 1, secondsEach: 20 };
const WINDOWS = MADE.devices * MADE.recordings * 9;
const BATCHES = MADE.devices * MADE.recordings * MADE.secondsEach;
const SHAPE = { partitions: 2 };
const dataset = 'exercises';

const folder = temporaryFolder();
let streams: TestStreams;
let lake: Lake;

beforeEach(async () => {
  streams = await createTestStreams(2);
  lake = newLake(folder.path());
});
afterEach(() => streams.broker.close());

const createEnvironment = () =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

const run = <I, R>(activity: (input: I) => Promise<R>, input: I): Promise<R> =>
  createEnvironment().run<[I], R, typeof activity>(activity, input);

/** Streams all recordings past a version of the model, and lands what it predicts. */
async function streamed(model: string, version: number, name = 'replay') {
  const { broker, topics } = streams;
  const activities = createStreamActivities({
    ...{ broker, topics, topicShape: SHAPE, source: madeRecordings(MADE) },
    loadChampion: async () => testChampion(version),
    championVersion: async () => String(version),
    removedStreams: (of) => removedStreams(lake.store, of),
    candidates: { threshold: 0.6, auditShare: 0.1, seed: 0 },
  });
  const environment = createEnvironment();
  const ended: Promise<PredictorTotals> = environment.run(activities.runPredictor, {
    ...{ model, dataset },
  });
  ended.catch(() => undefined);
  await run(activities.awaitChampion, { model, version: String(version) });
  const sent = await run(activities.simulate, { name, dataset, subjectKeys: [], speed: 0 });
  await run(activities.awaitPredicted, { model, lastOffsets: sent.lastOffsets });
  environment.cancel('CANCELLED', new ActivityCancellationDetails({ cancelRequested: true }));
  return { sent, totals: await ended };
}

async function landedRows(model: string): Promise<string[]> {
  const { broker, topics } = streams;
  const landing = createLandingActivities({ lake, broker, topics, annotation: null as never });
  await run(landing.landPredictions, { dataset, model });
  const from = {
    [PREDICTIONS_TABLE]: await findManifest(lake, { dataset, table: PREDICTIONS_TABLE }),
  };
  const rows: string[] = [];
  const sql = `SELECT model || ' ' || version FROM ${PREDICTIONS_TABLE}`;
  for await (const row of storedRows(lake, { from, sql })) rows.push(String(row[0]));
  return rows;
}

async function remove(): Promise<void> {
  const { broker, topics } = streams;
  const removeRecords = async () =>
    rememberRemoved(lake.store, dataset, await streamEnds(broker, topics, SHAPE));
  await removeFromLake(lake, { dataset, removeRecords });
}

const each = (text: string): string[] => Array.from({ length: WINDOWS }, () => text);

test('the same names stream anew, and nothing comes back', async () => {
  await streamed('former', 1);
  expect(await landedRows('former')).toEqual(each('former 1'));
  await remove();

  const again = await streamed('former', 2);
  expect(again.sent).toMatchObject({ batches: BATCHES });
  expect(again.totals).toMatchObject({ predicted: WINDOWS, late: 0 });
  expect(await landedRows('former')).toEqual(each('former 2'));

  // Removed once more, and by another model, which begins with the topic's first samples otherwise.
  await remove();
  const other = await streamed('other', 3);
  expect(other.totals).toMatchObject({ predicted: WINDOWS });
  expect(await landedRows('other')).toEqual(each('other 3'));
  expect(await removedStreams(lake.store, dataset)).toMatchObject({ times: 2 });
});

test('a replay that goes on after a removal is sent once, however often it is tried', async () => {
  await streamed('former', 1);
  await landedRows('former');
  await remove();
  const first = await streamed('former', 2);
  const second = await streamed('former', 2);
  expect(second.sent).toEqual(first.sent);
  expect(second.totals).toMatchObject({ predicted: 0 });
});

test('topics that are made anew after a removal are read from their start', async () => {
  const { samples, predictions } = streams.topics;
  await streamed('former', 1);
  await landedRows('former');
  await remove();
  for (const topic of [samples, predictions]) await makeAnew(topic, 2);
  const again = await streamed('other', 2, 'another');
  expect(again.totals).toMatchObject({ predicted: WINDOWS });
  expect(await landedRows('other')).toEqual(each('other 2'));
});

test('an erasure keeps no prediction of a removed dataset for a landing', async () => {
  const { broker, topics } = streams;
  await streamed('former', 1);
  const judged = async () => {
    const isLanded = await landedPredictions({ lake, broker, topics });
    const messages: ReceivedMessage[] = [];
    for await (const some of broker.read({ topic: topics.predictions })) messages.push(...some);
    return messages.map(isLanded);
  };
  expect(new Set(await judged())).toEqual(new Set([false]));
  await remove();
  expect(new Set(await judged())).toEqual(new Set([true]));
});

test('where nothing was ever streamed, nothing is remembered', async () => {
  await remove();
  expect(await removedStreams(lake.store, dataset)).toBeNull();
});
