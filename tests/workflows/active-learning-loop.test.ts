/** The loop: its order, its barriers, and that it leaves no predictor behind. */
import { WorkflowFailedError } from '@temporalio/client';
import {
  RUN_COST,
  SUBJECTS,
  campaignState,
  cancelled,
  compared,
  comparison,
  six,
} from '../support/fakes';
import type { Activities } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const { fakes, run, start, called, client } = useWorkflows();

let loops = 0;
/** Each loop has its own dataset and model, so that no test meets another's child workflows. */
function loopInput() {
  const name = `loop-${++loops}`;
  return {
    ...{ name, dataset: `watch-${loops}`, model: `activity-${loops}`, source: 'data/sample.zip' },
    ...{ labels: 20, answeredBy: 'oracle' as const },
  };
}

const order = (name: keyof Activities, call = 0): number =>
  fakes[name].mock.invocationCallOrder[call] ?? NaN;

const statusOf = async (workflowId: string): Promise<string> =>
  (await client().workflow.getHandle(workflowId).describe()).status.name;

/** The negative control: a challenger that has learned nothing. */
const judgeBySeed = () =>
  fakes.compareVersions.mockImplementation(async ({ run: name }) =>
    compared(comparison(name.includes('-control') ? { challenger: six(0.2) } : {})),
  );

test('goes from recordings to a better champion, and rejects the negative control', async () => {
  judgeBySeed();
  fakes.endSession.mockResolvedValue(RUN_COST);
  const input = { ...loopInput(), engine: 'emr' as const, negativeControl: true };
  const result = await run('activeLearningLoop', input);
  expect(result.retrains.map(({ outcome }) => outcome)).toEqual(['promote', 'reject']);
  expect(result.champion).toMatchObject({ before: { version: '1' }, after: { version: '2' } });
  expect(result).toMatchObject({ windowsPredicted: 700, labels: 20, cost: RUN_COST });
  expect(fakes.moveChampion).toHaveBeenCalledTimes(1);
  expect(Object.keys(result.stages)).toEqual([
    'ingest',
    'refresh',
    'train',
    'stream',
    'label',
    'retrain',
    'stream again',
    'negative control',
    'report',
  ]);
  const shuffled = fakes.trainVersion.mock.calls.map(([call]) => call.shuffleLabels);
  expect(shuffled).toEqual([false, false, true]);
});

test('the details of a finished run say what was decided, beside the times', async () => {
  const handle = await start('activeLearningLoop', loopInput());
  const { retrains } = await handle.result();
  const { currentDetails } = await handle.query<{ currentDetails: string }>(
    '__temporal_workflow_metadata',
  );
  const version = retrains[0]?.challenger?.version;
  expect(currentDetails).toContain(`decision: **version ${version}, promote: proved-better**`);
});

test('reads no archive for a model that learned from another dataset', async () => {
  fakes.checkModelDataset.mockImplementation(failing('MODEL_OF_OTHER_DATASET'));
  const input = loopInput();
  expect(await failureOf(run('activeLearningLoop', input))).toContain('MODEL_OF_OTHER_DATASET');
  const { model, dataset } = input;
  expect(fakes.checkModelDataset).toHaveBeenCalledWith({ model, dataset });
  expect(fakes.identifySource).not.toHaveBeenCalled();
});

test('trains, streams and judges on subjects of the draw that do not overlap', async () => {
  await run('activeLearningLoop', loopInput());
  expect(fakes.freezeTrainingSet.mock.calls[0]?.[0].subjects).toEqual(SUBJECTS.bootstrap);
  const streamed = fakes.simulate.mock.calls.map(([{ subjectKeys }]) => subjectKeys);
  expect(streamed).toEqual([SUBJECTS.stream, SUBJECTS.holdout]);
  expect(fakes.openCampaign.mock.calls[0]?.[0].subjectKeys).toEqual(SUBJECTS.stream);
});

