/** Joining a run of somebody else: its result is ours, and so is its failure. */
import { WorkflowFailedError, defaultPayloadConverter, type Client } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createWorkflowActivities } from '../../../activities/workflow-activities';

const joined = { workflowId: 'ingest/watch/c0ffee' };
const refresh = { dataset: 'watch', window: { lengthMs: 2000, stepMs: 1000 } };

const makeEnvironment = () =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

/** Over a run that was started with that input. */
function activityOver(result: () => Promise<unknown>, started: unknown = {}) {
  const input = { payloads: [defaultPayloadConverter.toPayload(started)] };
  const events = [{ workflowExecutionStartedEventAttributes: { input } }];
  const client = {
    options: { namespace: 'default' },
    workflow: { getHandle: () => ({ result }) },
    workflowService: { getWorkflowExecutionHistory: async () => ({ history: { events } }) },
  } as unknown as Client;
  return createWorkflowActivities({ client }).awaitWorkflow;
}

async function failureOf(thrown: Error): Promise<ApplicationFailure> {
  const activity = activityOver(() => Promise.reject(thrown));
  const error: unknown = await makeEnvironment()
    .run(activity, joined)
    .catch((caught: unknown) => caught);
  return error as ApplicationFailure;
}

test('gives the result of the run that it joined', async () => {
  const activity = activityOver(() => Promise.resolve({ rows: 300 }));
  await expect(makeEnvironment().run(activity, joined)).resolves.toEqual({ rows: 300 });
});

test('fails for good, with the code that lies at the bottom, when that run failed', async () => {
  const bottom = ApplicationFailure.nonRetryable('a quote is not closed', 'CSV_MALFORMED');
  const activity = new ActivityFailure(
    undefined,
    'landBatch',
    '1',
    'NON_RETRYABLE_FAILURE',
    '',
    bottom,
  );
  const error = await failureOf(
    new WorkflowFailedError('failed', activity, 'NON_RETRYABLE_FAILURE'),
  );
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: 'CSV_MALFORMED', nonRetryable: true });
  expect(error.message).toContain(joined.workflowId);
});

test('fails for good when that run was cancelled', async () => {
  const cause = new CancelledFailure('cancelled by a person');
  const error = await failureOf(new WorkflowFailedError('cancelled', cause, 'CANCEL_REQUESTED'));
  expect(error).toMatchObject({ type: 'CancelledFailure', nonRetryable: true });
});

test('leaves what may pass to a retry', async () => {
  const outage = new Error('the server does not answer');
  expect(await failureOf(outage)).toBe(outage);
});

test('stops waiting when it is cancelled itself', async () => {
  const environment = makeEnvironment();
  const activity = activityOver(() => new Promise(() => undefined));
  const waiting = environment.run(activity, joined);
  environment.cancel('CANCELLED');
  await expect(waiting).rejects.toBeInstanceOf(CancelledFailure);
});

test('a run with the same input is joined, also when it names the defaults', async () => {
  const started = { dataset: 'watch', window: { lengthMs: 4000, stepMs: 2000 } };
  const activity = activityOver(() => Promise.resolve({ releaseId: 'r' }), started);
  const wanted = { workflow: 'refreshTables' as const, input: { dataset: 'watch' } };
  const call = { workflowId: 'refresh/watch', wanted };
  await expect(makeEnvironment().run(activity, call)).resolves.toEqual({ releaseId: 'r' });
});

describe('a run with another input', () => {
  const call = {
    workflowId: 'refresh/watch',
    wanted: { workflow: 'refreshTables' as const, input: { dataset: 'watch' } },
  };
  const differs = expect.objectContaining({
    type: 'RUN_DIFFERS',
    nonRetryable: true,
    message: expect.stringContaining('(window)') as string,
  }) as Error;

  test.each([
    ['has completed', () => Promise.resolve({ releaseId: 'theirs' })],
    [
      'has failed',
      () =>
        Promise.reject(
          new WorkflowFailedError('failed', new Error('bad'), 'NON_RETRYABLE_FAILURE'),
        ),
    ],
  ])('is told apart when it %s', async (_how, result) => {
    await expect(makeEnvironment().run(activityOver(result, refresh), call)).rejects.toEqual(
      differs,
    );
  });

  test('is waited for', async () => {
    let end = () => {};
    const result = new Promise<null>((resolve) => (end = () => resolve(null)));
    let isOver = false;
    const activity = activityOver(() => result, refresh);
    const waiting = makeEnvironment()
      .run(activity, call)
      .catch(() => (isOver = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isOver).toBe(false);
    end();
    await waiting;
    expect(isOver).toBe(true);
  });

  test('is refused at once where waiting is no help', async () => {
    const activity = activityOver(() => new Promise(() => undefined), refresh);
    const wanted = { ...call.wanted, refuse: true };
    await expect(makeEnvironment().run(activity, { ...call, wanted })).rejects.toEqual(differs);
  });

  test('is joined when it differs only in what does not matter', async () => {
    const activity = activityOver(() => Promise.resolve('theirs'), refresh);
    const wanted = { ...call.wanted, fields: ['dataset'] };
    await expect(makeEnvironment().run(activity, { ...call, wanted })).resolves.toBe('theirs');
  });
});
