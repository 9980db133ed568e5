import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure, RetryState } from '@temporalio/common';
import { runLink } from '../../../cli/run-links';
import { differingFields, differingPaths } from '../../../activities/running-input';
import { absoluteSource } from '../../../cli/commands/ingest';
import { freshName } from '../../../cli/commands/simulate';
import {
  fakeClient,
  fakeContext,
  onlyObject,
  run,
  type FakeTemporal,
  type RunCall,
  type RunOptions,
} from './fake-surroundings';

/** There is a champion of whatever model is asked for. */
const registry = {
  getAlias: async () => ({ version: '2' }),
  getVersion: async () => ({ card: { data: { dataset: 'trial' } } }),
};

const datasets = async () => ['trial', 'ward'];

async function runAgainst(words: string[], fake: FakeTemporal, options: RunOptions = {}) {
  const calls: RunCall[] = [];
  const client = fakeClient(fake, calls);
  const services = {
    connect: async () => fakeContext({ client, registry, datasets } as never),
    sourceHash: async () => 'abc123',
    forgetSource: async () => undefined,
    ...options.services,
  };
  return { calls, ...(await run(words, { ...options, services })) };
}

const TRAINED = {
  model: 'activity',
  version: '1',
  snapshotId: 's1',
  rows: 2400,
  subjects: 10,
  champion: '1',
  evaluation: {
    scheme: 'leave-one-subject-out',
    accuracy: 0.95,
    macroF1: 0.94,
    worstSubject: { subject: '0123456789abcdef', accuracy: 0.81 },
  },
};

test('train --json ends with the version and its evaluation', async () => {
  const { exitCode, stdout, stderr, calls } = await runAgainst(
    ['train', '--dataset', 'trial', '--json'],
    { result: TRAINED },
  );
  expect(exitCode).toBe(0);
  expect(onlyObject(stdout)).toMatchObject({
    ok: true,
    version: '1',
    evaluation: TRAINED.evaluation,
    workflowId: 'train/activity/trial',
  });
  expect(calls).toEqual([
    {
      workflow: 'trainModel',
      workflowId: 'train/activity/trial',
      input: { dataset: 'trial', model: 'activity', seed: 0, scheme: 'leave-one-subject-out' },
    },
  ]);
  expect(stderr).toContain(
    'http://127.0.0.1:8233/namespaces/default/workflows/train%2Factivity%2Ftrial/run-1',
  );
});

test.each([
  [
    ['ingest', '/data/a.zip', '--dataset', 'trial'],
    'ingest/trial/abc123',
    { source: '/data/a.zip', dataset: 'trial', format: 'recordings' },
  ],
  [
    ['refresh', 'trial', '--window-length', '2000'],
    'refresh/trial',
    { dataset: 'trial', window: { lengthMs: 2000 } },
  ],
  [
    ['simulate', 'trial', '--name', 'morning', '--speed', '2.5'],
    'simulate/morning',
    { name: 'morning', dataset: 'trial', speed: 2.5 },
  ],
  [
    ['retrain', '--dataset', 'trial', '--minimum-new-labels', '50', '--shuffle-labels'],
    'retrain/activity',
    { dataset: 'trial', model: 'activity', seed: 0, minimumNewLabels: 50, shuffleLabels: true },
  ],
  [
    ['loop', '/data/a.zip', '--dataset', 'trial', '--answered-by', 'oracle', '--labels', '40'],
    'loop/trial',
    {
      name: 'trial',
      source: '/data/a.zip',
      dataset: 'trial',
      model: 'activity',
      seed: 0,
      labels: 40,
      speed: 0,
      answeredBy: 'oracle',
      byHand: 0,
      negativeControl: false,
      subjects: { bootstrap: 1, stream: 3, holdout: 6 },
    },
  ],
  [
    ['provision', 'plan', '--environment', 'research', '--bucket', 'lake', '--query-limit', '2'],
    'provision/research',
    { action: 'plan', environment: 'research', bucket: 'lake', queryLimitGb: 2 },
  ],
  [
    [
      ...['provision', 'apply', '--environment', 'research', '--bucket', 'lake'],
      ...['--vpc', 'vpc-0a1b', '--region', 'eu-north-1', '--databases', 'one,two'],
    ],
    'provision/research',
    { action: 'apply', vpc: 'vpc-0a1b', region: 'eu-north-1', databases: ['one', 'two'] },
  ],
  [
    [
      ...['provision', 'destroy', '--environment', 'research', '--bucket', 'lake'],
      ...['--yes', '--delete-data'],
    ],
    'provision/research',
    { action: 'destroy', environment: 'research', bucket: 'lake', deleteData: true },
  ],
  [
    ['predict', '--dataset', 'trial', '--model', 'gait'],
    'predict/gait',
    { dataset: 'trial', model: 'gait' },
  ],
])('%j starts its workflow under its business id', async (words, workflowId, input) => {
  // A command that waits is left at once: only what it starts matters here.
  const { calls } = await runAgainst(
    words,
    { endless: true },
    { onListening: (interrupt) => interrupt() },
  );
  expect(calls).toMatchObject([{ workflowId, input }]);
});