test('sends nothing before the predictor uses the champion of the moment', async () => {
  await run('activeLearningLoop', loopInput());
  const [first, second] = fakes.awaitChampion.mock.calls.map(([{ version }]) => version);
  expect([first, second]).toEqual(['1', '2']);
  expect(order('awaitChampion', 0)).toBeGreaterThan(order('announceChampion', 0));
  expect(order('simulate', 0)).toBeGreaterThan(order('awaitChampion', 0));
  expect(order('awaitChampion', 1)).toBeGreaterThan(order('moveChampion'));
  expect(order('simulate', 1)).toBeGreaterThan(order('awaitChampion', 1));
});

test('asks for labels only when every window that was sent is predicted and landed', async () => {
  await run('activeLearningLoop', loopInput());
  expect(fakes.awaitPredicted.mock.calls[0]?.[0].lastOffsets).toEqual({ '0': '29' });
  expect(order('landPredictions')).toBeGreaterThan(order('awaitPredicted'));
  expect(order('openCampaign')).toBeGreaterThan(order('landPredictions'));
  // Once after each replay: the campaign relies on the first.
  expect(fakes.landPredictions).toHaveBeenCalledTimes(2);
});

test('shows how many predictions were deleted before they landed, of both replays', async () => {
  const whole = await fakes.landPredictions({ dataset: 'watch', model: 'activity' });
  fakes.landPredictions.mockResolvedValue({ ...whole, skippedOffsets: 3 });
  const handle = await start('activeLearningLoop', loopInput());
  await handle.result();
  const { facts } = await handle.query<{ facts: object }>('progress');
  expect(facts).toMatchObject({ skippedOffsets: 6 });
});

test('says what it waits for, and where the answers are counted, until they are there', async () => {
  fakes.campaignProgress.mockResolvedValue(campaignState({ labelled: 3 }));
  const input = loopInput();
  const handle = await start('activeLearningLoop', input);
  await called('campaignProgress');
  const shown = async () => (await handle.query<{ facts: object }>('progress')).facts;
  expect(await shown()).toMatchObject({
    waitsFor: `up to 20 answers, counted in annotate/${input.name}`,
  });
  fakes.campaignProgress.mockResolvedValue(campaignState());
  const campaign = client().workflow.getHandle(`annotate/${input.name}`);
  await campaign.executeUpdate('labelBatch', { args: [{ batchId: 'batch-1' }] });
  await handle.result();
  expect(await shown()).toMatchObject({ waitsFor: null });
});

test('runs no negative control unless it is asked for', async () => {
  const { retrains } = await run('activeLearningLoop', loopInput());
  expect(retrains).toHaveLength(1);
  expect(fakes.trainVersion).toHaveBeenCalledTimes(2);
});

test('goes on with the old champion when the challenger is rejected', async () => {
  fakes.compareVersions.mockResolvedValue(compared(comparison({ challenger: six(0.6) })));
  const result = await run('activeLearningLoop', loopInput());
  expect(result.champion.after?.version).toBe('1');
  expect(fakes.awaitChampion.mock.calls.at(-1)?.[0].version).toBe('1');
  expect(fakes.moveChampion).not.toHaveBeenCalled();
});

test('shows the champion that stays when the retrain was skipped', async () => {
  fakes.takeLease.mockResolvedValue({ acquired: false, holder: 'retrain/other', expiresAt: '' });
  const { retrains, champion } = await run('activeLearningLoop', loopInput());
  expect(retrains.map(({ outcome }) => outcome)).toEqual(['skipped']);
  expect(champion.before).toMatchObject({ version: '1', macroF1: 0.7 });
  expect(champion.after).toEqual(champion.before);
  expect(fakes.writeReport.mock.calls[0]?.[0].scoreKey).toBe('scores/activity/1-abcd.json');
  // Somebody else may move the champion at any time: there is none to wait for.
  expect(fakes.awaitChampion).toHaveBeenCalledTimes(1);
  expect(fakes.moveChampion).not.toHaveBeenCalled();
});

test('the report gets what nobody had answered when the campaign closed', async () => {
  fakes.closeCampaign.mockResolvedValue(
    campaignState({ status: 'closed', answered: 15, labelled: 15, skipped: 2, open: 3 }),
  );
  await run('activeLearningLoop', loopInput());
  expect(fakes.writeReport.mock.calls[0]?.[0].labels).toMatchObject({ skipped: 2, unanswered: 3 });
});

