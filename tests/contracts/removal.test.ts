/** Removing datasets and models, with a real server, database and lake: never under what works on them. */
import { createAnnotationStore } from '../../annotation/annotation';
import { createConsent } from '../../consent/consent';
import { TASK_QUEUES } from '../../core/task-queues';
import { createDeviceTables } from '../../devices/devices';
import { datasetsOf } from '../../lakehouse/datasets';
import type { Lake } from '../../lakehouse/lake';
import { artefactPrefix, comparisonsFolder, scoresFolder } from '../../lakehouse/model-artefacts';
import { removalKey } from '../../lakehouse/removal';
import type { ModelCard } from '../../registry/model-card';
import { createRegistry } from '../../registry/registry';
import { planDatasetRemoval, removeDataset } from '../../workers/remove-dataset';
import { planModelRemoval, removeModel } from '../../workers/remove-model';
import { planVersionRemoval, removeVersion } from '../../workers/remove-version';
import { applySchedules } from '../../workers/schedules';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { answered, newTask, openCampaignWith } from '../support/label-tasks';
import {
  archiveFiles,
  ingestInto,
  keysOf,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../support/recordings';
import { createTestNamespace, until, type TestNamespace } from '../support/test-namespace';

const LIMIT_MS = 180_000;
const SUBJECT = '0123456789abcdef';
const folder = temporaryFolder();

let database: TestDatabase;
let temporal: TestNamespace;
let names = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  temporal = await createTestNamespace('removal');
}, LIMIT_MS);

afterAll(async () => {
  await temporal.close();
  await database.drop();
});

const newName = (): string => `n${(names += 1)}`;

async function world() {
  const lake = newLake(folder.path());
  const { client } = temporal;
  const registry = createRegistry(database.pool);
  const annotation = createAnnotationStore(database.pool);
  const consent = createConsent(database.pool, 'a key for tests');
  const none = { endOffsets: {}, lastRead: {} };
  const topicEnds = async () => ({ samples: none, predictions: none });
  const devices = createDeviceTables(database.pool);
  return { lake, client, registry, annotation, consent, devices, topicEnds };
}

type World = Awaited<ReturnType<typeof world>>;

async function landAndRefresh(lake: Lake, dataset: string): Promise<void> {
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source, dataset });
  await refreshLake(lake, { dataset });
}

const card = (dataset: string): ModelCard => ({
  ...{ formatVersion: 1, codeVersion: '0.1.0', seed: 0, classes: ['rest', 'walk'] },
  featureSchema: 'abc',
  data: { dataset, snapshots: { windows: 's1' }, windows: 100, subjects: [SUBJECT] },
  evaluation: { scheme: 'holdout', accuracy: 0.8, macroF1: 0.75 },
  calibration: { temperature: 1.2 },
});

/** Two versions with artefacts and scores, of which the second is champion. */
async function learn({ lake, registry }: World, model: string, dataset: string): Promise<void> {
  for (const key of ['k1', 'k2']) {
    const artefactUri = artefactPrefix(model, key);
    await lake.store.put(`${artefactUri}/artefact.json`, '{}');
    await registry.registerVersion({ model, key, artefactUri, card: card(dataset) });
  }
  await lake.store.put(`${comparisonsFolder(model)}1-2.json`, '{}');
  await lake.store.put(`${scoresFolder(model)}1.json`, '{}');
  const move = { model, alias: 'champion', from: null, to: '2', outcome: 'promote' };
  await registry.moveAlias({ ...move, reason: 'first', actor: 'test' });
  const verdict = { model, run: 'r', champion: '1', challenger: '2', outcome: 'promote' };
  await registry.recordVerdict({ ...verdict, reason: 'proved-better', explanation: 'so' });
  await registry.eraseFromRegistry({ dataset, subjectKey: SUBJECT, subject: SUBJECT });
}

/** What works on it until the test ends it: nobody serves the queue. */
async function openRun(dataset: string, model: string, workflow = 'retrain') {
  const { client } = temporal;
  const attributes = { WatchlakeDataset: [dataset], WatchlakeModel: [model] };
  const run = await client.workflow.start(workflow, {
    ...{ workflowId: `${workflow}/${model}`, taskQueue: TASK_QUEUES.orchestration },
    ...{ args: [{ model, dataset }], searchAttributes: attributes },
  });
  const listed = (running: number) =>
    until(async () => {
      const query = `WatchlakeModel = '${model}' AND ExecutionStatus = 'Running'`;
      return (await client.workflow.count(query)).count === running;
    });
  await listed(1);
  return async () => {
    await run.terminate();
    await listed(0);
  };
}

