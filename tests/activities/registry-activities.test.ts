/** Steps on the registry, each run twice as after a lost response, on a real database. */
import type { MetricMeter } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import {
  createRegistryActivities,
  type RegistryActivities,
} from '../../activities/registry-activities';
import { openPool } from '../../registry/database';
import { createRegistry, type Registry } from '../../registry/registry';
import { createTestDatabase, type TestDatabase } from '../support/database';

let database: TestDatabase;
let registry: Registry;
let activities: RegistryActivities;
const openRuns = new Set<string>();
const card = {
  formatVersion: 1 as const,
  codeVersion: '0',
  seed: 0,
  classes: ['a', 'b'],
  featureSchema: 's',
  data: { dataset: 'd', snapshots: {}, windows: 1, subjects: ['k'] },
  evaluation: null,
  calibration: { temperature: 1 },
};

beforeAll(async () => {
  database = await createTestDatabase();
  registry = createRegistry(database.pool);
  activities = createRegistryActivities({ registry, isOpen: async (run) => openRuns.has(run) });
  for (const key of ['1', '2', '3'])
    await registry.registerVersion({ model: 'm', key, artefactUri: key, card });
});
afterAll(() => database.drop());

/** Runs an activity twice; both runs must give what the test expects. */
async function twice<Input, Result>(activity: (input: Input) => Promise<Result>, input: Input) {
  const environment = new MockActivityEnvironment();
  const first = await environment.run<[Input], Result, (input: Input) => Promise<Result>>(
    activity,
    input,
  );
  const second = await environment.run<[Input], Result, (input: Input) => Promise<Result>>(
    activity,
    input,
  );
  return [first, second] as const;
}

const failure = (type: string, nonRetryable: boolean) =>
  expect.objectContaining({ name: 'ApplicationFailure', type, nonRetryable }) as Error;

test('a champion is asked for, moved once by a run, and found', async () => {
  expect(await activities.getChampion({ model: 'm' })).toBeNull();
  await expect(activities.requireChampion({ model: 'm' })).rejects.toEqual(
    failure('NO_CHAMPION', true),
  );
  const move = { model: 'm', from: null, to: '1', outcome: 'promote', reason: 'first', run: 'r1' };
  const results = await twice(activities.moveChampion, move);
  expect(results.map(({ moved }) => moved)).toEqual([true, false]);
  expect(await activities.requireChampion({ model: 'm' })).toEqual({ version: '1', generation: 1 });
  expect(await registry.history({ model: 'm' })).toMatchObject([{ actor: 'r1', run: 'r1' }]);
  await expect(activities.requireChampion({ model: 'forgotten' })).rejects.toThrow(
    /^The model forgotten has no champion; these have one: .*m/,
  );
});

test('a first version counts as no decision, for nothing was judged; a move from a champion does', async () => {
  const counted: unknown[] = [];
  const createCounter = () => ({
    add: (value: number, { outcome }: Record<string, unknown>) => counted.push([value, outcome]),
  });
  const metricMeter = { createCounter } as unknown as MetricMeter;
  const environment = new MockActivityEnvironment({}, { metricMeter });
  await registry.registerVersion({ model: 'counted', key: '1', artefactUri: '1', card });
  await registry.registerVersion({ model: 'counted', key: '2', artefactUri: '2', card });
  const first = { model: 'counted', from: null, to: '1', outcome: 'promote', reason: 'first' };
  await environment.run(activities.moveChampion, { ...first, run: 'c1' });
  expect(counted).toEqual([]);
  await environment.run(activities.moveChampion, { ...first, from: '1', to: '2', run: 'c2' });
  expect(counted).toEqual([[1, 'promote']]);
});

test('a model of another dataset is refused, one without a champion or of this dataset is not', async () => {
  const check = (model: string, dataset: string) =>
    new MockActivityEnvironment().run(() => activities.checkModelDataset({ model, dataset }));
  await check('none-yet', 'd');
  await check('m', 'd');
  await expect(check('m', 'other')).rejects.toEqual(failure('MODEL_OF_OTHER_DATASET', true));
});

test('a champion that somebody else moved is not moved back, and no retry helps', async () => {
  const move = { model: 'm', from: '3', to: '2', outcome: 'promote', reason: 'x', run: 'r2' };
  await expect(activities.moveChampion(move)).rejects.toEqual(failure('ALIAS_MOVED', true));
});

test('a first version yields to the champion that another run was faster to make', async () => {
  const first = { model: 'm', from: null, to: '3', outcome: 'promote', reason: 'first', run: 'r3' };
  await expect(activities.moveChampion(first)).rejects.toEqual(failure('ALIAS_MOVED', true));
  const results = await twice(activities.moveChampion, { ...first, yields: true });
  expect(results).toEqual([
    { version: '1', generation: 1, moved: false },
    { version: '1', generation: 1, moved: false },
  ]);
  expect(await registry.history({ model: 'm' })).toHaveLength(1);
});

test('a lease is taken by one run and given back', async () => {
  const mine = { name: 'retrain/m', holder: 'run-1', ttlSeconds: 60 };
  const taken = await twice(activities.takeLease, mine);
  expect(taken.map(({ acquired }) => acquired)).toEqual([true, true]);
  expect(await activities.takeLease({ ...mine, holder: 'run-2' })).toMatchObject({
    acquired: false,
    holder: 'run-1',
  });
  const returned = await twice(activities.returnLease, mine);
  expect(returned).toEqual([{ released: true }, { released: false }]);
});

test('a lease whose time is over stays with a run that is open, and goes when that has ended', async () => {
  const first = { name: 'retrain/queued', holder: 'run-1', ttlSeconds: 0 };
  const second = { name: 'retrain/queued', holder: 'run-2', ttlSeconds: 60 };
  await activities.takeLease(first);
  openRuns.add('run-1');
  expect(await activities.takeLease(second)).toMatchObject({ acquired: false, holder: 'run-1' });
  await registry.acquireLease(first);
  openRuns.delete('run-1');
  expect(await activities.takeLease(second)).toMatchObject({ acquired: true });
});

test('a verdict counts once for each run', async () => {
  const verdict = { model: 'm', version: '2', outcome: 'reject', reason: 'worse', run: 'r1' };
  await twice(activities.recordVerdict, verdict);
  expect(await registry.verdicts({ model: 'm' })).toMatchObject([
    { challenger: '2', champion: null, outcome: 'reject', run: 'r1' },
  ]);
});

test('an outage of the database may be retried', async () => {
  const pool = openPool('postgres://watchlake:x@127.0.0.1:9/none');
  const cut = createRegistryActivities({
    registry: createRegistry(pool),
    isOpen: async () => false,
  });
  await expect(cut.getChampion({ model: 'm' })).rejects.toEqual(
    failure('DATABASE_UNAVAILABLE', false),
  );
  await pool.end();
});
