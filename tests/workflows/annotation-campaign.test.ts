/** The campaign workflow: it waits for people, reminds, closes, and outlives any history. */
import { campaignState, cancelled } from '../support/fakes';
import { untilTrue } from '../support/jobs/made-table';
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

test('lands what was predicted before it chooses what to ask', async () => {
  await run('annotationCampaign', input);
  const known = { dataset: 'watch', model: 'activity' };
  expect(fakes.landPredictions.mock.calls).toEqual([[{ ...known, required: true }]]);
  const order = (name: 'prepareTopics' | 'landPredictions' | 'openCampaign') =>
    fakes[name].mock.invocationCallOrder[0] ?? Infinity;
  expect(order('landPredictions')).toBeGreaterThan(order('prepareTopics'));
  expect(order('openCampaign')).toBeGreaterThan(order('landPredictions'));
});

test.each([
  ['NO_CHAMPION', 'requireChampion'],
  ['NOTHING_PREDICTED', 'landPredictions'],
] as const)('opens nothing on %s', async (code, activity) => {
  fakes[activity].mockImplementation(failing(code));
  expect(await failureOf(run('annotationCampaign', input))).toContain(code);
  expect(fakes.openCampaign).not.toHaveBeenCalled();
});

test('ends at once, and says so, when there is nothing to ask', async () => {
  const nothing = { tasks: 0, labelled: 0, answered: 0, labels: { uncertain: 0, audit: 0 } };
  fakes.openCampaign.mockResolvedValue({ tasks: 0, uncertain: 0, audit: 0 });
  fakes.campaignProgress.mockResolvedValue(campaignState(nothing));
  fakes.closeCampaign.mockResolvedValue(campaignState({ ...nothing, status: 'closed' }));
  const handle = await start('annotationCampaign', input);
  await expect(handle.result()).resolves.toMatchObject({ outcome: 'nothing-to-ask', labels: 0 });
  expect(await durationMs(handle.workflowId)).toBeLessThan(MINUTE_MS);
});

test('says that it asks less than it was to, until people have answered', async () => {
  fakes.openCampaign.mockResolvedValue({ tasks: 7, uncertain: 6, audit: 1 });
  const state = { tasks: 7, labelled: 0, answered: 0 };
  fakes.campaignProgress.mockResolvedValue(campaignState(state));
  const handle = await start('annotationCampaign', input);
  await called('campaignProgress');
  const { facts } = await handle.query<{ facts: object }>('progress');
  expect(facts).toMatchObject({ tasks: 7, wanted: 20 });
  const { currentDetails } = await handle.query<{ currentDetails: string }>(
    '__temporal_workflow_metadata',
  );
  expect(currentDetails.split('\n')).toContain('- **on time**');
  await handle.cancel();
  await failureOf(handle.result());
});

test('is named after its run when it was given no name, also when it goes on as a new one', async () => {
  answer(() => 0);
  const { campaign: _campaign, ...unnamed } = input;
  const workflowId = 'annotate/weekly-2026-11-26T00:00:00Z';
  const hours = { lookMinutes: 60, closeMinutes: 24 * 60, eventsPerRun: 40 };
  const handle = await start('annotationCampaign', { ...unnamed, ...hours }, { workflowId });
  const campaign = 'weekly-2026-11-26T00:00:00Z';
  await expect(handle.result()).resolves.toMatchObject({ campaign, outcome: 'closed-early' });
  expect(fakes.openCampaign.mock.calls).toEqual([[expect.objectContaining({ campaign })]]);
  expect(fakes.closeCampaign).toHaveBeenCalledWith({ campaign });
  const { workflowId: id, firstExecutionRunId: runId } = handle;
  const first = await events({ workflowId: id, runId });
  expect(first.at(-1)?.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
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

test('says how many people have answered and how many they have skipped', async () => {
  fakes.campaignProgress.mockResolvedValue(campaignState({ labelled: 14, skipped: 1 }));
  const handle = await start('annotationCampaign', input);
  await called('campaignProgress');
  const shown = async () => (await handle.query<{ facts: object }>('progress')).facts;
  // The look has been asked for, but its answer may not have reached the workflow yet.
  await untilTrue(async () => 'answered' in (await shown()));
  expect(await shown()).toMatchObject({ answered: '14 of 20', tasksSkipped: 1 });
  await handle.cancel();
  await failureOf(handle.result());
});

test('does not wait for tasks that an erasure has taken away', async () => {
  const left = { tasks: 18, labelled: 18, answered: 18 };
  fakes.campaignProgress.mockResolvedValue(campaignState(left));
  fakes.closeCampaign.mockResolvedValue(campaignState({ ...left, status: 'closed' }));
  const handle = await start('annotationCampaign', { ...input, lookMinutes: 24 * 60 });
  await expect(handle.result()).resolves.toMatchObject({
    ...{ outcome: 'complete', tasks: 18, labels: 18, reminders: 0 },
  });
  expect(await durationMs(handle.workflowId)).toBeLessThan(MINUTE_MS);
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

test('publishes nothing when it could not open', async () => {
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
