/** Steps of a label campaign on a real database and the real page server, repeated and cut off. */
import { MockActivityEnvironment } from '@temporalio/testing';
import {
  createAnnotationActivities,
  type AnnotationActivities,
  type AnnotationDeps,
} from '../../activities/annotation-activities';
import { createAnnotationStore, type AnnotationStore } from '../../annotation/annotation';
import type { Label } from '../../annotation/labels';
import { createAppServer, type AppServer } from '../../annotation/server';
import { pseudonymIdentifier, type Suppression } from '../../lakehouse/suppression';
import { createRegistry } from '../../registry/registry';
import { encodeFeatures, encodeSignal, type Prediction } from '../../streaming/prediction';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { CLASSES, newTask } from '../support/label-tasks';

const CANDIDATES = 60;
let database: TestDatabase;
let annotation: AnnotationStore;
let server: AppServer;
let url: string;
let campaigns = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  annotation = createAnnotationStore(database.pool);
  server = await createAppServer({ annotation, version: '0' });
  url = await server.listen(0);
});
afterAll(async () => {
  await server.close();
  await database.drop();
});

function candidate(index: number, dataset: string): Prediction {
  const { kind, features, signal, classes, probabilities, ...task } = newTask(index);
  return {
    ...task,
    dataset,
    model: 'm',
    windowId: `${dataset}-${task.windowId}`,
    classes: [...classes],
    probabilities: [...probabilities],
    label: 'rest',
    confidence: 0.5,
    candidate: kind,
    features: encodeFeatures(features),
    signal: encodeSignal(signal.channels, signal),
  };
}

async function* candidatesOf(dataset: string) {
  for (let index = 0; index < CANDIDATES; index += 1) yield candidate(index, dataset);
}

/** The true label turns with the window; every tenth window has none. */
const truth = (windowId: string): string | undefined => {
  const index = Number(windowId.slice(-4));
  return index % 10 === 9 ? undefined : CLASSES[index % CLASSES.length];
};

/** A list on which the test puts people. */
function listOf(gone: Set<string>): Suppression {
  return {
    keys: async () => new Set(gone),
    keyOf: (_dataset, identifier) => identifier,
  };
}

function create(changes: Partial<AnnotationDeps> = {}): AnnotationActivities {
  return createAnnotationActivities({
    annotation,
    predictions: {
      candidates: ({ dataset }) => candidatesOf(dataset),
      channels: async () => [{ name: 'ax', unit: 'g' }],
      activities: async () => [],
      featureSchema: async () => null,
    },
    oracle: {
      labelsOf: async ({ windowIds }) =>
        new Map(windowIds.flatMap((id) => (truth(id) ? [[id, truth(id) as string]] : []))),
    },
    registry: { ...createRegistry(database.pool), heldOutSubjects: async () => [] },
    appUrl: async () => url,
    ...changes,
  });
}

const run = <Input, Result>(activity: (input: Input) => Promise<Result>, input: Input) =>
  new MockActivityEnvironment().run<[Input], Result, (input: Input) => Promise<Result>>(
    activity,
    input,
  );

function newCampaign(budget = 20) {
  campaigns += 1;
  const dataset = `set-${campaigns}`;
  return { campaign: `c-${campaigns}`, dataset, model: 'm', budget, auditShare: 0.2, seed: 0 };
}

async function labelsGiven(dataset: string): Promise<Label[]> {
  const labels: Label[] = [];
  for await (const label of annotation.labels({ dataset })) labels.push(label);
  return labels;
}

test('a campaign asks the least certain windows of each device and its audit share', async () => {
  const input = newCampaign();
  const opened = await run(create().openCampaign, input);
  expect(opened).toEqual({ tasks: 20, uncertain: 16, audit: 4 });
  const { campaign } = input;
  const leased = await annotation.leaseTasks({
    campaign,
    annotator: 'a',
    leaseSeconds: 9,
    count: 99,
  });
  const uncertain = leased
    .filter(({ kind }) => kind === 'uncertain')
    .map(({ windowId }) => Number(windowId.slice(-4)));
  // In turn from each of the three devices, and of each device those that are least certain.
  for (const device of [0, 1, 2]) {
    const chosen = uncertain.filter((index) => index % 3 === device);
    const candidates = Array.from({ length: CANDIDATES }, (_, index) => index).filter(
      (index) => index % 4 !== 3 && index % 3 === device,
    );
    expect(chosen).toEqual(candidates.slice(0, chosen.length));
    expect(Math.abs(chosen.length - uncertain.length / 3)).toBeLessThan(1);
  }
  expect(leased[0]).toMatchObject({ labels: [...CLASSES].sort(), model: 'm', version: '1' });
  expect(leased[0]!.signal!.values[0]).toHaveLength(200);
});

