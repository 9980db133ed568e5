/** `watchlake datasets` and `models remove`: a look first, and what is in the way. */
import { WatchlakeError } from '../../../core/errors';
import type { CommandContext, CommandLake } from '../../../workers/connect';
import type { DatasetRemoval } from '../../../workers/remove-dataset';
import type { ModelRemoval } from '../../../workers/remove-model';
import { fakeContext, onlyObject, run } from './fake-surroundings';

const dataset: DatasetRemoval = {
  ...{ dataset: 'trial', tables: ['recordings_landing', 'windows'], objects: 33, bytes: 4_200_000 },
  ...{ campaigns: 2, tasks: 40, labels: 31, splits: 1, aggregates: 90, inTheWay: [] },
  models: [{ model: 'activity', versions: 3 }],
};
const model: ModelRemoval = {
  ...{ model: 'activity', versions: 3, champion: '2', objects: 7, bytes: 1_000, inTheWay: [] },
};

async function runWith(words: string[], parts: Partial<CommandContext>) {
  return run(words, { services: { connect: async () => fakeContext(parts) } });
}

test('a dataset is shown before it goes, and nothing has gone', async () => {
  const asked: unknown[] = [];
  const removeDataset = async (options: object) => {
    asked.push(options);
    return dataset;
  };
  const { exitCode, stdout } = await runWith(['datasets', 'remove', 'trial'], { removeDataset });
  expect(exitCode).toBe(0);
  expect(asked).toEqual([
    expect.objectContaining({ dataset: 'trial', keepModels: false, dryRun: true }),
  ]);
  expect(stdout).toContain('Would be removed of trial');
  expect(stdout).toMatch(/answers of people +31\n/);
  expect(stdout).toMatch(/rows of aggregates +90\n/);
  expect(stdout).toMatch(/label campaigns +2, 40 tasks\n/);
  expect(stdout).toContain('--yes removes it for good');
  expect(stdout).not.toContain('models that stay');
});

test('--yes removes it; the models that learned from it are named', async () => {
  const asked: unknown[] = [];
  const removeDataset = async (options: object) => {
    asked.push(options);
    return dataset;
  };
  const words = ['datasets', 'remove', 'trial', '--yes', '--keep-models'];
  const { stdout } = await runWith(words, { removeDataset });
  expect(asked).toEqual([
    expect.objectContaining({ dataset: 'trial', keepModels: true, dryRun: false }),
  ]);
  expect(stdout).toContain('Removed the dataset trial');
  expect(stdout).toMatch(/models that stay +activity \(3 versions\)\n/);
  expect(stdout).not.toContain('--yes');
});

test('what is in the way is listed whole, and no way on is shown', async () => {
  const inTheWay = ['loop/trial is running', 'the schedule nightly works on it'];
  const removeDataset = async () => ({ ...dataset, inTheWay });
  const { stdout } = await runWith(['datasets', 'remove', 'trial'], { removeDataset });
  expect(stdout).toContain(`In the way\n\n  ${inTheWay[0]}\n  ${inTheWay[1]}\n`);
  expect(stdout).not.toContain('--yes');
});

test('what to do about it is told for the home that was given, also in a refusal', async () => {
  const what = 'learned from it: activity (`npx watchlake models remove <model>` removes one)';
  const told = '`npx watchlake models remove <model> --home /tmp/a`';
  const words = ['datasets', 'remove', 'trial', '--home', '/tmp/a'];
  const { stdout } = await runWith(words, {
    removeDataset: async () => ({ ...dataset, inTheWay: [what] }),
  });
  expect(stdout).toContain(told);
  const { stderr } = await runWith([...words, '--yes'], {
    removeDataset: async () => {
      throw new WatchlakeError('DATASET_IN_USE', { dataset: 'trial', what });
    },
  });
  expect(stderr).toContain(told);
});

test('refused, it fails with the remedy', async () => {
  const what = 'loop/trial is running';
  const removeDataset = async () => {
    throw new WatchlakeError('DATASET_IN_USE', { dataset: 'trial', what });
  };
  const words = ['datasets', 'remove', 'trial', '--yes', '--json'];
  const { exitCode, stdout } = await runWith(words, { removeDataset });
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({ ok: false, error: { code: 'DATASET_IN_USE' } });
});

test('datasets are listed with what has become of them', async () => {
  const empty = { tables: 0, landedRows: 0, publishedAt: null, isBeingRemoved: false };
  const publishedAt = '2026-11-28T11:52:54.000Z';
  const lake: Partial<CommandLake> = {
    datasets: async () => [
      { ...empty, dataset: 'begun' },
      { ...empty, dataset: 'half', isBeingRemoved: true },
      { ...empty, dataset: 'trial', tables: 6, landedRows: 244_102, publishedAt },
    ],
  };
  const services = { openLake: async () => lake as CommandLake };
  const { stdout } = await run(['datasets', 'list'], { services });
  expect(stdout).toMatch(/begun +0 +0 +nothing published yet\n/);
  expect(stdout).toMatch(/half +0 +0 +its removal was interrupted\n/);
  expect(stdout).toMatch(/trial +6 +244,102 +2026-11-28 11:52:54 UTC\n/);
  const none = { openLake: async () => ({ datasets: async () => [] }) as unknown as CommandLake };
  expect((await run(['datasets', 'list'], { services: none })).stdout).toContain(
    'ingest <archive>',
  );
});

test('a model is shown before it goes', async () => {
  const asked: unknown[] = [];
  const removeModel = async (options: object) => {
    asked.push(options);
    return model;
  };
  const look = await runWith(['models', 'remove', 'activity'], { removeModel });
  const done = await runWith(['models', 'remove', 'activity', '--yes'], { removeModel });
  expect(asked).toEqual([true, false].map((dryRun) => ({ model: 'activity', dryRun })));
  expect(look.stdout).toMatch(/champion +version 2\n/);
  expect(look.stdout).toContain('--yes removes it for good');
  expect(done.stdout).toContain('Removed the model activity');
});

test('a version is shown before it goes', async () => {
  const asked: unknown[] = [];
  const found = { model: 'activity', version: '3', objects: 3, bytes: 2048, inTheWay: [] };
  const removeVersion = async (options: object) => {
    asked.push(options);
    return found;
  };
  const words = ['models', 'remove', 'activity', '3'];
  const look = await runWith(words, { removeVersion });
  const done = await runWith([...words, '--yes'], { removeVersion });
  const wanted = { model: 'activity', version: '3' };
  expect(asked).toEqual([true, false].map((dryRun) => ({ ...wanted, dryRun })));
  expect(look.stdout).toMatch(/Would be removed of activity version 3\n[^]*artefact +3, 2/);
  expect(look.stdout).toContain('--yes removes it for good');
  expect(done.stdout).toContain('Removed the model activity version 3');
});