test(
  'a dataset goes with its tables, its campaigns, its answers and its splits, and no other one does',
  async () => {
    const deps = await world();
    const { lake, annotation, registry, consent } = deps;
    const [dataset, other] = [newName(), newName()];
    for (const name of [dataset, other]) {
      await landAndRefresh(lake, name);
      await openCampaignWith(annotation, { campaign: `c-${name}`, tasks: 3, dataset: name });
      const tasks = [newTask(0), newTask(1)];
      await answered(annotation, { campaign: `d-${name}`, dataset: name, tasks, label: 'rest' });
      await registry.saveSplit({ dataset: name, seed: 0, parts: { holdout: [SUBJECT] } });
      await consent.recordGrant({ dataset: name, subject: SUBJECT });
    }
    const before = await keysOf(lake);
    const plan = await planDatasetRemoval(deps, { dataset });
    expect(plan).toMatchObject({ campaigns: 2, tasks: 5, labels: 2, splits: 1, models: [] });
    expect(plan.inTheWay).toEqual([]);
    expect(await keysOf(lake)).toEqual(before);

    expect(await removeDataset(deps, { dataset })).toEqual(plan);
    expect(await datasetsOf(lake)).toEqual([other]);
    expect(await annotation.askedOf({ dataset })).toEqual({ campaigns: 0, tasks: 0, labels: 0 });
    expect(await annotation.askedOf({ dataset: other })).toMatchObject({ tasks: 5, labels: 2 });
    expect(await registry.getSplit({ dataset, seed: 0 })).toBeNull();
    expect(await registry.getSplit({ dataset: other, seed: 0 })).not.toBeNull();
    // Who consented is remembered.
    expect(await consent.entries({ dataset })).toHaveLength(1);
    const again = removeDataset(deps, { dataset });
    await expect(again).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  },
  LIMIT_MS,
);

test(
  'a dataset stays while a run works on it, a schedule names it, a model rests on it, or a person is being erased',
  async () => {
    const deps = await world();
    const { lake, client, consent, registry } = deps;
    const [dataset, model] = [newName(), newName()];
    await landAndRefresh(lake, dataset);
    const before = await keysOf(lake);
    const refused = async (words: string, keepModels = true) => {
      const { inTheWay } = await planDatasetRemoval(deps, { dataset, keepModels });
      expect(inTheWay).toEqual([expect.stringContaining(words)]);
      const removal = removeDataset(deps, { dataset, keepModels });
      const message = expect.stringContaining(words) as string;
      await expect(removal).rejects.toMatchObject({ code: 'DATASET_IN_USE', message });
      expect((await keysOf(lake)).filter((key) => !key.startsWith('models/'))).toEqual(before);
    };

    const end = await openRun(dataset, model);
    await refused(`retrain/${model}`);
    await end();

    const input = { dataset, model };
    const times = { every: '1 hour', jitter: '0 seconds', catchUp: '1 hour' } as const;
    const scheduled = { id: 'nightly', workflow: 'retrain', note: '', input, ...times } as const;
    await applySchedules(client, { declarations: [scheduled] });
    await refused('nightly');
    await client.schedule.getHandle('nightly').pause();
    await until(async () => (await planDatasetRemoval(deps, { dataset })).inTheWay.length === 0);

    await consent.openCase({ dataset, subject: SUBJECT }, {});
    await refused('erasure');
    await consent.closeCase({ dataset, subject: SUBJECT });

    await lake.store.put(artefactPrefix(model, 'k1'), '{}');
    await registry.registerVersion({ model, key: 'k1', artefactUri: 'a', card: card(dataset) });
    await refused(model, false);
    await removeDataset(deps, { dataset, keepModels: true });
    expect(await registry.listVersions({ model })).toHaveLength(1);
    expect((await keysOf(lake)).some((key) => key.startsWith(`models/${model}`))).toBe(true);
  },
  LIMIT_MS,
);