test('an activity that no version has learned may be answered', async () => {
  const input = newCampaign();
  const predictions = {
    candidates: ({ dataset }: { dataset: string }) => candidatesOf(dataset),
    channels: async () => [],
    activities: async () => ['rest', 'juggling'],
    featureSchema: async () => null,
  };
  const labelsOf = async ({ windowIds }: { windowIds: readonly string[] }) =>
    new Map(windowIds.map((id) => [id, 'juggling']));
  const activities = create({ predictions, oracle: { labelsOf } });
  await run(activities.openCampaign, input);
  expect(await run(activities.answerAsOracle, input)).toMatchObject({ answered: 20, skipped: 0 });
  const answered = await labelsGiven(input.dataset);
  expect(new Set(answered.map(({ label }) => label))).toEqual(new Set(['juggling']));
});

test('an accent makes no other label, however a version or a campaign writes it', async () => {
  const input = newCampaign();
  const label = 'relajaci\u00f3n';
  const former = label.normalize('NFD');
  const predictions = {
    async *candidates({ dataset }: { dataset: string }) {
      for await (const each of candidatesOf(dataset))
        yield { ...each, classes: [former, 'rest'], probabilities: [0.5, 0.5] };
    },
    channels: async () => [],
    activities: async () => [label],
    featureSchema: async () => null,
  };
  const labelsOf = async ({ windowIds }: { windowIds: readonly string[] }) =>
    new Map(windowIds.map((id) => [id, label]));
  const activities = create({ predictions, oracle: { labelsOf } });
  await run(activities.openCampaign, input);
  const asked = { campaign: input.campaign, annotator: 'a', leaseSeconds: 1, count: 1 };
  const [task] = await annotation.leaseTasks(asked);
  expect(task?.labels).toEqual([label, 'rest']);
  // One that was opened before labels were composed.
  await database.pool.query('UPDATE annotation.campaigns SET classes = $2 WHERE campaign = $1', [
    input.campaign,
    [former, 'rest'],
  ]);
  expect(await run(activities.answerAsOracle, input)).toMatchObject({ skipped: 0 });
  const given = await labelsGiven(input.dataset);
  expect(given.length).toBeGreaterThan(10);
  expect(new Set(given.map((each) => each.label))).toEqual(new Set([label]));
});

test('a campaign whose opening was cut off is opened to the same tasks', async () => {
  const input = newCampaign(40);
  let reads = 0;
  async function* broken(dataset: string) {
    reads += 1;
    let sent = 0;
    for await (const prediction of candidatesOf(dataset)) {
      if (reads === 2 && (sent += 1) > 25) throw new Error('cut off');
      yield prediction;
    }
  }
  const predictions = {
    candidates: ({ dataset }: { dataset: string }) => broken(dataset),
    channels: async () => [],
    activities: async () => [],
    featureSchema: async () => null,
  };
  const activities = create({ predictions });
  await expect(run(activities.openCampaign, input)).rejects.toThrow('cut off');
  const resumed = await run(activities.openCampaign, input);
  const again = await run(activities.openCampaign, input);
  expect(resumed).toEqual({ tasks: 40, uncertain: 32, audit: 8 });
  expect(again).toEqual(resumed);
  // Opened for good: the predictions were not read again.
  expect(reads).toBe(4);
});

