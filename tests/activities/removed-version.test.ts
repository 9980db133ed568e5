/** Training again what a removed version had learned: under a new number, with an artefact that can be loaded. */
import { MockActivityEnvironment } from '@temporalio/testing';
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
const model = 'again';

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

test('a removed version is trained anew, and what it was is not there any more', async () => {
  const lake = await lakeOfTrainings(folder.path());
  const registry = createRegistry(database.pool);
  const annotation = createAnnotationStore(database.pool);
  const { freezeTrainingSet, trainVersion } = createTrainingActivities({
    ...{ lake, registry, annotation, suppression: NOBODY, codeVersion: 'test' },
  });
  const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);
  const dataset = 'watch';
  const known = { knownUntil: '2030-01-01T00:00:00.000Z', withLabels: false };
  const { snapshotId } = await run(() => freezeTrainingSet({ model, dataset, ...known }));
  const training = { model, dataset, snapshotId, seed: 0, shuffleLabels: false };
  const train = () => run(() => trainVersion({ ...training, scheme: 'none' }));

  const { version } = await train();
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

  const again = await train();
  expect(again.version).toBe('2');
  expect(await train()).toEqual(again);
  const made = await registry.getVersion({ model, version: again.version });
  expect(await readClassifier(lake.store, made.artefactUri)).toEqual(before);
});
