/** Predictions land whatever else lies on their topic: repeats and what is no prediction are counted. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { landedPredictions } from '../../../activities/erasure-streams';
import { createLandingActivities, type LandedTable } from '../../../activities/landing-activities';
import { query } from '../../../lakehouse/query';
import type { Broker, ReceivedMessage } from '../../../streaming/ports';
import {
  encodeFeatures,
  encodePrediction,
  encodeSignal,
  type Prediction,
} from '../../../streaming/prediction';
import { topicNames } from '../../../streaming/topics';
import {
  archiveFiles,
  ingestInto,
  keysOf,
  newLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
const DATASET = 'watch';

const prediction = (at: number, other: Partial<Prediction> = {}): string =>
  encodePrediction({
    ...{ windowId: `w${at}`, dataset: DATASET, device: 'watch-1', subjectKey: 's1' },
    ...{ startMs: at * 2000, endMs: at * 2000 + 4000, model: 'activity', version: '1' },
    ...{ classes: ['a', 'b'], probabilities: [0.5, 0.5], label: 'a', confidence: 0.5 },
    ...{ candidate: null, featureSchema: 'f00d', ...other },
  });

const messageOf = (value: string, offset: number): ReceivedMessage => ({
  ...{ partition: 0, offset, key: 'watch-1', value: Buffer.from(value), headers: {} },
});

/** One partition of predictions, and how far the model's predictor says that it has written there. */
function landingFrom(values: string[], written?: () => number) {
  const lake = newLake(folder.path());
  const progress = (end: number) => ({
    ...{ next: 1, predicted: end, late: 0, deadLettered: 0, skipped: 0, tooLong: 0 },
    written: { 0: end },
  });
  const broker = {
    bounds: () => Promise.resolve(new Map([[0, { start: 0, end: values.length }]])),
    committed: () => {
      const metadata = written === undefined ? null : JSON.stringify(progress(written()));
      return Promise.resolve(new Map(metadata === null ? [] : [[0, { offset: 1, metadata }]]));
    },
    async *read({ from, to }: { from?: Record<number, number>; to?: Record<number, number> }) {
      yield await Promise.resolve(values.map(messageOf).slice(from?.[0] ?? 0, to?.[0]));
    },
  } as unknown as Broker;
  const topics = topicNames();
  const { landPredictions } = createLandingActivities({
    ...{ lake, broker, topics, annotation: null as never, visibleWithinMs: 100 },
  });
  const land = (more: { model?: string; required?: boolean } = {}): Promise<LandedTable> =>
    new MockActivityEnvironment().run(landPredictions, {
      ...{ dataset: DATASET, model: 'activity', ...more },
    });
  return { lake, land, isLanded: () => landedPredictions({ lake, broker, topics }) };
}

test('of a window each version keeps its first prediction, and the others are counted', async () => {
  const topic = [prediction(1), prediction(2), prediction(1, { label: 'b', version: '2' })];
  topic.push(prediction(1, { label: 'b' }));
  const { lake, land } = landingFrom(topic);
  const first = await land();
  expect(first.tables.predictions).toMatchObject({ rows: 3, dropped: { 'predicted-again': 1 } });
  topic.push(prediction(2, { label: 'b' }), prediction(2, { model: 'other' }), prediction(3));
  const second = await land();
  expect(second.tables.predictions).toMatchObject({ rows: 5, dropped: { 'predicted-again': 2 } });
  const sql = 'SELECT window_id, model, version, label FROM predictions ORDER BY 1, 2, 3';
  expect((await query(lake, { sql, dataset: DATASET })).rows).toEqual([
    { window_id: 'w1', model: 'activity', version: '1', label: 'a' },
    { window_id: 'w1', model: 'activity', version: '2', label: 'b' },
    { window_id: 'w2', model: 'activity', version: '1', label: 'a' },
    { window_id: 'w2', model: 'other', version: '1', label: 'a' },
    { window_id: 'w3', model: 'activity', version: '1', label: 'a' },
  ]);
});

const features = encodeFeatures(Float32Array.of(1));
const signal = encodeSignal(['x'], {
  timestampsMs: Float64Array.of(1, 2),
  values: [Float32Array.of(3, 4)],
});