test('a campaign whose opening was cut off has its budget, also where others have landed meanwhile', async () => {
  const input = newCampaign(150);
  let from = 0;
  async function* landed() {
    for (let index = from; index < from + 300; index += 1) yield candidate(index, input.dataset);
  }
  async function* broken(isCut: boolean) {
    let sent = 0;
    for await (const prediction of landed()) {
      if (isCut && (sent += 1) > 250) throw new Error('cut off');
      yield prediction;
    }
  }
  const predictions = {
    candidates: ({ windowIds }: { windowIds?: readonly string[] }) =>
      broken(windowIds !== undefined && from === 0),
    channels: async () => [],
    activities: async () => [],
    featureSchema: async () => null,
  };
  const { openCampaign } = create({ predictions });
  await expect(run(openCampaign, input)).rejects.toThrow('cut off');
  const { uncertain, audit } = await annotation.countTasks(input);
  expect(uncertain + audit).toBe(100);
  from = 1_000;
  const opened = await run(openCampaign, input);
  expect(opened).toMatchObject({ tasks: 150, audit: 30 });
});

test('nobody is asked about a person whose erasure begins while a campaign opens', async () => {
  const input = newCampaign();
  const gone = new Set([pseudonymIdentifier('key0')]);
  let reads = 0;
  async function* interrupted(dataset: string) {
    reads += 1;
    if (reads === 2) gone.add(pseudonymIdentifier('key1'));
    yield* candidatesOf(dataset);
  }
  const predictions = {
    candidates: ({ dataset }: { dataset: string }) => interrupted(dataset),
    channels: async () => [],
    activities: async () => [],
    featureSchema: async () => null,
  };
  await run(create({ predictions, suppression: listOf(gone) }).openCampaign, input);
  const lease = { campaign: input.campaign, annotator: 'a', leaseSeconds: 9, count: 99 };
  const devices = (await annotation.leaseTasks(lease)).map(({ device }) => device);
  expect([...new Set(devices)]).toEqual(['watch-2']);
});

test('a second campaign does not ask the windows of the first', async () => {
  const first = newCampaign();
  await run(create().openCampaign, first);
  const second = { ...first, campaign: `${first.campaign}-b` };
  await run(create().openCampaign, second);
  const asked = await annotation.askedWindows({ dataset: first.dataset, except: 'none' });
  expect(asked.size).toBe(40);
});

test('campaigns that open at the same moment ask no window twice, and each has its budget', async () => {
  const first = newCampaign();
  const second = { ...first, campaign: `${first.campaign}-b` };
  const opened = await Promise.all(
    [first, second].map((input) => run(create().openCampaign, input)),
  );
  expect(opened.map(({ tasks }) => tasks)).toEqual([20, 20]);
  const asked = await annotation.askedWindows({ dataset: first.dataset, except: 'none' });
  expect(asked.size).toBe(40);
});

test('what nobody has answered may be asked again once its campaign is closed', async () => {
  const first = newCampaign(CANDIDATES);
  const { tasks } = await run(create().openCampaign, first);
  await run(create().answerAsOracle, { campaign: first.campaign, leave: 15 });
  const second = { ...first, campaign: `${first.campaign}-b` };
  const third = { ...first, campaign: `${first.campaign}-c` };
  expect(await run(create().openCampaign, second)).toMatchObject({ tasks: 0 });
  await run(create().closeCampaign, { campaign: first.campaign });
  expect(await run(create().openCampaign, third)).toMatchObject({ tasks: 15 });
  expect(tasks).toBe(CANDIDATES);
});

test('the oracle answers everything with the true labels, and skips what has none', async () => {
  const input = newCampaign(CANDIDATES);
  const opened = await run(create().openCampaign, input);
  const state = await run(create().answerAsOracle, { campaign: input.campaign });
  const labels = await labelsGiven(input.dataset);
  expect(state).toMatchObject({ tasks: opened.tasks, open: 0, leased: 0, labelled: labels.length });
  expect(state.skipped).toBeGreaterThan(0);
  expect(state.labelled + state.skipped).toBe(opened.tasks);
  expect(new Set(labels.map(({ annotator }) => annotator))).toEqual(new Set(['oracle']));
  for (const { windowId, label } of labels) expect(label).toBe(truth(windowId));
});