test('scores no champion by itself after a comparison', async () => {
  await run('activeLearningLoop', loopInput());
  expect(fakes.scoreChampion).not.toHaveBeenCalled();
  expect(fakes.writeReport.mock.calls[0]?.[0].scoreKey).toBeNull();
});

test('stops its predictor, and only then ends', async () => {
  const input = loopInput();
  await run('activeLearningLoop', input);
  expect(await statusOf(`predict/${input.model}`)).toBe('COMPLETED');
});

test('stops its predictor also when a stage fails, and passes the code on', async () => {
  const input = loopInput();
  fakes.openCampaign.mockImplementation(failing('DATASET_NOT_FOUND'));
  expect(await failureOf(run('activeLearningLoop', input))).toContain('DATASET_NOT_FOUND');
  expect(await statusOf(`predict/${input.model}`)).toBe('COMPLETED');
  expect(fakes.trainVersion).toHaveBeenCalledTimes(1);
  expect(fakes.writeReport).not.toHaveBeenCalled();
});

test('starts no predictor when the recordings cannot be landed', async () => {
  fakes.openArchive.mockImplementation(failing('ARCHIVE_CORRUPT'));
  expect(await failureOf(run('activeLearningLoop', loopInput()))).toContain('ARCHIVE_CORRUPT');
  expect(fakes.runPredictor).not.toHaveBeenCalled();
  expect(fakes.buildTable).not.toHaveBeenCalled();
});

test('fails at once when its predictor fails, rather than wait for predictions', async () => {
  fakes.runPredictor.mockImplementation(failing('FEATURE_SCHEMA_DIFFERS'));
  fakes.awaitPredicted.mockImplementation(cancelled);
  const failure = await failureOf(run('activeLearningLoop', loopInput()));
  expect(failure).toContain('FEATURE_SCHEMA_DIFFERS');
  expect(fakes.openCampaign).not.toHaveBeenCalled();
});

test('fails when somebody stops the predictor that it needs', async () => {
  const input = loopInput();
  fakes.awaitPredicted.mockImplementation(cancelled);
  const handle = await start('activeLearningLoop', input);
  await called('runPredictor');
  await client().workflow.getHandle(`predict/${input.model}`).signal('stop');
  expect(await failureOf(handle.result())).toContain('PREDICTOR_STOPPED');
});

test('joins a predictor that somebody else runs, and leaves it running', async () => {
  const input = loopInput();
  const workflowId = `predict/${input.model}`;
  const { dataset, model } = input;
  const other = await start('predictStream', { dataset, model }, { workflowId });
  await called('runPredictor');
  fakes.awaitWorkflow.mockImplementation(cancelled);
  await run('activeLearningLoop', input);
  expect(fakes.runPredictor).toHaveBeenCalledTimes(1);
  expect(await statusOf(workflowId)).toBe('RUNNING');
  await other.signal('stop');
  await other.result();
});

test('runs a predictor of its own when the one that it joined ends', async () => {
  const input = loopInput();
  const workflowId = `predict/${input.model}`;
  const { dataset, model } = input;
  const other = await start('predictStream', { dataset, model }, { workflowId });
  await called('runPredictor');
  fakes.awaitWorkflow.mockImplementation(async () => {
    await other.signal('stop');
    return other.result();
  });
  fakes.awaitPredicted.mockImplementation(async () => {
    await called('runPredictor', 2);
    return {};
  });
  await run('activeLearningLoop', input);
  expect(await statusOf(workflowId)).toBe('COMPLETED');
});

