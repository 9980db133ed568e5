/** Erasing the subject of recordings: from tables, labels, splits, cards, topics and texts, and models are retrained. */
import { rm } from 'node:fs/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createLandingActivities } from '../../activities/landing-activities';
import { createPredictionSource } from '../../activities/prediction-source';
import type { LeasedTask } from '../../annotation/tasks';
import { workflowIds } from '../../core/workflow-ids';
import {
  encodeFeatures,
  encodePrediction,
  encodeSignal,
  type Prediction,
} from '../../streaming/prediction';
import { predictorGroup } from '../../streaming/topics';
import type { CampaignResult } from '../../workflows/annotation-campaign';
import { createErasureWorld, type ErasureWorld } from '../support/erasure-world';
import { CLASSES, newTask } from '../support/label-tasks';
import { archiveFiles, writeZip } from '../support/recordings';
import { until } from '../support/test-namespace';
import { placesWith } from '../support/traces';
import { failureOf } from '../support/workflow-environment';

jest.setTimeout(240_000);

const DATASET = 'watch';
const ERASED = 'Grace Example';
const OTHER = 'Ada Sample';
const RECORDINGS = [
  { recording: 'grace-one', subject: ERASED, device: 'watch-of-grace' },
  { recording: 'grace-two', subject: ERASED, device: 'watch-of-both' },
  { recording: 'ada-one', subject: OTHER, device: 'watch-of-both', startMs: 1_000_000 },
  { recording: 'ada-two', subject: OTHER, device: 'watch-of-ada' },
];

let world: ErasureWorld;
let erased: string;
let other: string;
/** What all of the runs below may not find any more. */
const names = (): string[] => [ERASED, erased, 'grace-one', 'grace-two', 'watch-of-grace'];

const prediction = (subjectKey: string, at: number): Prediction => ({
  ...{ windowId: `w${at}`, dataset: DATASET, device: 'watch-of-both', subjectKey },
  ...{ startMs: at * 1000, endMs: at * 1000 + 4000, model: 'activity', version: '1' },
  ...{ classes: ['a', 'b'], probabilities: [0.5, 0.5], label: 'a', confidence: 0.5 },
  ...{ candidate: null, featureSchema: 'f00d' },
});

async function send(topic: string, messages: { key: string; value: string }[]): Promise<void> {
  const producer = await world.broker.openProducer();
  await producer.send(topic, messages);
  await producer.close();
}

async function fillTopics(): Promise<void> {
  const { topics, broker } = world;
  const of = (key: string, at: number) => ({ key, value: `{"subjectKey":"${key}","at":${at}}` });
  await send(topics.samples, [
    { key: 'watch-of-grace', value: 'binary' },
    { key: 'watch-of-ada', value: 'binary' },
  ]);
  const predictions = [erased, other, erased].map((key, at) => ({
    key: 'watch-of-both',
    value: encodePrediction(prediction(key, at)),
  }));
  await send(topics.predictions, predictions);
  await send(topics.deadLetter, [
    of(other, 1),
    of(erased, 2),
    of(other, 3),
    of(erased, 4),
    of(other, 5),
  ]);
  await send(topics.late, [of(erased, 6), of(other, 7)]);
  expect((await broker.bounds(topics.deadLetter)).size).toBe(4);
}

/** As a predictor that has read all samples. */
async function commitSamples(): Promise<void> {
  const { topics, broker } = world;
  const reader = await broker.openTransactional('reader');
  const commits = [...(await broker.bounds(topics.samples))].map(([partition, { end }]) => ({
    ...{ group: predictorGroup(topics, 'activity'), topic: topics.samples, partition },
    ...{ offset: end, metadata: '' },
  }));
  await reader.commit([], () => commits);
  await reader.close();
}

async function fillDatabase(): Promise<void> {
  const { annotation, registry } = world;
  await annotation.openCampaign({
    ...{ campaign: 'c', dataset: DATASET, model: 'activity', classes: CLASSES, target: 2 },
    channels: [],
  });
  const tasks = [erased, other].map((subjectKey, at) => newTask(at, { subjectKey }));
  await annotation.createTasks({ campaign: 'c', tasks });
  const leased = await annotation.leaseTasks({
    ...{ annotator: 'ann', campaign: 'c', leaseSeconds: 60, count: 2 },
  });
  const answers = leased.map(({ task, lease }) => ({ task, lease, label: 'walk' }));
  expect((await annotation.answerTasks({ annotator: 'ann', answers })).accepted).toHaveLength(2);
  const parts = { bootstrap: [erased], stream: [other], holdout: ['0000000000000001'] };
  await registry.saveSplit({ dataset: DATASET, seed: 0, parts });
  for (const [key, subjects] of Object.entries({ first: [other], second: [erased, other] })) {
    await registry.registerVersion({
      model: 'activity',
      key,
      artefactUri: 'a',
      card: card(subjects),
    });
  }
  const move = { model: 'activity', alias: 'champion', from: null, to: '2', outcome: 'promote' };
  await registry.moveAlias({ ...move, reason: 'first', actor: 'test', evidence: { erased } });
}

