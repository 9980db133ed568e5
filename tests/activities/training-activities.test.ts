/** Training and comparing as the worker does it, on a small lake and a real registry. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createAnnotationActivities } from '../../activities/annotation-activities';
import {
  createComparisonActivities,
  type StoredScore,
} from '../../activities/comparison-activities';
import { createPredictionSource } from '../../activities/prediction-source';
import { createTrainingActivities } from '../../activities/training-activities';
import { createAnnotationStore } from '../../annotation/annotation';
import { readJson, writeJson } from '../../lakehouse/json';
import type { NewTask } from '../../annotation/tasks';
import type { Lake } from '../../lakehouse/lake';
import { readClassifier, saveClassifier } from '../../lakehouse/model-artefacts';
import { trainingWindows } from '../../lakehouse/training-windows';
import { NOBODY, pseudonymIdentifier, type Suppression } from '../../lakehouse/suppression';
import { TRAINING_TABLE } from '../../lakehouse/watch/model-tables';
import { sha256Of } from '../../models/classifier';
import { decidePromotion } from '../../models/promotion';
import { createRegistry } from '../../registry/registry';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { answered, newTask } from '../support/label-tasks';
import { temporaryFolder } from '../support/recordings';
import { LABELS, lakeOfTrainings, publishCandidates, SUBJECTS } from '../support/training-runs';

const folder = temporaryFolder();

let database: TestDatabase;
let lake: Lake;

const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);

beforeAll(async () => {
  database = await createTestDatabase();
  lake = await lakeOfTrainings(folder.path());
});

afterAll(() => database.drop());

const activities = (inLake: Lake = lake, suppression: Suppression = NOBODY) => {
  const registry = createRegistry(database.pool);
  const annotation = createAnnotationStore(database.pool);
  const deps = { lake: inLake, registry, annotation, suppression };
  return {
    registry,
    ...createTrainingActivities({ ...deps, codeVersion: 'test' }),
    ...createComparisonActivities(deps),
    annotation,
    ...createAnnotationActivities({
      ...{ annotation, registry, predictions: createPredictionSource(inLake) },
      ...{ oracle: { labelsOf: async () => new Map() }, appUrl: async () => '' },
    }),
  };
};

const dataset = 'watch';
const sizes = { bootstrap: 1, stream: 1, holdout: 2 };
const knownUntil = '2030-01-01T00:00:00.000Z';

async function trainOn(model: string, subjects: string[], shuffleLabels = false) {
  const { freezeTrainingSet, trainVersion } = activities();
  const frozen = await run(() =>
    freezeTrainingSet({ model, dataset, subjects, withLabels: false, knownUntil }),
  );
  const training = { model, dataset, snapshotId: frozen.snapshotId, seed: 0, shuffleLabels };
  const trained = await run(() => trainVersion({ ...training, scheme: 'none' }));
  return { frozen, trained, training };
}

test('the draw is the same every time, and names nobody', async () => {
  const { drawSubjects } = activities();
  const first = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  expect(await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }))).toEqual(first);
  const keys = Object.values(first).flat();
  expect(new Set(keys).size).toBe(SUBJECTS.length);
  expect(keys.every((key) => /^[0-9a-f]{16}$/.test(key))).toBe(true);
});

test('training twice on one snapshot gives one version, with a card that says from what', async () => {
  const { drawSubjects, trainVersion, registry } = activities();
  const { stream } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const { frozen, trained, training } = await trainOn('twice', stream);
  const again = await run(() => trainVersion({ ...training, scheme: 'none' }));
  expect(again.version).toBe(trained.version);
  const { card } = await registry.getVersion({ model: 'twice', version: trained.version });
  expect(card.data.snapshots.training_windows).toBe(frozen.snapshotId);
  expect(card.data.subjects).toEqual(stream);
  expect(card.classes).toEqual([...LABELS].sort());
});

test('a version stays as it was trained, and a damaged one is trained again', async () => {
  const { drawSubjects, trainVersion, registry } = activities();
  const { stream } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const { trained, training } = await trainOn('kept', stream);
  const { artefactUri } = await registry.getVersion({ model: 'kept', version: trained.version });
  const original = await readClassifier(lake.store, artefactUri);
  // Whole and valid, and not what a training would give: another backend, for instance.
  const weights = Uint8Array.from(original.weights).fill(0);
  const artefact = { ...original.artefact, weightsSha256: sha256Of(weights) };
  await saveClassifier(lake.store, artefactUri, { artefact, weights });
  const again = () => run(() => trainVersion({ ...training, scheme: 'none' }));
  expect(await again()).toEqual(trained);
  expect((await readClassifier(lake.store, artefactUri)).artefact).toEqual(artefact);

  await lake.store.put(`${artefactUri}/weights.bin`, new Uint8Array(4));
  expect(await again()).toEqual(trained);
  expect(await readClassifier(lake.store, artefactUri)).toEqual(original);
});

test('leaving one subject out scores every subject, the worst among them', async () => {
  const { freezeTrainingSet, trainVersion } = activities();
  const model = 'left-out';
  const frozen = await run(() =>
    freezeTrainingSet({ model, dataset, withLabels: false, knownUntil }),
  );
  const call = { model, dataset, snapshotId: frozen.snapshotId, seed: 0, shuffleLabels: false };
  const train = () => run(() => trainVersion({ ...call, scheme: 'leave-one-subject-out' }));
  const trained = await train();
  expect(await train()).toEqual(trained);
  expect(trained.evaluation).toMatchObject({
    scheme: 'leave-one-subject-out',
    windows: frozen.rows,
  });
  expect(trained.evaluation?.worstSubject.subject).toMatch(/^[0-9a-f]{16}$/);
});

test('a campaign that names no subjects asks nobody by whom versions are judged', async () => {
  const { drawSubjects, openCampaign, annotation } = activities();
  const { stream, holdout } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const model = 'asked';
  await publishCandidates(lake, { dataset, model, subjectKeys: [...holdout, ...stream] });
  const options = { dataset, model, budget: 9, auditShare: 0, seed: 0 };
  const opened = await run(() => openCampaign({ ...options, campaign: 'anybody' }));
  expect(opened.tasks).toBe(stream.length);
  const lease = { campaign: 'anybody', annotator: 'ann', leaseSeconds: 60, count: 9 };
  const asked = (await annotation.leaseTasks(lease)).map(({ windowId }) => windowId);
  expect(asked).toEqual([newTask(holdout.length).windowId]);
  // Who names them has decided so.
  const named = { ...options, campaign: 'named', subjectKeys: holdout };
  expect((await run(() => openCampaign(named))).tasks).toBe(holdout.length);
});

test('versions are compared on subjects of the holdout that neither has learned from', async () => {
  const { drawSubjects, compareVersions } = activities();
  const drawn = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const [seen, unseen] = drawn.holdout as [string, string];
  const model = 'compared';
  const champion = (await trainOn(model, drawn.bootstrap)).trained.version;
  const challenger = (await trainOn(model, [...drawn.stream, seen])).trained.version;
  const call = { model, dataset, champion, challenger, seed: 0, knownUntil, run: 'a run' };
  const compared = await run(() => compareVersions(call));
  expect(compared.figures.champion.bySubject.map(({ subject }) => subject)).toEqual([unseen]);
  expect(compared.figures.holdoutUses).toBe(1);
  expect(await run(() => compareVersions(call))).toEqual(compared);
  // The same holdout, whoever of it may judge.
  const others = { ...call, challenger: champion, run: 'another run' };
  expect((await run(() => compareVersions(others))).figures.holdoutUses).toBe(2);
  // Nothing is learned about it from looking at the same two again.
  const again = { ...call, run: 'a third run' };
  expect((await run(() => compareVersions(again))).figures.holdoutUses).toBe(2);
});

test('an activity of the holdout that a version has not learned counts as its mistake', async () => {
  const { registry, drawSubjects, compareVersions } = activities();
  const model = 'narrow';
  const drawn = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const { trained } = await trainOn(model, drawn.bootstrap);
  const version = await registry.getVersion({ model, version: trained.version });
  const key = `${version.artefactUri}/artefact.json`;
  const artefact = await readJson<{ classes: string[] }>(lake.store, key);
  // The same outputs under other names: nothing is called walking.
  const classes = artefact.classes.map((name) => (name === 'walking' ? 'juggling' : name));
  await writeJson(lake.store, key, { ...artefact, classes });
  const call = {
    model,
    dataset,
    champion: trained.version,
    challenger: trained.version,
    seed: 0,
    knownUntil,
    run: 'another run',
  };
  const { figures } = await run(() => compareVersions(call));
  const walking = figures.champion.perClass.find(({ label }) => label === 'walking');
  expect(walking).toMatchObject({ recall: 0 });
  expect(walking?.support).toBeGreaterThan(0);
});

test('one subject alone cannot be left out, and the message says what is missing', async () => {
  const { drawSubjects, freezeTrainingSet, trainVersion } = activities();
  const { bootstrap } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const model = 'lonely';
  const frozen = await run(() =>
    freezeTrainingSet({ model, dataset, subjects: bootstrap, withLabels: false, knownUntil }),
  );
  const training = {
    model,
    dataset,
    snapshotId: frozen.snapshotId,
    seed: 0,
    shuffleLabels: false,
    scheme: 'leave-one-subject-out' as const,
  };
  await expect(run(() => trainVersion(training))).rejects.toMatchObject({
    type: 'TRAINING_DATA_INSUFFICIENT',
  });
});

test('nothing is frozen, trained or judged under a lease that another run has', async () => {
  const { registry, drawSubjects, freezeTrainingSet, trainVersion, compareVersions } = activities();
  const model = 'leased';
  const { bootstrap } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const { training } = await trainOn(model, bootstrap);
  const lease = { name: `retrain/${model}`, holder: 'me', ttlSeconds: 60 };
  await registry.acquireLease({ ...lease, holder: 'other' });
  const judged = { model, dataset, champion: '1', challenger: '1', seed: 0, knownUntil, run: 'x' };
  for (const work of [
    () => freezeTrainingSet({ model, dataset, withLabels: true, knownUntil, lease }),
    () => trainVersion({ ...training, seed: 1, scheme: 'none', lease }),
    () => compareVersions({ ...judged, lease }),
  ]) {
    await expect(run<unknown>(work)).rejects.toMatchObject({
      type: 'LEASE_LOST',
      nonRetryable: true,
    });
  }
  expect(await registry.listVersions({ model })).toHaveLength(1);
});

test('a champion is scored by itself without a use of the holdout', async () => {
  const { drawSubjects, scoreChampion, compareVersions } = activities();
  const model = 'scored';
  const drawn = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const { version } = (await trainOn(model, drawn.bootstrap)).trained;
  const call = { model, dataset, seed: 0, run: 'loop' };
  await expect(run(() => scoreChampion(call))).rejects.toMatchObject({ type: 'NO_CHAMPION' });
  await promote(model, null, version);
  const scored = await run(() => scoreChampion(call));
  expect(await run(() => scoreChampion(call))).toEqual(scored);
  const stored = await readJson<StoredScore>(lake.store, scored.key);
  expect(stored.champion.evaluation?.bySubject.map(({ subject }) => subject).sort()).toEqual(
    [...drawn.holdout].sort(),
  );
  const compared = await run(() =>
    compareVersions({ ...call, champion: version, challenger: version, knownUntil }),
  );
  expect(compared.champion).toEqual(scored.champion);
  expect(compared.figures.holdoutUses).toBe(1);
});

test('data that came without a split are not evaluated by one', async () => {
  const { drawSubjects, trainVersion } = activities();
  const { stream } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const { training } = await trainOn('no-split', stream);
  await expect(
    run(() => trainVersion({ ...training, scheme: 'shipped-split' })),
  ).rejects.toMatchObject({ type: 'INPUT_INVALID' });
});

const answer = (campaign: string, tasks: readonly NewTask[]): Promise<void> =>
  answered(activities().annotation, { campaign, dataset, tasks, label: 'walking' });

/** A window under the schema of the lake's tables. */
async function ownTask(windowId: string, changes: Partial<NewTask>): Promise<NewTask> {
  const { schema } = await trainingWindows(lake, { dataset });
  const features = new Float32Array(schema.names.length);
  return newTask(0, { windowId, features, featureSchema: schema.hash, ...changes });
}

