/** People who came after the split was drawn: who they are, and what a challenger learns from them. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createComparisonActivities } from '../../activities/comparison-activities';
import { createTrainingActivities } from '../../activities/training-activities';
import { createAnnotationStore } from '../../annotation/annotation';
import type { Lake } from '../../lakehouse/lake';
import { trainingWindows } from '../../lakehouse/training-windows';
import { TRAINING_TABLE } from '../../lakehouse/watch/model-tables';
import { createRegistry } from '../../registry/registry';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { temporaryFolder } from '../support/recordings';
import { lakeOfTrainings } from '../support/training-runs';

const folder = temporaryFolder();
const dataset = 'watch';
const seed = 7;
const knownUntil = '2030-01-01T00:00:00.000Z';

let database: TestDatabase;
let lake: Lake;
beforeAll(async () => {
  database = await createTestDatabase();
  lake = await lakeOfTrainings(folder.path());
});
afterAll(() => database.drop());

const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);

test('a challenger learns from them when it is told to, and they are a reason to train once', async () => {
  const registry = createRegistry(database.pool);
  const deps = { lake, registry, annotation: createAnnotationStore(database.pool) };
  const { drawSubjects, freezeTrainingSet, trainVersion } = createTrainingActivities({
    ...{ ...deps, codeVersion: 'test' },
  });
  const { countNewLabels } = createComparisonActivities(deps);
  const model = 'growing';
  const trained = async (snapshotId: string): Promise<string> => {
    const training = { model, dataset, snapshotId, seed, shuffleLabels: false };
    return (await run(() => trainVersion({ ...training, scheme: 'none' }))).version;
  };
  // One of the four is in no part.
  const sizes = { bootstrap: 1, stream: 1, holdout: 1 };
  const drawn = await run(() => drawSubjects({ dataset, seed, subjects: sizes }));
  const { bootstrap } = drawn;
  const first = { model, dataset, subjects: bootstrap, withLabels: false, knownUntil };
  const begun = await trained((await run(() => freezeTrainingSet(first))).snapshotId);
  await registry.moveAlias({
    ...{ model, alias: 'champion', from: null, to: begun },
    ...{ outcome: 'first', reason: 'test', actor: 'test' },
  });

  const counted = (newPeopleOf?: { seed: number }) =>
    run(() => countNewLabels({ model, dataset, newPeopleOf }));
  expect(await counted()).toEqual({ labels: 0 });
  expect(await counted({ seed })).toEqual({ labels: 0, people: 1 });
  // Nothing was drawn that could tell who is new.
  expect(await counted({ seed: 8 })).toEqual({ labels: 0, people: 0 });

  const learned = async (newPeople: boolean) => {
    const input = { model, dataset, seed, withLabels: true, newPeople, knownUntil };
    const { snapshotId } = await run(() => freezeTrainingSet(input));
    const windows = await trainingWindows(lake, { dataset, snapshotId, table: TRAINING_TABLE });
    return { snapshotId, subjects: [...new Set(windows.subjectKeys)] };
  };
  expect((await learned(false)).subjects).toEqual(bootstrap);
  const { snapshotId, subjects } = await learned(true);
  expect(subjects).toHaveLength(2);
  expect(subjects).toEqual(expect.arrayContaining(bootstrap));
  for (const key of [...drawn.stream, ...drawn.holdout]) expect(subjects).not.toContain(key);

  await registry.recordVerdict({
    ...{ model, run: 'grown', champion: begun, challenger: await trained(snapshotId) },
    ...{ outcome: 'reject', reason: 'not-proved-better', explanation: '' },
  });
  expect(await counted({ seed })).toEqual({ labels: 0, people: 0 });
});
