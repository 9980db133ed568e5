import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  ChildWorkflowFailure,
  RetryState,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { WorkflowFailedError, WorkflowNotFoundError } from '@temporalio/client';
import { CommanderError } from 'commander';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest } from '../../../cli/backup/manifest';
import { FailedRun, problemOf } from '../../../cli/problem';
import { ERRORS, WatchlakeError } from '../../../core/errors';

const RETRIES = RetryState.NON_RETRYABLE_FAILURE;

const inActivity = (cause: Error): Error =>
  new ActivityFailure('Activity task failed', 'buildTable', '1', RETRIES, 'worker', cause);

const inChild = (cause: Error): Error =>
  new ChildWorkflowFailure('default', { workflowId: 'a', runId: 'b' }, 'refresh', RETRIES, cause);

const inWorkflow = (cause: Error): Error =>
  new WorkflowFailedError('Workflow execution failed', cause, RETRIES);

test('an error of ours keeps its code, message and remedy', () => {
  const error = new WatchlakeError('DATASET_NOT_FOUND', { dataset: 'trial' });
  expect(problemOf(error)).toEqual({
    code: 'DATASET_NOT_FOUND',
    message: 'There is no dataset trial.',
    remedy: ERRORS.DATASET_NOT_FOUND.remedy,
  });
});

test('the failure at the bottom of a workflow, its child and its activity is the one that counts', () => {
  const failure = ApplicationFailure.create({
    type: 'CHECK_FAILED',
    message: 'The table windows failed its checks: overlap.',
    details: [{ remedy: 'Look at line 7.' }],
    nonRetryable: true,
  });
  expect(problemOf(inWorkflow(inChild(inActivity(failure))))).toEqual({
    code: 'CHECK_FAILED',
    message: 'The table windows failed its checks: overlap.',
    remedy: 'Look at line 7.',
  });
});

test('what lies below a translated failure is not shown instead of it', () => {
  const cause = new Error('ENOSPC: write');
  const failure = ApplicationFailure.create({ type: 'STORE_FULL', message: 'No space.', cause });
  expect(problemOf(inWorkflow(inActivity(failure))).code).toBe('STORE_FULL');
});

test('a place that cannot be written names the place, not the code that met it', () => {
  const message = "EACCES: permission denied, mkdir '/data/home'";
  const error = Object.assign(new Error(message), { code: 'EACCES', path: '/data/home' });
  expect(problemOf(error)).toMatchObject({
    code: 'NOT_WRITABLE',
    message: `/data/home cannot be written: ${message}`,
    remedy: expect.stringContaining('WATCHLAKE_HOME') as string,
  });
});

test("what is somebody else's is told not to be readable, by whichever call it was met", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-closed-'));
  const file = join(folder, 'manifest.json');
  await writeFile(file, 'hidden', { mode: 0o200 });
  await mkdir(join(folder, 'closed'), { mode: 0o200 });
  await chmod(folder, 0o755);
  const ownUser = process.geteuid?.() ?? 0;
  // The superuser may read everything.
  if (ownUser === 0) process.seteuid?.(65_534);
  try {
    const closed = join(folder, 'closed');
    const calls = [readdir(closed), readFile(file), readManifest(folder), readManifest(closed)];
    for (const call of calls) {
      expect(await call.catch(problemOf)).toMatchObject({ code: 'NOT_READABLE' });
    }
    // What was to be written there cannot be, either.
    const written = writeFile(join(closed, 'made.zip'), '');
    expect(await written.catch(problemOf)).toMatchObject({ code: 'NOT_WRITABLE' });
  } finally {
    process.seteuid?.(ownUser);
    await rm(folder, { recursive: true });
  }
});

test.each(['ENOSPC', 'EDQUOT'])('a full disk (%s) is told to be freed', (code) => {
  const error = Object.assign(new Error(`${code}: no space left, write`), { code });
  expect(problemOf(error)).toMatchObject({
    code: 'DISK_FULL',
    message: `There is no space left on the disk: ${code}: no space left, write`,
    remedy: expect.stringContaining('Free some') as string,
  });
});

test('a folder that cannot be made below a read-only one is not missing', () => {
  // What the recursive way of the runtime says of a read-only file system.
  const message = "ENOENT: no such file or directory, mkdir '/read-only/made'";
  const failure = { code: 'ENOENT', path: '/read-only/made', syscall: 'mkdir' };
  expect(problemOf(Object.assign(new Error(message), failure)).code).toBe('NOT_WRITABLE');
});

test('a remedy at the end of the message is said once', () => {
  const { remedy } = ERRORS.INPUT_INVALID;
  const failure = ApplicationFailure.nonRetryable(
    `retrain.seed: too small ${remedy}`,
    'INPUT_INVALID',
  );
  expect(problemOf(inWorkflow(failure))).toEqual({
    code: 'INPUT_INVALID',
    message: 'retrain.seed: too small',
    remedy,
  });
});

test('a failure that nobody foresaw names the workflow and what it said', () => {
  const failure = ApplicationFailure.create({ type: 'TypeError', message: 'x is undefined' });
  const error = new FailedRun({ workflowId: 'refresh/a', link: 'http://ui' }, inWorkflow(failure));
  expect(problemOf(error)).toEqual({
    code: 'RUN_FAILED',
    message: 'refresh/a failed: x is undefined',
    remedy: ERRORS.RUN_FAILED.remedy,
    run: 'http://ui',
  });
});

test.each([
  [new CancelledFailure('cancelled'), 'RUN_STOPPED', 'cancelled'],
  [new TerminatedFailure('terminated'), 'RUN_STOPPED', 'terminated'],
  [new TimeoutFailure('activity timed out', undefined, 'HEARTBEAT'), 'RUN_FAILED', 'too long'],
])('%s becomes %s', (failure, code, words) => {
  const problem = problemOf(inWorkflow(failure), 'train/a');
  expect(problem.code).toBe(code);
  expect(problem.message).toContain('train/a');
  expect(problem.message).toContain(words);
});

test('a workflow that does not exist is named', () => {
  const problem = problemOf(new WorkflowNotFoundError('not found', 'loop/x', undefined));
  expect(problem).toMatchObject({ code: 'RUN_NOT_FOUND', message: 'There is no workflow loop/x.' });
});

const GRPC_UNAVAILABLE = Object.assign(new Error('14 UNAVAILABLE: No connection'), {
  code: 14,
  details: 'No connection',
  metadata: {},
});

test.each([
  new Error('Failed to start', { cause: GRPC_UNAVAILABLE }),
  new Error('Failed to connect before the deadline'),
])('a server that does not answer is named (%s)', (error) => {
  expect(problemOf(error).code).toBe('TEMPORAL_UNAVAILABLE');
});

test('a mistake in the command line points to --help', () => {
  const error = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--x'");
  expect(problemOf(error)).toMatchObject({
    code: 'USAGE_INVALID',
    message: "Unknown option '--x'",
  });
});

test.each([new Error('odd'), 'odd'])('anything else is shown as it is', (thrown) => {
  expect(problemOf(thrown)).toMatchObject({ code: 'UNEXPECTED', message: 'odd' });
});