test('a wrong input is refused before anything is started', async () => {
  const words = ['refresh', 'No Spaces!', '--json'];
  const { exitCode, stdout, calls } = await runAgainst(words, {});
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({ ok: false, error: { code: 'INPUT_INVALID' } });
  expect(calls).toEqual([]);
});

test('train tells whom its figures leave out', async () => {
  const words = ['train', '--dataset', 'trial'];
  expect((await runAgainst(words, { result: TRAINED })).stdout).not.toContain('not scored');
  const evaluation = { ...TRAINED.evaluation, unscored: { subjects: 1, windows: 1800 } };
  const { stdout } = await runAgainst(words, { result: { ...TRAINED, evaluation } });
  expect(stdout).toMatch(/not scored +1 subject with 1,800 windows/);
});

test('a run with other inputs under the same id is not joined', async () => {
  const { exitCode, stdout } = await runAgainst(['train', '--dataset', 'trial', '--json'], {
    result: TRAINED,
    runningInput: { dataset: 'trial', seed: 7 },
  });
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({
    ok: false,
    error: {
      code: 'RUN_DIFFERS',
      message: 'train/activity/trial runs already, with other inputs (--seed).',
    },
  });
});

test('a run that was started with the defaults left out is joined', async () => {
  const { exitCode } = await runAgainst(['train', '--dataset', 'trial'], {
    result: TRAINED,
    runningInput: { dataset: 'trial' },
  });
  expect(exitCode).toBe(0);
});

test('what continue-as-new carries over is no difference', () => {
  const ours = { model: 'a', dataset: 'b' };
  const carried = { predicted: 9, late: 0, deadLettered: 0 };
  expect(differingFields('predictStream', ours, { ...ours, carried })).toEqual([]);
  expect(differingFields('predictStream', ours, { ...ours, runMinutes: 5 })).toEqual([
    'runMinutes',
  ]);
});

test('the place of an archive is no difference: the id names its content', () => {
  const ours = { source: '/data/a.zip', dataset: 'b' };
  expect(differingFields('ingest', ours, { ...ours, source: 's3://data/a.zip' })).toEqual([]);
  expect(differingFields('ingest', ours, { ...ours, format: 'stedi' })).toEqual(['format']);
});

test('of a field with parts those that differ are named', () => {
  const ours = { dataset: 'b' };
  const theirs = { ...ours, window: { stepMs: 1000 }, labelling: { spanMs: 0 } };
  const [step, span] = ['window.stepMs', 'labelling.spanMs'];
  expect(differingPaths('refreshTables', ours, theirs)).toEqual([span, step]);
  expect(differingFields('refreshTables', ours, theirs)).toEqual(['labelling', 'window']);
});

test('a failed run shows the innermost failure and where to look at it', async () => {
  const failure = ApplicationFailure.nonRetryable('There is no dataset x.', 'DATASET_NOT_FOUND');
  const error = new WorkflowFailedError('failed', failure, RetryState.NON_RETRYABLE_FAILURE);
  const { exitCode, stderr } = await runAgainst(['refresh', 'x'], { error });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('error: There is no dataset x.');
  expect(stderr).toMatch(/run: http:\/\/127\.0\.0\.1:8233\/namespaces.*refresh%2Fx/);
});

test('the progress line tells what the step under way has said of itself', async () => {
  const { stderr } = await runAgainst(
    ['simulate', 'trial', '--speed', '1'],
    {
      endless: true,
      progress: { step: 'sending', facts: { speed: '1×' } },
      heartbeat: { done: '34 %', samples: '340 of 1000', details: { not: 'shown' } },
    },
    { onListening: (interrupt) => void setTimeout(interrupt, 200) },
  );
  expect(stderr).toContain('· sending (34 % done, 340 of 1000 samples, speed 1×)');
});

