/** Training and comparing as the worker does it, on a small lake and a real registry. */
import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import {
  createComparisonActivities,
  type StoredScore,
} from '../../activities/comparison-activities';
import { createTrainingActivities } from '../../activities/training-activities';
import { createAnnotationStore } from '../../annotation/annotation';
import { readJson, writeJson } from '../../lakehouse/json';
import type { Lake } from '../../lakehouse/lake';
import { createRegistry } from '../../registry/registry';
import { arwiseFile, arwiseWindows, realArwise, whenRealArwise } from '../support/arwise';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { ingestFormat, refreshFormat } from '../support/format-runs';
import {
  archiveFiles,
  ingestInto,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../support/recordings';

const folder = temporaryFolder();
const whenReal = whenRealArwise("that the split of ArWISE's files is refused");
const LABELS = ['walking', 'resting'];
const SUBJECTS = ['Ann', 'Bea', 'Cem', 'Dan'];

let database: TestDatabase;
let lake: Lake;

const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);

beforeAll(async () => {
  database = await createTestDatabase();
  lake = newLake(folder.path());
  const recordings = SUBJECTS.flatMap((subject, person) =>
    LABELS.map((label, index) => ({
      recording: `${subject}-${label}`,
      subject,
      device: `watch-${subject}`,
      label,
      // Half of them in the other order, or the clock alone would give the labels away.
      startMs: ((index + person) % 2) * 60_000,
      samples: 2000,
    })),
  );
  const source = await writeZip(folder.path(), archiveFiles(recordings));
  await ingestInto(lake, { source });
  await refreshLake(lake);
});

afterAll(() => database.drop());

const activities = (inLake: Lake = lake) => {
  const registry = createRegistry(database.pool);
  const annotation = createAnnotationStore(database.pool);
  return {
    registry,
    ...createTrainingActivities({ lake: inLake, registry, annotation, codeVersion: 'test' }),
    ...createComparisonActivities({ lake: inLake, registry, annotation }),
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

test('leaving one subject out scores every subject, the worst among them', async () => {
  const { freezeTrainingSet, trainVersion } = activities();
  const model = 'left-out';
  const frozen = await run(() =>
    freezeTrainingSet({ model, dataset, withLabels: false, knownUntil }),
  );
  const trained = await run(() =>
    trainVersion({
      model,
      dataset,
      snapshotId: frozen.snapshotId,
      seed: 0,
      shuffleLabels: false,
      scheme: 'leave-one-subject-out',
    }),
  );
  expect(trained.evaluation).toMatchObject({
    scheme: 'leave-one-subject-out',
    windows: frozen.rows,
  });
  expect(trained.evaluation?.worstSubject.subject).toMatch(/^[0-9a-f]{16}$/);
});

test('a split that the clock gives away is refused before anything is scored', async () => {
  const other = newLake(folder.path());
  const recordings = SUBJECTS.flatMap((subject) =>
    LABELS.map((label, index) => ({
      recording: `${subject}-${label}`,
      subject,
      device: `watch-${subject}`,
      label,
      startMs: index * 60_000,
      samples: 1000,
    })),
  );
  await ingestInto(other, { source: await writeZip(folder.path(), archiveFiles(recordings)) });
  await refreshLake(other);
  const { freezeTrainingSet, trainVersion } = activities(other);
  const model = 'leaky';
  const frozen = await run(() =>
    freezeTrainingSet({ model, dataset, withLabels: false, knownUntil }),
  );
  const { snapshotId } = frozen;
  const training = { model, dataset, snapshotId, seed: 0, shuffleLabels: false };
  await expect(
    run(() => trainVersion({ ...training, scheme: 'leave-one-subject-out' })),
  ).rejects.toMatchObject({ type: 'LEAKAGE_FOUND', nonRetryable: true });
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
  const { registry, drawSubjects, scoreChampion, compareVersions } = activities();
  const model = 'scored';
  const drawn = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const { version } = (await trainOn(model, drawn.bootstrap)).trained;
  const call = { model, dataset, seed: 0, run: 'loop' };
  await expect(run(() => scoreChampion(call))).rejects.toMatchObject({ type: 'NO_CHAMPION' });
  const reason = { outcome: 'promote', reason: 'test', actor: 'test' };
  await registry.moveAlias({ model, alias: 'champion', from: null, to: version, ...reason });
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

/** Trains on window files and evaluates by the split that they came with. */
async function trainBySplit(source: string) {
  const own = newLake(folder.path());
  const wanted = { dataset: 'arwise', model: `arwise-${randomUUID()}` };
  await ingestFormat(own, 'arwise', { source, dataset: 'arwise' });
  await refreshFormat(own, { dataset: 'arwise' });
  const { freezeTrainingSet, trainVersion } = activities(own);
  const { snapshotId } = await run(() =>
    freezeTrainingSet({ ...wanted, withLabels: false, knownUntil }),
  );
  const training = { ...wanted, snapshotId, seed: 0, shuffleLabels: false };
  return run(() => trainVersion({ ...training, scheme: 'shipped-split' }));
}

const BEGIN = Date.UTC(2024, 0, 12);

test('a split whose sides share bursts is refused', async () => {
  const windows = arwiseWindows(BEGIN);
  const side = (odd: number): string => arwiseFile(windows.filter((_, at) => at % 2 === odd));
  const source = await writeZip(folder.path(), {
    'p1_train.csv': side(0),
    'p1_test.csv': side(1),
  });
  await expect(trainBySplit(source)).rejects.toMatchObject({
    type: 'LEAKAGE_FOUND',
    message: expect.stringContaining('scores 1.000') as string,
  });
});

test('a split between two days is scored by the later one', async () => {
  const source = await writeZip(folder.path(), {
    'p1_train.csv': arwiseFile(arwiseWindows(BEGIN)),
    'p1_test.csv': arwiseFile(arwiseWindows(BEGIN + 86_400_000)),
  });
  const { evaluation } = await trainBySplit(source);
  expect(evaluation).toMatchObject({ accuracy: expect.any(Number) as number });
});

whenReal("the split that ArWISE's files came with is refused: it leaks", async () => {
  await expect(trainBySplit(await realArwise(folder.path()))).rejects.toMatchObject({
    type: 'LEAKAGE_FOUND',
    message: expect.stringContaining('scores 1.000') as string,
  });
});

test('data that came without a split are not evaluated by one', async () => {
  const { drawSubjects, trainVersion } = activities();
  const { stream } = await run(() => drawSubjects({ dataset, seed: 0, subjects: sizes }));
  const { training } = await trainOn('no-split', stream);
  await expect(
    run(() => trainVersion({ ...training, scheme: 'shipped-split' })),
  ).rejects.toMatchObject({ type: 'INPUT_INVALID' });
});
