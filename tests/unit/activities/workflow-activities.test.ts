/** Joining a run of somebody else: its result is ours, and so is its failure. */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createWorkflowActivities } from '../../../activities/workflow-activities';

const joined = { workflowId: 'ingest/watch/c0ffee' };

const makeEnvironment = () =>
  new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });

function activityOver(result: () => Promise<unknown>) {
  const client = { workflow: { getHandle: () => ({ result }) } } as unknown as Client;
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
