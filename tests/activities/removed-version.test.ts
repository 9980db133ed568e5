/** Training again what a removed version had learned: under a new number, with an artefact that can be loaded. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { loadChampion } from '../../activities/champion';
import { createTrainingActivities } from '../../activities/training-activities';
import { createAnnotationStore } from '../../annotation/annotation';
import { readClassifier } from '../../lakehouse/model-artefacts';
import { NOBODY } from '../../lakehouse/suppression';
import { createRegistry } from '../../registry/registry';
import { removeVersion } from '../../workers/remove-version';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { temporaryFolder } from '../support/recordings';
import { createTestNamespace, type TestNamespace } from '../support/test-namespace';
import { lakeOfTrainings } from '../support/training-runs';

const folder = temporaryFolder();

let database: TestDatabase;
let temporal: TestNamespace;

beforeAll(async () => {
  database = await createTestDatabase();
  temporal = await createTestNamespace('removed-version');
}, 60_000);

afterAll(async () => {
  await temporal.close();
  await database.drop();
});

async function trainings() {
  const lake = await lakeOfTrainings(folder.path());
  const registry = createRegistry(database.pool);
  const annotation = createAnnotationStore(database.pool);
  const { freezeTrainingSet, trainVersion } = createTrainingActivities({
    ...{ lake, registry, annotation, suppression: NOBODY, codeVersion: 'test' },
  });
  const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);
  const dataset = 'watch';
  const known = { knownUntil: '2030-01-01T00:00:00.000Z', withLabels: false };
  const train = async (model: string, seed = 0) => {
    const { snapshotId } = await run(() => freezeTrainingSet({ model, dataset, ...known }));
    const training = { model, dataset, snapshotId, seed, shuffleLabels: false };
    return run(() => trainVersion({ ...training, scheme: 'none' }));
  };
  return { lake, registry, train };
}

test('a removed version is trained anew, and what it was is not there any more', async () => {
  const { lake, registry, train } = await trainings();
  const model = 'again';
  const { version } = await train(model);
  const { artefactUri } = await registry.getVersion({ model, version });
  const before = await readClassifier(lake.store, artefactUri);
  const { objects } = await removeVersion(
    { client: temporal.client, registry, lake },
    { model, version },
  );
  expect(objects).toBe(3);
  await expect(readClassifier(lake.store, artefactUri)).rejects.toMatchObject({
    code: 'OBJECT_NOT_FOUND',
  });

  const again = await train(model);
  expect(again.version).toBe('2');
  expect(await train(model)).toEqual(again);
  const made = await registry.getVersion({ model, version: again.version });
  expect(await readClassifier(lake.store, made.artefactUri)).toEqual(before);
});

test.each(['before its card is read', 'before its artefact is read'] as const)(
  'a champion that is replaced and removed %s is not the one that a predictor takes',
  async (when) => {
    const { lake, registry, train } = await trainings();
    const model = `taken-${when.slice(11).replaceAll(' ', '-')}`;
    await train(model, 0);
    await train(model, 1);
    const move = { model, alias: 'champion', outcome: 'promote', reason: 'test', actor: 'test' };
    await registry.moveAlias({ ...move, from: null, to: '1' });
    const replace = async () => {
      await registry.moveAlias({ ...move, from: '1', to: '2' });
      const deps = { client: temporal.client, registry, lake };
      await removeVersion(deps, { model, version: '1' });
    };
    const getVersion: typeof registry.getVersion = async (wanted) => {
      if (wanted.version === '2') return registry.getVersion(wanted);
      if (when === 'before its card is read') await replace();
      const found = await registry.getVersion(wanted);
      await replace();
      return found;
    };
    const { version, classifier } = await loadChampion(
      { lake, registry: { ...registry, getVersion } },
      model,
    );
    classifier.dispose();
    expect(version).toBe('2');
  },
);

test('a champion whose artefact is not there is told, not looked for again and again', async () => {
  const { lake, registry, train } = await trainings();
  const model = 'lost';
  const { version } = await train(model);
  const move = { model, alias: 'champion', outcome: 'promote', reason: 'test', actor: 'test' };
  await registry.moveAlias({ ...move, from: null, to: version });
  const { artefactUri } = await registry.getVersion({ model, version });
  await lake.store.remove(`${artefactUri}/artefact.json`);
  const lost = loadChampion({ lake, registry }, model);
  await expect(lost).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' });
  const none = loadChampion({ lake, registry }, 'none');
  await expect(none).rejects.toMatchObject({ code: 'NO_CHAMPION' });
  await expect(none).rejects.toThrow('The model none has no champion; these have one: lost');
});