/** A first champion of the subjects, as a retraining starts from one. */
async function crown(model: string, subjects: string[]): Promise<void> {
  await promote(model, null, (await trainOn(model, subjects)).trained.version);
}

async function promote(model: string, from: string | null, to: string): Promise<void> {
  const why = { outcome: 'promote', reason: 'test', actor: 'test' };
  await activities().registry.moveAlias({ model, alias: 'champion', from, to, ...why });
}

const frozenWindows = (snapshotId: string) =>
  trainingWindows(lake, { dataset, table: TRAINING_TABLE, snapshotId });

test('whose erasure has begun is neither learned from nor judges, and who is held out only judges', async () => {
  const { drawSubjects } = activities();
  const drawn = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const [gone, stays] = drawn.holdout as [string, string];
  const model = 'erasing';
  await crown(model, [gone, ...drawn.bootstrap]);
  await answer('erasing', [
    await ownTask('erasing-gone', { subjectKey: gone }),
    await ownTask('erasing-stays', { subjectKey: stays, device: 'watch-of-stays' }),
  ]);
  const { freezeTrainingSet, compareVersions } = activities(lake, {
    keys: async () => new Set([pseudonymIdentifier(gone)]),
    keyOf: (_, identifier) => identifier,
  });
  const input = { model, dataset, withLabels: true, knownUntil };
  const frozen = await run(() => freezeTrainingSet(input));
  const { subjectKeys, windowIds } = await frozenWindows(frozen.snapshotId);
  expect(new Set(subjectKeys)).toEqual(new Set([stays, ...drawn.bootstrap]));
  expect(windowIds).toContain('erasing-stays');
  const judged = await run(() => freezeTrainingSet({ ...input, seed: 0 }));
  expect((await frozenWindows(judged.snapshotId)).subjectKeys).not.toContain(stays);

  const other = (await trainOn('erasing-other', drawn.stream)).trained.version;
  const call = { dataset, champion: other, challenger: other, seed: 0, knownUntil, run: 'r' };
  const { figures } = await run(() => compareVersions({ ...call, model: 'erasing-other' }));
  expect(figures.champion.bySubject.map(({ subject }) => subject)).toEqual([stays]);
  expect(figures.withdrawnSubjects).toBe(0);
  const tainted = { ...call, model, champion: '1', challenger: '1' };
  expect((await run(() => compareVersions(tainted))).figures.withdrawnSubjects).toBe(1);
});

