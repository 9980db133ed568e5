/** Splits: subjects are dealt out once, and one that came with the files is used only where it does not leak. */
import { randomUUID } from 'node:crypto';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { TrainingScheme } from '../../activities/inputs';
import { createTrainingActivities } from '../../activities/training-activities';
import { createAnnotationStore } from '../../annotation/annotation';
import type { Lake } from '../../lakehouse/lake';
import { labelledSubjects } from '../../lakehouse/training-windows';
import { createRegistry, type Registry } from '../../registry/registry';
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
const dataset = 'watch';
const sizes = { bootstrap: 1, stream: 1, holdout: 2 };

let database: TestDatabase;
let registry: Registry;
let drawSubjects: ReturnType<typeof createTrainingActivities>['drawSubjects'];

const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);

const activitiesOn = (lake: Lake) =>
  createTrainingActivities({
    ...{ lake, registry, annotation: createAnnotationStore(database.pool), codeVersion: 'test' },
  });

beforeAll(async () => {
  database = await createTestDatabase();
  registry = createRegistry(database.pool);
  const lake = newLake(folder.path());
  await ingestInto(lake, { source: await archiveOf(['Ann', 'Bea', 'Cem', 'Dan']) });
  await refreshLake(lake);
  ({ drawSubjects } = activitiesOn(lake));
});
afterAll(() => database.drop());

/** One recording of each; nobody said what the unlabelled ones did. */
function archiveOf(labelled: string[], unlabelled: string[] = []): Promise<string> {
  const recordings = [...labelled, ...unlabelled].map((subject) => ({
    ...{ recording: subject, subject, samples: 500 },
    label: unlabelled.includes(subject) ? '' : 'walking',
  }));
  return writeZip(folder.path(), archiveFiles(recordings));
}

describe('where nobody said what some people did', () => {
  const mostly = 'mostly-unlabelled';

  test('they are streamed, and nobody begins with them or is compared on them', async () => {
    const lake = newLake(folder.path());
    const [labelled, unlabelled] = [
      ['Ann', 'Bea', 'Cem'],
      ['Dan', 'Eve', 'Fay', 'Gus'],
    ];
    await ingestInto(lake, { source: await archiveOf(labelled, unlabelled), dataset: mostly });
    await refreshLake(lake, { dataset: mostly });
    const known = await labelledSubjects(lake, { dataset: mostly });
    expect(known).toHaveLength(labelled.length);
    const draw = activitiesOn(lake).drawSubjects;
    const drawn = await run(() => draw({ dataset: mostly, seed: 0, subjects: sizes }));
    expect([...drawn.bootstrap, ...drawn.holdout].sort()).toEqual(known);
    expect(drawn.stream).toHaveLength(1);
    expect(known).not.toContain(drawn.stream[0]);
    await expect(
      run(() => draw({ dataset: mostly, seed: 0, subjects: { ...sizes, holdout: 3 } })),
    ).rejects.toMatchObject({
      type: 'TRAINING_DATA_INSUFFICIENT',
      message: expect.stringContaining('4 subjects with labelled windows') as string,
    });
  });
});

describe('when somebody was erased from a split', () => {
  const more = { ...sizes, holdout: sizes.holdout + 1 };

  async function erasedFrom(part: keyof typeof sizes, seed: number) {
    const parts = await run(() => drawSubjects({ dataset, seed, subjects: sizes }));
    const [subjectKey] = parts[part] as [string];
    await registry.eraseFromRegistry({ dataset, subjectKey, subject: 'hashed' });
    return { ...parts, [part]: parts[part].filter((key) => key !== subjectKey) };
  }

  afterEach(() => database.pool.query('DELETE FROM registry.splits'));

  test('the others stay in their parts, though too few are left to draw it again', async () => {
    const left = await erasedFrom('holdout', 1);
    expect(await run(() => drawSubjects({ dataset, seed: 1, subjects: more }))).toEqual(left);
    await expect(
      run(() => drawSubjects({ dataset, seed: 2, subjects: more })),
    ).rejects.toMatchObject({ type: 'TRAINING_DATA_INSUFFICIENT' });
  });

  test('a part that nobody is left in is named', async () => {
    await erasedFrom('bootstrap', 1);
    await expect(
      run(() => drawSubjects({ dataset, seed: 1, subjects: sizes })),
    ).rejects.toMatchObject({
      ...{ type: 'SPLIT_EMPTIED', nonRetryable: true },
      message: expect.stringContaining('bootstrap') as string,
    });
  });
});

