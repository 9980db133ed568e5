/** A field of a workflow's input is told as the person typed it. */
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure, RetryState } from '@temporalio/common';
import { fakeClient, fakeContext, onlyObject, run, type FakeTemporal } from './fake-surroundings';

function runAgainst(words: string[], fake: FakeTemporal = {}) {
  const services = {
    connect: async () => fakeContext({ client: fakeClient(fake, []) }),
    sourceHash: async () => 'abc123',
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