test('nothing that shares samples with a fresh audit is learned from, until it has judged', async () => {
  const { drawSubjects, freezeTrainingSet, trainVersion } = activities();
  const { bootstrap } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const model = 'audited';
  await crown(model, bootstrap);
  const recorded = await trainingWindows(lake, { dataset, subjectKeys: bootstrap });
  const [recordedId] = recorded.windowIds as [string];
  const [device, startMs] = [recorded.devices[0] as string, recorded.startsMs[0] as number];
  const at = (from: number, on: string) => ({ device: on, startMs: from, endMs: from + 4000 });
  await answer('audited', [
    await ownTask(recordedId, { kind: 'audit', ...at(startMs, device) }),
    await ownTask('audit', { kind: 'audit', ...at(0, 'watch-audited') }),
    await ownTask('beside', { kind: 'uncertain', ...at(2000, 'watch-audited') }),
    await ownTask('apart', { kind: 'uncertain', ...at(4000, 'watch-audited') }),
    await ownTask('elsewhere', { kind: 'uncertain', ...at(2000, 'watch-elsewhere') }),
  ]);
  const freeze = async () => {
    const input = { model, dataset, withLabels: true, knownUntil };
    const { snapshotId } = await run(() => freezeTrainingSet(input));
    return { snapshotId, frozen: await frozenWindows(snapshotId) };
  };
  const { snapshotId, frozen } = await freeze();
  const own = ['audit', 'beside', 'apart', 'elsewhere', recordedId];
  const ownOf = (ids: readonly string[]) => own.filter((id) => ids.includes(id));
  expect(ownOf(frozen.windowIds)).toEqual(['apart', 'elsewhere']);
  const distances = frozen.startsMs
    .filter((_, row) => frozen.devices[row] === device)
    .map((start) => Math.abs(start - startMs));
  expect(Math.min(...distances)).toBeGreaterThanOrEqual(4000);

  const training = { model, dataset, snapshotId, seed: 0, shuffleLabels: false };
  const { version } = await run(() => trainVersion({ ...training, scheme: 'none' }));
  await promote(model, '1', version);
  expect(ownOf((await freeze()).frozen.windowIds)).toEqual(own);
});