test('joins a child that somebody else has started under the same id', async () => {
  const input = loopInput();
  const landed = { dataset: input.dataset, table: 'recordings_landing', snapshotId: 'theirs' };
  const counts = { members: 6, rows: 300, quarantined: {}, alreadyLanded: false };
  fakes.awaitWorkflow.mockResolvedValue({ ...landed, ...counts });
  fakes.landBatch.mockImplementationOnce(cancelled);
  const theirs = await start(
    'ingest',
    { source: input.source, dataset: input.dataset },
    { workflowId: `ingest/${input.dataset}/c0ffee` },
  );
  await called('landBatch');
  const { landing } = await run('activeLearningLoop', input);
  expect(landing?.snapshotId).toBe('theirs');
  expect(fakes.openArchive).toHaveBeenCalledTimes(1);
  await theirs.cancel();
  await expect(theirs.result()).rejects.toThrow(WorkflowFailedError);
});

test('builds its own tables after a refresh with another window, which it does not join', async () => {
  const input = loopInput();
  const workflowId = `refresh/${input.dataset}`;
  fakes.planRefresh.mockImplementationOnce(cancelled);
  const window = { lengthMs: 2000, stepMs: 1000 };
  const theirs = await start('refreshTables', { dataset: input.dataset, window }, { workflowId });
  await called('planRefresh');
  fakes.awaitWorkflow.mockImplementationOnce(async () => {
    await theirs.cancel();
    await theirs.result().catch(() => undefined);
    return failing('RUN_DIFFERS')();
  });
  await run('activeLearningLoop', input);
  const ours = { dataset: input.dataset, window: { lengthMs: 4000, stepMs: 2000 } };
  expect(fakes.awaitWorkflow).toHaveBeenCalledWith({
    workflowId,
    wanted: { workflow: 'refreshTables', input: ours },
  });
  expect(fakes.planRefresh).toHaveBeenCalledTimes(2);
  expect(fakes.planRefresh).toHaveBeenLastCalledWith(expect.objectContaining(ours));
});

test('fails when the predictor of its model runs on another dataset', async () => {
  const input = loopInput();
  const workflowId = `predict/${input.model}`;
  const { model } = input;
  const other = await start('predictStream', { dataset: 'elsewhere', model }, { workflowId });
  await called('runPredictor');
  fakes.awaitWorkflow.mockImplementation(failing('RUN_DIFFERS'));
  fakes.awaitChampion.mockImplementation(cancelled);
  expect(await failureOf(run('activeLearningLoop', input))).toContain('RUN_DIFFERS');
  expect(await statusOf(workflowId)).toBe('RUNNING');
  await other.signal('stop');
  await other.result();
});

test('cancels what it has started when it is cancelled itself', async () => {
  const input = loopInput();
  fakes.trainVersion.mockImplementation(async (call) => {
    if (call.snapshotId === 'training-1' && fakes.openCampaign.mock.calls.length > 0) {
      await cancelled();
    }
    return { version: '1', evaluation: null };
  });
  const handle = await start('activeLearningLoop', input);
  await called('trainVersion', 2);
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(await statusOf(handle.workflowId)).toBe('CANCELLED');
  expect(await statusOf(`predict/${input.model}`)).toBe('CANCELLED');
  const retrainId = `retrain/${input.model}/${input.name}-retrain`;
  expect(await statusOf(retrainId)).toBe('CANCELLED');
  expect(fakes.returnLease).toHaveBeenCalledTimes(1);
  expect(fakes.writeReport).not.toHaveBeenCalled();
});

test('lands what it is given in its format, and builds with the labelling that was chosen', async () => {
  const labelling = { spanMs: 60_000, activities: 'summed-up' as const };
  await run('activeLearningLoop', { ...loopInput(), format: 'casas', labelling });
  expect(fakes.identifySource.mock.calls[0]?.[0]).toMatchObject({ format: 'casas' });
  expect(fakes.openArchive.mock.calls[0]?.[0]).toMatchObject({ format: 'casas' });
  expect(fakes.planRefresh.mock.calls[0]?.[0]).toMatchObject({ labelling });
});

test('without a source it works on what the dataset holds', async () => {
  const { source: _none, ...input } = loopInput();
  const result = await run('activeLearningLoop', input);
  expect(result.landing).toBeNull();
  expect(Object.keys(result.stages)[0]).toBe('refresh');
  expect(fakes.openArchive).not.toHaveBeenCalled();
  expect(result.champion.after).toMatchObject({ version: '2' });
});