test(
  'a run that begins between the look and the removal keeps the dataset as it was',
  async () => {
    const deps = await world();
    const { lake } = deps;
    const [dataset, model] = [newName(), newName()];
    await landAndRefresh(lake, dataset);
    await lake.catalog.identity();
    const before = await keysOf(lake);
    const ends: (() => Promise<void>)[] = [];
    const put: Lake['store']['put'] = async (key, ...rest) => {
      if (key === removalKey(dataset)) ends.push(await openRun(dataset, model));
      return lake.store.put(key, ...rest);
    };
    const raced = { ...deps, lake: { ...lake, store: { ...lake.store, put } } };
    const message = expect.stringContaining(`retrain/${model}`) as string;
    const removal = removeDataset(raced, { dataset });
    await expect(removal).rejects.toMatchObject({ code: 'DATASET_IN_USE', message });
    expect(await keysOf(lake)).toEqual(before);
    for (const end of ends) await end();
    await removeDataset(deps, { dataset });
    expect(await datasetsOf(lake)).not.toContain(dataset);
  },
  LIMIT_MS,
);

test(
  'a model goes with all its versions, and a later one of its name has other numbers',
  async () => {
    const deps = await world();
    const { lake, registry } = deps;
    const [model, other, dataset] = [newName(), newName(), newName()];
    await learn(deps, model, dataset);
    await learn(deps, other, dataset);
    await registry.recordHoldoutUse({ model, holdout: 'h', comparison: 'one' });
    const before = await keysOf(lake);
    const plan = await planModelRemoval(deps, { model });
    expect(plan).toMatchObject({ versions: 2, champion: '2', objects: 4, inTheWay: [] });
    expect(await keysOf(lake)).toEqual(before);

    const end = await openRun(dataset, model);
    const inUse = removeModel(deps, { model });
    const message = expect.stringContaining(`retrain/${model}`) as string;
    await expect(inUse).rejects.toMatchObject({ code: 'MODEL_IN_USE', message });
    await end();
    // The input does not say the model: `activity` is the usual one.
    const { client } = deps;
    const times = { every: '1 hour', jitter: '0 seconds', catchUp: '1 hour', note: '' } as const;
    const declared = { workflow: 'retrain', ...times } as const;
    const declarations = [
      { ...declared, id: 'own', input: { dataset, model } },
      { ...declared, id: 'usual', input: { dataset } },
      { ...declared, id: 'refresh', workflow: 'refreshTables', input: { dataset } } as const,
    ];
    await applySchedules(client, { declarations });
    const wayOf = async (of: string) => (await planModelRemoval(deps, { model: of })).inTheWay;
    expect(await wayOf(model)).toEqual([expect.stringContaining('the schedule own works')]);
    await learn(deps, 'activity', dataset);
    expect(await wayOf('activity')).toEqual([expect.stringContaining('the schedule usual works')]);
    for (const { id } of declarations) await client.schedule.getHandle(id).delete();
    await until(async () => (await wayOf(model)).length === 0);

    expect(await removeModel(deps, { model })).toEqual(plan);
    const left = (await keysOf(lake)).filter((key) => key.split('/')[1] !== 'activity');
    expect(left).toEqual(before.filter((key) => key.split('/')[1] !== model));
    expect((await registry.listModels()).map((each) => each.model)).not.toContain(model);
    const gone = expect.objectContaining({ code: 'MODEL_NOT_FOUND' }) as Error;
    await expect(registry.getVersion({ model, version: '2' })).rejects.toEqual(gone);
    await expect(removeModel(deps, { model })).rejects.toEqual(gone);
    expect(await registry.verdicts({ model, limit: 10 })).toEqual([]);
    expect(await registry.getAlias({ model: other, alias: 'champion' })).toMatchObject({
      version: '2',
    });

    const next = { model, key: 'k1', artefactUri: 'a', card: card(dataset) };
    expect(await registry.registerVersion(next)).toEqual({ version: '3' });
    // How often the people of the holdout were looked at is not forgotten.
    const uses = await registry.recordHoldoutUse({ model, holdout: 'h', comparison: 'two' });
    expect(uses).toMatchObject({ uses: 2 });
    await removeModel(deps, { model });
    expect(await registry.registerVersion(next)).toEqual({ version: '4' });
  },
  LIMIT_MS,
);