test('after a change of the features old labels are left out, and the old champion is no judge', async () => {
  const { registry, drawSubjects, freezeTrainingSet, trainVersion, ...judge } = activities();
  const { bootstrap } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const model = 'reformatted';
  const { version } = (await trainOn(model, bootstrap)).trained;
  const { card } = await registry.getVersion({ model, version });
  const champion = await registry.registerVersion({
    ...{ model, key: 'older', artefactUri: 'of a format that nobody reads' },
    card: { ...card, featureSchema: 'older' },
  });
  const to = champion.version;
  await promote(model, null, to);
  const beside = { kind: 'uncertain', device: 'watch-older' } as const;
  const older = { featureSchema: 'older', features: Float32Array.of(1) };
  await answer('reformatted', [
    await ownTask('stale', { ...beside, ...older, startMs: 0, endMs: 4000 }),
    await ownTask('present', { ...beside, startMs: 4000, endMs: 8000 }),
    await ownTask('judge', { ...beside, ...older, kind: 'audit', startMs: 40_000, endMs: 44_000 }),
  ]);

  const input = { model, dataset, withLabels: true, knownUntil };
  const { snapshotId, staleLabels } = await run(() => freezeTrainingSet(input));
  expect(staleLabels).toBe(1);
  const { windowIds } = await frozenWindows(snapshotId);
  expect(windowIds).toContain('present');
  expect(windowIds).not.toContain('stale');

  const training = { model, dataset, snapshotId, seed: 0, shuffleLabels: false };
  const challenger = (await run(() => trainVersion({ ...training, scheme: 'none' }))).version;
  const call = { model, dataset, seed: 0, knownUntil, run: 'r' };
  const compared = await run(() => judge.compareVersions({ ...call, champion: to, challenger }));
  expect(decidePromotion(compared.figures)).toMatchObject({
    ...{ outcome: 'reject', reason: 'schema-differs' },
  });
  expect((await run(() => judge.scoreChampion(call))).champion).toBeNull();
  const fitting = await run(() =>
    judge.compareVersions({ ...call, champion: version, challenger }),
  );
  let judges = 0;
  for await (const label of judge.annotation.labels({ dataset })) {
    if (label.kind === 'audit' && label.featureSchema !== 'older') judges += 1;
  }
  expect(fitting.figures.audit?.labels ?? 0).toBe(judges);
});