test('the progress line adds what is under way to the counts of the run', async () => {
  const facts = { bytesRead: 1_000_000, bytesInAll: 4_000_000, rows: 100 };
  const { stderr } = await runAgainst(
    ['simulate', 'trial', '--speed', '1'],
    {
      endless: true,
      progress: { step: 'landing', facts },
      heartbeat: { underWay: { bytesRead: 500_000, rows: 20 } },
    },
    { onListening: (interrupt) => void setTimeout(interrupt, 200) },
  );
  expect(stderr).toContain('· landing (1.5 MB of 4.0 MB read, 120 rows)');
});

test('the progress line tells that a step is tried again, and why', async () => {
  const { stderr } = await runAgainst(
    ['simulate', 'trial', '--speed', '1'],
    { endless: true, retry: { attempt: 3, message: 'The bucket is away.\nIts details' } },
    { onListening: (interrupt) => void setTimeout(interrupt, 200) },
  );
  expect(stderr).toContain('· working (attempt 3 of «work on it» after «The bucket is away.»)');
});

test('of a failure that the server found too long, its cause is told', async () => {
  const cause = { message: 'Kafka does not answer.' };
  const { stderr } = await runAgainst(
    ['simulate', 'trial', '--speed', '1'],
    { endless: true, retry: { attempt: 2, message: 'Failure exceeds size limit.', cause } },
    { onListening: (interrupt) => void setTimeout(interrupt, 200) },
  );
  expect(stderr).toContain('(attempt 2 of «work on it» after «Kafka does not answer.»)');
});

test('Ctrl-C leaves the workflow running and says how to attach again', async () => {
  let cancelled = false;
  const { exitCode, stderr } = await runAgainst(
    ['refresh', 'trial', '--home', '/tmp/a'],
    { endless: true, onCancel: () => (cancelled = true) },
    { onListening: (interrupt) => interrupt() },
  );
  expect(exitCode).toBe(130);
  expect(stderr).toContain('Come back with: npx watchlake attach refresh/trial --home /tmp/a\n');
  // Once, and nowhere as a pattern that cannot be typed.
  expect(stderr.match(/watchlake attach/g)).toHaveLength(1);
  expect(cancelled).toBe(false);
});

test('Ctrl-C with --cancel-on-exit cancels it; a second one does not wait', async () => {
  let cancelled = 0;
  const { exitCode } = await runAgainst(
    ['refresh', 'trial', '--cancel-on-exit'],
    { endless: true, onCancel: () => (cancelled += 1) },
    {
      onListening: (interrupt) => {
        interrupt();
        interrupt();
      },
    },
  );
  expect({ exitCode, cancelled }).toEqual({ exitCode: 130, cancelled: 1 });
});

test('attach shows a result in words', async () => {
  const result = { model: 'activity', deadLettered: 3, lastOffset: 1200, rejected: {}, tags: [] };
  const { stdout } = await runAgainst(['attach', 'predict/activity'], { result });
  expect(stdout).toContain('  dead letters   3\n  last offset    1,200\n  rejected       –\n');
});

test('attach shows the result of a run whatever it is', async () => {
  const { stdout } = await runAgainst(['attach', 'retrain/activity', '--json'], {
    result: { outcome: 'reject' },
  });
  expect(onlyObject(stdout)).toMatchObject({ ok: true, workflow: 'retrain', outcome: 'reject' });
});

test('predict returns as soon as the predictor runs; --stop ends it and shows its totals', async () => {
  const started = await runAgainst(['predict', '--dataset', 'trial', '--json'], { endless: true });
  expect(onlyObject(started.stdout)).toMatchObject({ ok: true, workflowId: 'predict/activity' });

  const signals: string[] = [];
  const result = { model: 'activity', version: '2', predicted: 9, late: 0, deadLettered: 0 };
  const stopped = await runAgainst(['predict', '--stop', '--json'], {
    result,
    onSignal: (name) => signals.push(name),
  });
  expect(signals).toEqual(['stop']);
  expect(onlyObject(stopped.stdout)).toMatchObject({ ok: true, predicted: 9, version: '2' });
});

