/** The predictor's workflow: it stops when told, at a committed offset, and goes on as a new run. */
import { Context } from '@temporalio/activity';
import { TASK_QUEUES } from '../../core/task-queues';
import { cancelled, totals, untilCancelled } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const input = { dataset: 'watch', model: 'activity' };
// Long enough to start a predictor, short enough to wait for.
const SHORT_RUN = { ...input, runMinutes: 0.005 };
const { fakes, run, start, called, client, events } = useWorkflows();

test('runs until it is told to stop, and tells what was predicted', async () => {
  const handle = await start('predictStream', input);
  await called('runPredictor');
  await handle.signal('stop');
  const { predicted, version } = await handle.result();
  expect({ predicted, version }).toEqual({ predicted: 700, version: '1' });
  expect(fakes.runPredictor).toHaveBeenCalledTimes(1);
});

test('stops also when it is told to before the predictor has started', async () => {
  const handle = await client().workflow.signalWithStart('predictStream', {
    workflowId: 'predict/told-at-once',
    taskQueue: TASK_QUEUES.orchestration,
    args: [input],
    signal: 'stop',
  });
  await expect(handle.result()).resolves.toMatchObject({ late: 0, deadLettered: 0 });
});

test('stops although the predictor ended without totals when it was told to', async () => {
  fakes.runPredictor.mockImplementation(cancelled);
  const handle = await start('predictStream', input);
  await called('runPredictor');
  await handle.signal('stop');
  await expect(handle.result()).resolves.toMatchObject({ predicted: 0, version: null });
});

test('continues as new with the totals so far, and stops in the later run', async () => {
  const handle = await start('predictStream', SHORT_RUN);
  await called('runPredictor', 2);
  await client().workflow.getHandle(handle.workflowId).signal('stop');
  const { predicted } = await handle.result();
  const runs = fakes.runPredictor.mock.calls.length;
  expect(runs).toBeGreaterThan(1);
  expect(predicted).toBe(700 * runs);
  const first = await events({
    workflowId: handle.workflowId,
    runId: handle.firstExecutionRunId,
  });
  expect(first.at(-1)?.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
});

test('never runs two predictors at once when it continues as new', async () => {
  let [running, most] = [0, 0];
  fakes.runPredictor.mockImplementation(async () => {
    most = Math.max(most, ++running);
    await untilCancelled();
    await new Promise((resolve) => setTimeout(resolve, 100));
    running -= 1;
    return totals(1);
  });
  const handle = await start('predictStream', SHORT_RUN);
  await called('runPredictor', 3);
  await client().workflow.getHandle(handle.workflowId).signal('stop');
  await handle.result();
  expect(most).toBe(1);
});

test('fails with the code of a predictor that cannot go on', async () => {
  fakes.runPredictor.mockImplementation(failing('FEATURE_SCHEMA_DIFFERS'));
  expect(await failureOf(run('predictStream', input))).toContain('FEATURE_SCHEMA_DIFFERS');
  expect(fakes.runPredictor).toHaveBeenCalledTimes(1);
});

test('ends as cancelled only when its predictor has stopped', async () => {
  let stopped = false;
  fakes.runPredictor.mockImplementation(async () => {
    await untilCancelled();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(Context.current().cancellationSignal.aborted).toBe(true);
    stopped = true;
    return totals(5);
  });
  const handle = await start('predictStream', input);
  await called('runPredictor');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(stopped).toBe(true);
});