test('a model whose champion is of another dataset learns nothing and is not judged', async () => {
  const { registry, drawSubjects, freezeTrainingSet, countNewLabels, scoreChampion } = activities();
  const { bootstrap } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const model = 'borrowed';
  const { version } = (await trainOn(model, bootstrap)).trained;
  const { card } = await registry.getVersion({ model, version });
  const other = { ...card, data: { ...card.data, dataset: 'elsewhere' } };
  const made = await registry.registerVersion({
    model,
    key: 'other',
    artefactUri: 'a',
    card: other,
  });
  await promote(model, null, made.version);
  const freeze = { model, dataset, knownUntil };
  for (const work of [
    () => freezeTrainingSet({ ...freeze, withLabels: false }),
    () => freezeTrainingSet({ ...freeze, withLabels: true }),
    () => countNewLabels({ model, dataset }),
    () => scoreChampion({ model, dataset, seed: 0, run: 'r' }),
  ]) {
    await expect(run<unknown>(work)).rejects.toMatchObject({
      ...{ type: 'MODEL_OF_OTHER_DATASET', nonRetryable: true },
      message: expect.stringContaining('--model') as string,
    });
  }
  const mistyped = run(() => countNewLabels({ model, dataset: 'mistyped' }));
  await expect(mistyped).rejects.toMatchObject({ type: 'DATASET_NOT_FOUND' });
});