const card = (subjects: string[]) => ({
  ...{ formatVersion: 1 as const, codeVersion: '0', seed: 0, classes: ['a', 'b'] },
  ...{ featureSchema: 'f00d', evaluation: null, calibration: { temperature: 1 } },
  data: { dataset: DATASET, snapshots: {}, windows: 2, subjects },
});

async function rowsOf(table: string): Promise<number> {
  const pointer = await world.lake.catalog.pointer({ dataset: DATASET, table });
  const manifest = await world.lake.store.get(`${pointer?.prefix}manifest.json`);
  return (JSON.parse(manifest.toString()) as { rows: number }).rows;
}

/** There is nothing to train from here: a later erasure would wait for it, unless it has failed by now. */
async function endRetraining(): Promise<void> {
  try {
    await world.client.workflow.getHandle('retrain/activity').terminate();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

beforeAll(async () => {
  world = await createErasureWorld();
  [erased, other] = [world.subjectKeyOf(DATASET, ERASED), world.subjectKeyOf(DATASET, OTHER)];
  const source = await writeZip(world.home, archiveFiles(RECORDINGS));
  await world.run('ingest', { dataset: DATASET, source });
  await world.run('refreshTables', { dataset: DATASET });
  await fillTopics();
  await fillDatabase();
  await world.lake.store.put('comparisons/activity/1-2.json', JSON.stringify({ subject: erased }));
  await rm(source);
});
afterAll(() => world?.close());

test('removes the subject everywhere, leaves others alone, and says what it did', async () => {
  // The search finds what is there: else it would prove nothing.
  for (const name of names()) expect(placesWith(name, ...(await world.traces()))).not.toEqual([]);
  await commitSamples();
  const result = await world.erase(DATASET, ERASED);
  await endRetraining();

  expect(result).toMatchObject({
    records: { labels: 1, tasks: 1, splits: 1, records: 2 },
    models: [{ model: 'activity', version: '2', isChampion: true }],
    retrainings: ['retrain/activity'],
    removedRows: { recordings_landing: 1000 },
    waiting: 0,
  });
  const traces = await world.traces();
  const [lake, database, , histories] = traces;
  for (const name of names()) {
    expect([name, placesWith(name, lake!, database!, histories!)]).toEqual([name, []]);
  }
  expect(await rowsOf('recordings_landing')).toBe(1000);
  expect(await rowsOf('window_features')).toBeGreaterThan(0);
});

async function valuesOf(topic: string): Promise<string[]> {
  const values: string[] = [];
  for await (const messages of world.broker.read({ topic })) {
    values.push(...messages.map(({ value }) => String(value)));
  }
  return values.sort();
}

test('keeps what others still need of the topics, each message once', async () => {
  const { topics } = world;
  expect(await valuesOf(topics.late)).toEqual([`{"subjectKey":"${other}","at":7}`]);
  expect(await valuesOf(topics.deadLetter)).toEqual(
    [1, 3, 5].map((at) => `{"subjectKey":"${other}","at":${at}}`),
  );
  // Nobody has read the predictions yet: those of others are still to be landed.
  expect(await valuesOf(topics.predictions)).toEqual([encodePrediction(prediction(other, 1))]);
  expect(placesWith('watch-of-grace', ...(await world.traces()))).toEqual([]);
});

test('the gate knows which versions learned from the subject', async () => {
  const { registry } = world;
  const [one, two] = await Promise.all(
    ['1', '2'].map((version) => registry.withdrawnSubjects({ model: 'activity', version })),
  );
  expect([one, two]).toEqual([0, 1]);
  const split = await registry.getSplit({ dataset: DATASET, seed: 0 });
  expect(split).toEqual({ bootstrap: [], stream: [other], holdout: ['0000000000000001'] });
  // What is drawn anew has other people: the frozen split stays what it is.
  const parts = { bootstrap: [other], stream: [], holdout: [] };
  expect(await registry.saveSplit({ dataset: DATASET, seed: 0, parts })).toEqual({ parts: split });
});

test('an archive that holds the subject does not bring them back, and is counted', async () => {
  const more = {
    recording: 'ada-three',
    subject: OTHER,
    device: 'watch-of-ada',
    startMs: 9_000_000,
  };
  const source = await writeZip(world.home, archiveFiles([...RECORDINGS, more]));
  const landed = await world.run('ingest', { dataset: DATASET, source });
  expect(landed).toMatchObject({ rows: 1500, dropped: { 'consent-withdrawn': 2 } });
  await world.run('refreshTables', { dataset: DATASET });
  await rm(source);
  const [lake] = await world.traces();
  for (const name of names()) expect([name, placesWith(name, lake!)]).toEqual([name, []]);
});

test('predictions that come late are not landed, and samples that nobody has read wait', async () => {
  const { topics, registry } = world;
  const late = encodePrediction(prediction(erased, 9));
  await send(topics.predictions, [{ key: 'watch-of-both', value: late }]);
  const unread = [`of ${other}`, `of ${erased}`];
  const samples = unread.map((value) => ({ key: 'watch-of-both', value }));
  await send(topics.samples, samples);
  await commitSamples();
  // One model has read them all, another one has yet to begin.
  const young = { model: 'young', key: 'first', artefactUri: 'a', card: card([other]) };
  await registry.registerVersion(young);

  const { landPredictions } = createLandingActivities({ ...world, suppression: world.consent });
  const context = new MockActivityEnvironment();
  await context.run(landPredictions, { dataset: DATASET, model: 'activity' });
  expect(await rowsOf('predictions')).toBe(1);

  const result = await world.erase(DATASET, ERASED);
  expect(result.waiting).toBe(1);
  const waiting = result.topics.find(({ topic }) => topic === topics.samples);
  expect(waiting).toMatchObject({ removed: 0, kept: 1, retentionMs: 604_800_000 });
  expect(await valuesOf(topics.samples)).toEqual(expect.arrayContaining(unread));
});

describe('a campaign of its own', () => {
  const live = { dataset: DATASET, model: 'live' };
  const HELD_OUT = '0000000000000001';
  const ask = (campaign: string) =>
    world.run(
      'annotationCampaign',
      { ...live, campaign, labels: 5, auditShare: 0, lookMinutes: 0.01 },
      workflowIds.annotationCampaign(campaign),
    ) as Promise<CampaignResult>;

  const inForce = () =>
    createPredictionSource(world.lake).featureSchema({ dataset: DATASET }) as Promise<string>;

  const unsure = (subjectKey: string, at: number, featureSchema: string) => {
    const { features, signal } = newTask(at);
    return encodePrediction({
      ...{ ...prediction(subjectKey, at), featureSchema },
      ...{ model: 'live', windowId: `live-${at}`, candidate: 'uncertain' },
      ...{ features: encodeFeatures(features), signal: encodeSignal(signal.channels, signal) },
    });
  };

  const predicted = (of: Record<number, string>, schema: string) =>
    send(
      world.topics.predictions,
      Object.entries(of).map(([at, subjectKey]) => ({
        ...{ key: 'watch-of-both', value: unsure(subjectKey, Number(at), schema) },
      })),
    );

  /** As people do it who see the tasks on their page. */
  async function answer(campaign: string, count: number): Promise<string[]> {
    const { annotation } = world;
    const annotator = { annotator: 'ann', campaign, leaseSeconds: 60 };
    let leased: LeasedTask[] = [];
    await until(async () => {
      leased = await annotation.leaseTasks({ ...annotator, count: 9 });
      return leased.length === count;
    });
    const answers = leased.map(({ task, lease }) => ({ task, lease, label: 'a' }));
    await annotation.answerTasks({ annotator: 'ann', answers });
    return leased.map(({ windowId }) => windowId).sort();
  }

  test('says what is missing before it can ask', async () => {
    expect(await failureOf(ask('none'))).toContain('NO_CHAMPION');
    const { registry } = world;
    await registry.registerVersion({
      ...{ model: 'live', key: 'live', artefactUri: 'a', card: card([other]) },
    });
    const first = { from: null, to: '1', outcome: 'promote', reason: 'first', actor: 'test' };
    await registry.moveAlias({ model: 'live', alias: 'champion', ...first });
    expect(await failureOf(ask('none'))).toContain('NOTHING_PREDICTED');
  });

  test('asks what was predicted live, each window once, and nobody erased or held out', async () => {
    await predicted({ 20: other, 22: erased, 24: other, 26: HELD_OUT }, await inForce());
    // Features of former times: nothing learns from them any more.
    await predicted({ 27: other }, 'f00d');
    const first = ask('first');
    expect(await answer('first', 2)).toEqual(['live-20', 'live-24']);
    expect(await first).toMatchObject({ tasks: 2, labels: 2, outcome: 'complete' });
    // With that of the other person, whom the test before has left.
    expect(await rowsOf('labelled_windows')).toBe(3);

    await predicted({ 28: other }, await inForce());
    const second = ask('second');
    expect(await answer('second', 1)).toEqual(['live-28']);
    expect(await second).toMatchObject({ tasks: 1, labels: 1, outcome: 'complete' });
    expect(await ask('third')).toMatchObject({ tasks: 0, labels: 0, outcome: 'nothing-to-ask' });
  });
});