test('a predictor that has ended is stopped again without an error', async () => {
  const result = { model: 'activity', version: '2', predicted: 9, late: 0, deadLettered: 0 };
  const onSignal = () => {
    throw new WorkflowNotFoundError('workflow execution already completed', 'x', undefined);
  };
  const again = await runAgainst(['predict', '--stop'], { result, onSignal });
  expect(again.exitCode).toBe(0);
  expect(again.stderr).toContain('The predictor of activity had ended before');
  expect(again.stdout).toMatch(/windows predicted\s+9/);
});

test('predict says when the champion learned from another dataset', async () => {
  const told = await runAgainst(['predict', '--dataset', 'ward'], { endless: true });
  expect(told.stderr).toContain('The champion of activity learned from trial');
  expect(told.stderr).not.toContain('have landed');
  const mistyped = await runAgainst(['predict', '--dataset', 'wrad'], { endless: true });
  expect(mistyped.stderr).toContain(
    'No recordings of wrad have landed (the lake has: trial, ward)',
  );
  expect(mistyped.stderr).toContain('`npx watchlake predict --stop --model activity`');
  const silent = await runAgainst(['predict', '--dataset', 'trial'], { endless: true });
  expect(silent.stderr).not.toContain('learned from');
});

test('predict says whose predictor it has joined, and that it ends with that run', async () => {
  const words = ['predict', '--dataset', 'trial'];
  const joined = await runAgainst(words, { endless: true, parent: 'loop/trial' });
  expect(joined.stderr).toContain('loop/trial has started it, and stops it when it ends');
  expect(joined.stderr).toContain('`npx watchlake predict --dataset trial --model activity`');
  expect((await runAgainst(words, { endless: true })).stderr).not.toContain('stops it');
});

test('predict starts nothing without a champion', async () => {
  const calls: RunCall[] = [];
  const client = fakeClient({ endless: true }, calls);
  const services = { connect: async () => fakeContext({ client }) };
  const words = ['predict', '--dataset', 'nowhere', '--json'];
  const { exitCode, stdout } = await run(words, { services });
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({ ok: false, error: { code: 'NO_CHAMPION' } });
  expect(calls).toEqual([]);
});

test('a predictor that dies at once is no predictor that runs', async () => {
  const failure = ApplicationFailure.nonRetryable('It has none.', 'NO_CHAMPION');
  const error = new WorkflowFailedError('failed', failure, RetryState.NON_RETRYABLE_FAILURE);
  const { exitCode, stdout, stderr } = await runAgainst(['predict', '--dataset', 'trial'], {
    error,
  });
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toContain('error: It has none.');
});

test('a predictor that a loop needs is stopped only with --yes', async () => {
  const signals: string[] = [];
  const fake: FakeTemporal = {
    result: { model: 'activity', version: '2', predicted: 9, late: 0, deadLettered: 0 },
    parent: 'loop/trial',
    onSignal: (name) => signals.push(name),
  };
  const refused = await runAgainst(['predict', '--stop'], fake);
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('loop/trial needs the predictor of activity');
  expect(signals).toEqual([]);
  const stopped = await runAgainst(['predict', '--stop', '--yes'], fake);
  expect({ exitCode: stopped.exitCode, signals }).toEqual({ exitCode: 0, signals: ['stop'] });
});

test('without an address of the web UI there is no link to it', () => {
  const place = { namespace: 'default', workflowId: 'predict/activity' };
  expect(runLink({ ...place, uiUrl: '' })).toBe('');
  expect(runLink({ ...place, uiUrl: 'http://127.0.0.1:8233/' })).toContain('/namespaces/default/');
});

test('a relative source is made absolute; an address stays', () => {
  expect(absoluteSource('a.zip')).toBe(`${process.cwd()}/a.zip`);
  expect(absoluteSource('https://example.org/a.zip')).toBe('https://example.org/a.zip');
});

test('a fresh name is a valid name, and tells the moment', () => {
  expect(freshName('trial', new Date('2026-03-04T05:06:07.890Z'))).toBe('trial-20260304t050607z');
});

test('links survive ids with slashes', () => {
  const place = { uiUrl: 'http://ui/', namespace: 'default', workflowId: 'a/b c' };
  expect(runLink(place)).toBe('http://ui/namespaces/default/workflows/a%2Fb%20c');
});