test('what is no prediction is counted, and kept from nobody’s erasure', async () => {
  const strange = [
    ...['not json', '{}', prediction(1, { startMs: 0.5 }), prediction(1, { features: 'AAAA' })],
    prediction(1, { signal: { channels: ['x'], timestampsMs: 'AAAA', values: '' } }),
    // What no task can be made of would keep every campaign from opening.
    ...[prediction(1, { candidate: 'audit' }), prediction(1, { candidate: 'audit', features })],
    prediction(1, { features, signal: { ...signal, channels: ['x', 'y'] } }),
    ...[prediction(1, { classes: ['a'] }), prediction(1, { classes: [], probabilities: [] })],
    ...[prediction(1, { endMs: 2000 }), prediction(1, { device: 'a\u0000b' })],
  ];
  const { lake, land, isLanded: look } = landingFrom([...strange, prediction(2)]);
  const landed = await land();
  const expected = { rows: 1, dropped: { 'no-prediction': strange.length } };
  expect(landed.tables.predictions).toMatchObject(expected);
  // A dataset that is called like the folder of those that were removed.
  await lake.store.put('removed/customer/landing/0123456789abcdef/manifest.json', '{}');
  const isLanded = await look();
  expect(strange.map((value, at) => isLanded(messageOf(value, at + 100)))).not.toContain(false);
  expect(isLanded(messageOf(prediction(2), strange.length))).toBe(true);
  expect(isLanded(messageOf(prediction(2), strange.length + 1))).toBe(false);
});

test.each([
  ['with fewer predictions', 2],
  ['with as many predictions', 3],
  ['with more predictions', 5],
])('a topic that was made anew %s is landed from its start', async (_, count) => {
  const topic = [1, 2, 3].map((at) => prediction(at));
  const { land, isLanded } = landingFrom(topic, () => 3);
  expect(await land()).toMatchObject({ rows: 3 });
  topic.splice(0, 3, ...Array.from({ length: count }, (_each, at) => prediction(10 + at)));
  // What an erasure would find: nothing of the new topic has landed.
  expect((await isLanded())(messageOf(prediction(10), 0))).toBe(false);
  expect(await land()).toMatchObject({ rows: 3 + count, restarted: 1 });
  expect((await isLanded())(messageOf(prediction(10), 0))).toBe(true);
  topic.push(prediction(20));
  expect(await land()).toMatchObject({ rows: 4 + count, restarted: 0 });
});

test('a topic that was made anew and is empty is known again when it has grown', async () => {
  const topic = [prediction(1), prediction(2)];
  const { land } = landingFrom(topic);
  await land();
  topic.length = 0;
  expect(await land()).toMatchObject({ rows: 2, restarted: 1 });
  topic.push(...[10, 11, 12].map((at) => prediction(at)));
  expect(await land()).toMatchObject({ rows: 5, restarted: 0 });
});

test('predictions that show a little after their offsets are waited for', async () => {
  const topic = [prediction(1)];
  const { land } = landingFrom(topic, () => 2);
  setTimeout(() => topic.push(prediction(2)), 30);
  expect(await land()).toMatchObject({ rows: 2 });
});

test('whoever needs predictions is told what is missing, and gets them once they are there', async () => {
  const topic = [prediction(1, { dataset: 'other' })];
  const { lake, land } = landingFrom(topic);
  const required = { required: true };
  await expect(land(required)).rejects.toMatchObject({ type: 'DATASET_NOT_FOUND' });
  expect(await keysOf(lake)).toEqual([]);
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'one' }]));
  await ingestInto(lake, { source, dataset: DATASET });
  await expect(land(required)).rejects.toMatchObject({
    type: 'NOTHING_PREDICTED',
    nonRetryable: true,
    message: expect.stringContaining('activity') as string,
  });
  topic.push(prediction(1));
  expect(await land(required)).toMatchObject({ rows: 1 });
  await expect(land({ ...required, model: 'other' })).rejects.toMatchObject({
    type: 'NOTHING_PREDICTED',
  });
});
