/** The campaign workflow: it waits for people, reminds, closes, and outlives any history. */
import { campaignState, cancelled } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const input = { campaign: 'demo', dataset: 'watch', model: 'activity', labels: 20 };
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const { fakes, run, start, called, client, events } = useWorkflows();

/** People who have answered so many tasks when somebody looks. */
function answer(count: () => number) {
  const state = () => campaignState({ labelled: count(), answered: count() });
  fakes.campaignProgress.mockImplementation(async () => state());
  fakes.closeCampaign.mockImplementation(async () => ({ ...state(), status: 'closed' }));
}

/** In the workflow's own time, which the server skips. */
async function durationMs(workflowId: string): Promise<number> {
  const { startTime, closeTime } = await client().workflow.getHandle(workflowId).describe();
  return (closeTime?.getTime() ?? Infinity) - startTime.getTime();
}

test('lets the oracle answer, closes, and publishes the labels afterwards', async () => {
  const result = await run('annotationCampaign', { ...input, answeredBy: 'oracle', byHand: 2 });
  expect(result).toMatchObject({ outcome: 'complete', labels: 20, uncertain: 17, audit: 3 });
  expect(fakes.answerAsOracle).toHaveBeenCalledWith({ campaign: 'demo', leave: 2 });
  const order = (name: 'closeCampaign' | 'publishLabels') =>
    fakes[name].mock.invocationCallOrder[0];
  expect(order('publishLabels')).toBeGreaterThan(order('closeCampaign') ?? Infinity);
});

test('never lets the oracle answer what people are asked', async () => {
  await run('annotationCampaign', input);
  expect(fakes.answerAsOracle).not.toHaveBeenCalled();
});

test('asks only about the subjects it was given', async () => {
  await run('annotationCampaign', { ...input, subjects: ['00000000000000c1'] });
  expect(fakes.openCampaign).toHaveBeenCalledWith(
    expect.objectContaining({ subjectKeys: ['00000000000000c1'], budget: 20 }),
  );
});

test('goes on at once when an Update says that the answers are there', async () => {
  let answered = 0;
  answer(() => answered);
  const handle = await start('annotationCampaign', { ...input, lookMinutes: 600 });
  await called('campaignProgress');
  answered = 20;
  const reply = await handle.executeUpdate('labelBatch', { args: [{ batchId: 'batch-1' }] });
  expect(reply).toEqual({ answered: 1 });
  await expect(handle.result()).resolves.toMatchObject({ outcome: 'complete', reminders: 0 });
  expect(await durationMs(handle.workflowId)).toBeLessThan(600 * MINUTE_MS);
});

test('takes an Update that arrives before its first step', async () => {
  answer(() => 20);
  const handle = await start('annotationCampaign', input);
  const reply = await handle.executeUpdate('labelBatch', { args: [{ batchId: 'early' }] });
  expect(reply).toEqual({ answered: 1 });
  await handle.result();
});

test('sees answers of which no Update told', async () => {
  answer(() => (fakes.campaignProgress.mock.calls.length < 3 ? 0 : 20));
  const handle = await start('annotationCampaign', input);
  await expect(handle.result()).resolves.toMatchObject({ outcome: 'complete', labels: 20 });
  const duration = await durationMs(handle.workflowId);
  expect(duration).toBeGreaterThanOrEqual(10 * MINUTE_MS);
  expect(duration).toBeLessThan(15 * MINUTE_MS);
});

test('reminds every day and closes after a week when nobody answers', async () => {
  answer(() => 0);
  const handle = await start('annotationCampaign', { ...input, lookMinutes: 24 * 60 });
  const result = await handle.result();
  expect(result).toMatchObject({ outcome: 'closed-early', labels: 0, reminders: 6 });
  const duration = await durationMs(handle.workflowId);
  expect(duration).toBeGreaterThanOrEqual(7 * DAY_MS);
  expect(duration).toBeLessThan(7 * DAY_MS + 60 * MINUTE_MS);
  expect(fakes.closeCampaign).toHaveBeenCalledTimes(1);
});

test('closes in time although it looks more rarely', async () => {
  answer(() => 0);
  const handle = await start('annotationCampaign', {
    ...input,
    lookMinutes: 24 * 60,
    closeMinutes: 30,
  });
  await handle.result();
  expect(await durationMs(handle.workflowId)).toBeLessThan(40 * MINUTE_MS);
});

test('counts skipped tasks as done, and answers that came just before the end', async () => {
  fakes.campaignProgress.mockResolvedValue(campaignState({ labelled: 15, skipped: 5 }));
  fakes.closeCampaign.mockResolvedValue(campaignState({ labelled: 16, skipped: 5 }));
  const result = await run('annotationCampaign', input);
  expect(result).toMatchObject({ outcome: 'complete', labels: 16, skipped: 5 });
});

test('ends when somebody else has closed it', async () => {
  fakes.campaignProgress.mockResolvedValue(campaignState({ labelled: 3, status: 'closed' }));
  fakes.closeCampaign.mockResolvedValue(campaignState({ labelled: 3, status: 'closed' }));
  const result = await run('annotationCampaign', input);
  expect(result).toMatchObject({ outcome: 'closed-early', labels: 3 });
});

test('continues as new without asking again, forgetting neither start nor reminders', async () => {
  answer(() => 0);
  const handle = await start('annotationCampaign', {
    ...input,
    lookMinutes: 12 * 60,
    eventsPerRun: 40,
  });
  const result = await handle.result();
  expect(result).toMatchObject({ outcome: 'closed-early', reminders: 6, tasks: 20 });
  expect(fakes.openCampaign).toHaveBeenCalledTimes(1);
  expect(fakes.closeCampaign).toHaveBeenCalledTimes(1);
  const { workflowId, firstExecutionRunId } = handle;
  const first = await events({ workflowId, runId: firstExecutionRunId });
  expect(first.at(-1)?.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
  expect(first.length).toBeLessThan(80);
});

test('opens nothing further when there is nothing to ask', async () => {
  fakes.openCampaign.mockImplementation(failing('DATASET_NOT_FOUND'));
  expect(await failureOf(run('annotationCampaign', input))).toContain('DATASET_NOT_FOUND');
  expect(fakes.publishLabels).not.toHaveBeenCalled();
});

test('stays open when it is cancelled, so that a new run goes on with its answers', async () => {
  answer(() => 5);
  const handle = await start('annotationCampaign', input);
  await called('campaignProgress');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.closeCampaign).not.toHaveBeenCalled();
  expect(fakes.publishLabels).not.toHaveBeenCalled();
});

test('stops the oracle when it is cancelled', async () => {
  fakes.answerAsOracle.mockImplementation(cancelled);
  const handle = await start('annotationCampaign', { ...input, answeredBy: 'oracle' });
  await called('answerAsOracle');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.campaignProgress).not.toHaveBeenCalled();
});
