/** A field of a workflow's input is told as the person typed it. */
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, RetryState } from '@temporalio/common';
import { fakeClient, fakeContext, onlyObject, run, type FakeTemporal } from './fake-surroundings';

function runAgainst(words: string[], fake: FakeTemporal = {}) {
  const services = {
    connect: async () => fakeContext({ client: fakeClient(fake, []) }),
    sourceHash: async () => 'abc123',
    readState: async () => null,
  };
  return run(words, { services });
}

const SLUG = 'use 1–63 lower-case letters, digits, dots, dashes or underscores';
const STEP = 'must not be larger than the length of a window';
const TARGET = ['--environment', 'e', '--bucket'];

test.each([
  [['ingest', 'a.zip', '--dataset', 'Not Good'], `--dataset: ${SLUG}`],
  [['train', '--dataset', 'trial', '--model', 'No'], `--model: ${SLUG}`],
  [['train', '--dataset', 'trial', '--subjects', 'ada'], '--subjects: use the subject key'],
  [['refresh', 'Not Good'], `<dataset>: ${SLUG}`],
  [['refresh', 'trial', '--window-length', '1000'], `--window-step: ${STEP}`],
  [['refresh', 'trial', '--window-step', '9000'], `--window-step: ${STEP}`],
  // Without --name the replay is named after its dataset.
  [['simulate', 'Not Good'], `<dataset>: ${SLUG}`],
  [['simulate', 'trial', '--name', 'Not Good'], `--name: ${SLUG}`],
  [['stedi', 'run', '--source', 'https://u:p@example.org/a.zip'], '--source: '],
  [
    ['stedi', 'run', '--source', 'ftp://example.org/a.zip'],
    '--source: nothing is fetched from ftp',
  ],
  [['provision', 'plan', ...TARGET, 'My.Bucket'], '--bucket: use 3–63'],
  [['devices', 'aggregate', '--grain', 'day', '--from', 'soon'], '--from: use a date'],
  [
    ['devices', 'aggregate', '--grain', 'day', '--from', '2026-02-02', '--to', '2026-02-01'],
    '--to: must not lie before --from',
  ],
  [['stedi', 'generate', '--out', '/tmp/none', '--customers', '999999999'], '--customers: it is'],
])('%j', async (words, said) => {
  const { exitCode, stderr } = await runAgainst(words);
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`error: ${said}`);
  expect(stderr).toContain('remedy: Add --help to the command');
});

test('also where the workflow says it, and with --json', async () => {
  const failure = ApplicationFailure.nonRetryable('format: it is of casas.', 'INPUT_INVALID');
  const error = new WorkflowFailedError('failed', failure, RetryState.NON_RETRYABLE_FAILURE);
  const words = ['ingest', 'a.zip', '--dataset', 'trial', '--json'];
  const { stdout } = await runAgainst(words, { error });
  expect(onlyObject(stdout)).toMatchObject({ error: { message: '--format: it is of casas.' } });
});

test('the format is that of the dataset where none can be chosen', async () => {
  const failure = ApplicationFailure.nonRetryable('format: it is of casas.', 'INPUT_INVALID');
  const error = new WorkflowFailedError('failed', failure, RetryState.NON_RETRYABLE_FAILURE);
  const { stderr } = await runAgainst(['stedi', 'run', '--dataset', 'trial'], { error });
  expect(stderr).toContain('error: --dataset: it is of casas.');
});

test('what nobody has typed keeps its name', async () => {
  const failure = ApplicationFailure.nonRetryable('comparison: empty.', 'INPUT_INVALID');
  const error = new WorkflowFailedError('failed', failure, RetryState.NON_RETRYABLE_FAILURE);
  const { stderr } = await runAgainst(['retrain', '--dataset', 'trial'], { error });
  expect(stderr).toContain('error: comparison: empty.');
  expect(stderr).toContain('remedy: Correct the field');
});

const REFRESH = { dataset: 'trial' };
const TRAIN = { dataset: 'trial', model: 'activity' };

test.each<[string[], object, string]>([
  [['refresh', 'trial'], { ...REFRESH, window: { lengthMs: 8000 } }, '--window-length'],
  [
    ['refresh', 'trial', '--window-length', '6000', '--window-step', '3000'],
    REFRESH,
    '--window-length, --window-step',
  ],
  [
    ['refresh', 'trial', '--label-span', '10', '--engine', 'spark'],
    REFRESH,
    '--engine, --label-span',
  ],
  [['train', '--dataset', 'trial', '--no-evaluation'], TRAIN, '--no-evaluation'],
  [
    ['train', '--dataset', 'trial'],
    { ...TRAIN, scheme: 'none', seed: 3 },
    '--shipped-split or --no-evaluation, --seed',
  ],
  [['loop', '--dataset', 'trial', '--holdout', '4'], { name: 'trial', ...REFRESH }, '--holdout'],
  [['loop', 'a.zip', '--dataset', 'trial'], { name: 'trial', ...REFRESH }, '<archive>'],
  [['stedi', 'run', '--consent', 'any'], { dataset: 'stedi', options: {} }, '--consent'],
  [['devices', 'land', '--late-days', '3'], { dataset: 'devices' }, '--late-days'],
  // What nobody types keeps its name.
  [['quarantine', 'replay', 'trial'], REFRESH, 'replayQuarantine'],
])('%j beside a run with other inputs names what was typed', async (words, runningInput, said) => {
  const { exitCode, stderr } = await runAgainst(words, { runningInput });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`runs already, with other inputs (${said}).\n`);
});