test('the oracle skips what its campaign does not let it answer, and the campaign ends', async () => {
  const input = newCampaign(CANDIDATES);
  const oracle = {
    labelsOf: async ({ windowIds }: { windowIds: readonly string[] }) =>
      new Map(windowIds.map((id, at) => [id, at % 2 ? (CLASSES[0] as string) : 'flying'])),
  };
  const opened = await run(create({ oracle }).openCampaign, input);
  const state = await run(create({ oracle }).answerAsOracle, { campaign: input.campaign });
  const labels = await labelsGiven(input.dataset);
  expect(state).toMatchObject({ open: 0, leased: 0, labelled: labels.length });
  expect(state.skipped).toBeGreaterThan(0);
  expect(state.labelled + state.skipped).toBe(opened.tasks);
  expect(new Set(labels.map(({ label }) => label))).toEqual(new Set([CLASSES[0]]));
});

test('an oracle whose responses get lost ends with each task answered once', async () => {
  const input = newCampaign(CANDIDATES);
  const opened = await run(create().openCampaign, input);
  let calls = 0;
  const lossy: typeof fetch = async (...request) => {
    calls += 1;
    const response = await fetch(...request);
    if (calls === 1) throw new TypeError('the connection was lost after the tasks were leased');
    if (calls === 3) throw new TypeError('the connection was lost after the answers were kept');
    return response;
  };
  const activities = create({ fetch: lossy });
  const oracle = { campaign: input.campaign };
  const failure = { type: 'APP_UNAVAILABLE', nonRetryable: false };
  await expect(run(activities.answerAsOracle, oracle)).rejects.toMatchObject(failure);
  await expect(run(activities.answerAsOracle, oracle)).rejects.toMatchObject(failure);
  const state = await run(activities.answerAsOracle, oracle);
  expect(state.labelled + state.skipped).toBe(opened.tasks);
  const windows = (await labelsGiven(input.dataset)).map(({ windowId }) => windowId);
  expect(new Set(windows).size).toBe(windows.length);
});

test('the oracle leaves to people what it is told to leave', async () => {
  const input = newCampaign();
  await run(create().openCampaign, input);
  const oracle = { campaign: input.campaign, leave: 3 };
  expect(await run(create().answerAsOracle, oracle)).toMatchObject({ open: 3, leased: 0 });
  expect(await run(create().answerAsOracle, oracle)).toMatchObject({ open: 3 });
});

test('an oracle that is refused says why, and is not tried again', async () => {
  const input = newCampaign();
  await run(create().openCampaign, input);
  const base = await createAppServer({
    annotation,
    version: '0',
    tokens: [{ role: 'annotator', digest: Buffer.alloc(32) }],
  });
  const guarded = await base.listen(0);
  const activities = create({ appUrl: async () => guarded, appToken: 'not-the-right-token' });
  await expect(run(activities.answerAsOracle, { campaign: input.campaign })).rejects.toMatchObject({
    type: 'APP_REFUSED',
    nonRetryable: true,
    message: expect.stringContaining('UNAUTHORIZED') as string,
  });
  await base.close();
});

test('a closed campaign reports what it got', async () => {
  const input = newCampaign();
  await run(create().openCampaign, input);
  const { campaign } = input;
  await run(create().answerAsOracle, { campaign, leave: 5 });
  const closed = await run(create().closeCampaign, { campaign });
  expect(closed).toMatchObject({ status: 'closed', tasks: 20, open: 5 });
  expect(await run(create().closeCampaign, { campaign })).toEqual(closed);
  expect(await run(create().campaignProgress, { campaign })).toEqual(closed);
});

test('a cancelled opening stops', async () => {
  const environment = new MockActivityEnvironment();
  const input = newCampaign();
  const predictions = {
    async *candidates({ dataset }: { dataset: string }) {
      yield* candidatesOf(dataset);
      environment.cancel('CANCELLED');
      yield* candidatesOf(dataset);
    },
    channels: async () => [],
    activities: async () => [],
    featureSchema: async () => null,
  };
  const opening = environment.run(create({ predictions }).openCampaign, input);
  await expect(opening).rejects.toMatchObject({ name: 'CancelledFailure' });
  await expect(annotation.progress({ campaign: input.campaign })).rejects.toThrow();
});