test(
  'what an interrupted removal of a model has left in the lake goes with the next one',
  async () => {
    const deps = await world();
    const model = newName();
    await learn(deps, model, newName());
    await deps.registry.removeModel({ model });
    const { objects } = await removeModel(deps, { model });
    expect(objects).toBe(4);
    expect(await keysOf(deps.lake)).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'one version goes with its artefact alone, unless it is the champion or somebody may be at work with it',
  async () => {
    const deps = await world();
    const { lake, registry } = deps;
    const [model, dataset] = [newName(), newName()];
    await learn(deps, model, dataset);
    const first = { model, version: '1' };
    const before = await keysOf(lake);
    const plan = await planVersionRemoval(deps, first);
    expect(plan).toEqual({ ...first, objects: 1, bytes: 2, inTheWay: [] });
    const champion = removeVersion(deps, { model, version: '2' });
    const message = expect.stringMatching(/version 2 .* it is the champion \(.*rollback/) as string;
    await expect(champion).rejects.toMatchObject({ code: 'MODEL_IN_USE', message });
    expect(await keysOf(lake)).toEqual(before);

    const end = await openRun(dataset, model);
    await expect(removeVersion(deps, first)).rejects.toMatchObject({ code: 'MODEL_IN_USE' });
    await end();
    // A predictor asks for the champion alone.
    const endPredictor = await openRun(dataset, model, 'predictStream');
    expect(await removeVersion(deps, first)).toEqual(plan);
    await endPredictor();
    const artefact = `${artefactPrefix(model, 'k1')}/artefact.json`;
    expect(await keysOf(lake)).toEqual(before.filter((key) => key !== artefact));
    expect(await registry.verdicts({ model, limit: 10 })).toHaveLength(1);
    const again = removeVersion(deps, first);
    await expect(again).rejects.toMatchObject({ code: 'VERSION_REMOVED' });
    const unknown = planVersionRemoval(deps, { model, version: '9' });
    await expect(unknown).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  },
  LIMIT_MS,
);

test(
  'an interrupted removal of a version goes on, and leaves the files of one that was made in its place',
  async () => {
    const deps = await world();
    const { lake, registry } = deps;
    const [model, dataset] = [newName(), newName()];
    await learn(deps, model, dataset);
    const artefactUri = artefactPrefix(model, 'k1');
    const first = { model, version: '1' };
    // What lies beside it has a name that begins alike.
    await lake.store.put(`${artefactUri}0/artefact.json`, '{}');
    await registry.removeVersion(first);
    expect(await removeVersion(deps, first)).toMatchObject({ objects: 1 });
    expect(await keysOf(lake)).toContain(`${artefactUri}0/artefact.json`);

    await lake.store.put(`${artefactUri}/artefact.json`, '{}');
    const made = await registry.registerVersion({
      ...{ model, key: 'k1', artefactUri, card: card(dataset) },
    });
    const again = removeVersion(deps, first);
    await expect(again).rejects.toMatchObject({ code: 'VERSION_REMOVED' });
    expect(await keysOf(lake)).toContain(`${artefactUri}/artefact.json`);
    expect(await removeVersion(deps, { model, ...made })).toMatchObject({ objects: 1 });
    expect(await keysOf(lake)).not.toContain(`${artefactUri}/artefact.json`);
  },
  LIMIT_MS,
);

test(
  'a version that a training makes again while an interrupted removal goes on keeps its files',
  async () => {
    const deps = await world();
    const { lake, registry } = deps;
    const [model, dataset] = [newName(), newName()];
    await learn(deps, model, dataset);
    const artefactUri = artefactPrefix(model, 'k1');
    const first = { model, version: '1' };
    await registry.removeVersion(first);
    // When the runs are asked for it is none any more; it registered its version just before that.
    const list = async function* () {
      await registry.registerVersion({ model, key: 'k1', artefactUri, card: card(dataset) });
      yield* [];
    };
    const client = { workflow: { list } } as unknown as typeof deps.client;
    const gone = await removeVersion({ ...deps, client }, first);
    expect(gone).toMatchObject({ objects: 0, bytes: 0 });
    expect(await keysOf(lake)).toContain(`${artefactUri}/artefact.json`);
  },
  LIMIT_MS,
);

test(
  'a model of which every version was removed can be removed as well',
  async () => {
    const deps = await world();
    const model = newName();
    await deps.registry.registerVersion({
      ...{ model, key: 'k1', artefactUri: artefactPrefix(model, 'k1'), card: card(newName()) },
    });
    await removeVersion(deps, { model, version: '1' });
    expect(await removeModel(deps, { model })).toMatchObject({ versions: 0 });
    expect(await deps.registry.listVersions({ model })).toEqual([]);
  },
  LIMIT_MS,
);