const knownUntil = '2030-01-01T00:00:00.000Z';

/** Trains on window files; evaluates by the split that they came with, unless told otherwise. */
async function trainBySplit(source: string, scheme: TrainingScheme = 'shipped-split') {
  const own = newLake(folder.path());
  const wanted = { dataset: 'arwise', model: `arwise-${randomUUID()}` };
  await ingestFormat(own, 'arwise', { source, dataset: 'arwise' });
  await refreshFormat(own, { dataset: 'arwise' });
  const { freezeTrainingSet, trainVersion } = activitiesOn(own);
  const { snapshotId } = await run(() =>
    freezeTrainingSet({ ...wanted, withLabels: false, knownUntil }),
  );
  const training = { ...wanted, snapshotId, seed: 0, shuffleLabels: false };
  const trained = await run(() => trainVersion({ ...training, scheme }));
  return { ...trained, ...(await registry.getVersion({ ...wanted, version: trained.version })) };
}

test('whom a training leaves unscored is in its result and its card', async () => {
  const own = newLake(folder.path());
  const wanted = { dataset: 'uneven', model: 'uneven' };
  const recordings = ['Ann', 'Bea', 'Cem'].flatMap((subject, person) =>
    ['walking', 'resting'].map((label, index) => ({
      ...{ recording: `${subject}-${label}`, subject, device: `watch-${subject}`, label },
      ...{ startMs: ((index + person) % 2) * 60_000, samples: person === 0 ? 2000 : 300 },
    })),
  );
  const source = await writeZip(folder.path(), archiveFiles(recordings));
  await ingestInto(own, { source, dataset: wanted.dataset });
  await refreshLake(own, wanted);
  const { freezeTrainingSet, trainVersion } = activitiesOn(own);
  const { snapshotId } = await run(() =>
    freezeTrainingSet({ ...wanted, withLabels: false, knownUntil }),
  );
  const training = { ...wanted, snapshotId, seed: 0, shuffleLabels: false };
  const trained = await run(() => trainVersion({ ...training, scheme: 'leave-one-subject-out' }));
  const { card } = await registry.getVersion({ ...wanted, version: trained.version });
  const [unscored, rest] = [card.evaluation?.unscored, card.evaluation?.windows as number];
  expect(unscored).toEqual({ subjects: 1, windows: card.data.windows - rest });
  expect(trained.evaluation).toMatchObject({ unscored, windows: rest });
  expect(rest).toBeLessThan(20);
});

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

test('the sides of a split are no two watches to calibrate between', async () => {
  const windows = arwiseWindows(BEGIN);
  const source = await writeZip(folder.path(), {
    'p1_train.csv': arwiseFile(windows.filter((_, at) => at % 2 === 0)),
    'p1_test.csv': arwiseFile(windows.filter((_, at) => at % 2 === 1)),
  });
  const { card } = await trainBySplit(source, 'none');
  expect(card.calibration).toMatchObject({ method: 'none', rows: 0, temperature: 1 });
});

whenReal("the split that ArWISE's files came with is refused: it leaks", async () => {
  await expect(trainBySplit(await realArwise(folder.path()))).rejects.toMatchObject({
    type: 'LEAKAGE_FOUND',
    message: expect.stringContaining('scores 1.000') as string,
  });
});
