/** What a run waits for, as the web UI shows it: a timer without a name says only how long. */
import { campaignState } from '../support/fakes';
import { useWorkflows } from '../support/workflow-environment';

const { fakes, start, called, events } = useWorkflows();

async function timersOf(run: { workflowId: string; firstExecutionRunId: string }) {
  const { workflowId, firstExecutionRunId: runId } = run;
  const started = (await events({ workflowId, runId })).filter(
    ({ timerStartedEventAttributes }) => timerStartedEventAttributes,
  );
  return started.map(({ userMetadata }) => {
    const data = userMetadata?.summary?.data;
    return data ? (JSON.parse(Buffer.from(data).toString()) as string) : null;
  });
}

test('a campaign waits for answers', async () => {
  const state = (labelled: number) => campaignState({ labelled, answered: labelled });
  fakes.campaignProgress.mockResolvedValueOnce(state(0)).mockResolvedValue(state(20));
  fakes.closeCampaign.mockResolvedValue({ ...state(20), status: 'closed' });
  const input = { campaign: 'demo', dataset: 'watch', model: 'activity', labels: 20 };
  const run = await start('annotationCampaign', input);
  await run.result();
  expect(await timersOf(run)).toEqual(['Waits for answers']);
});

test('a retrain waits for another one', async () => {
  const expiresAt = '2026-01-01T12:00:00.000Z';
  fakes.takeLease.mockResolvedValueOnce({ acquired: false, holder: 'retrain/other', expiresAt });
  const run = await start('retrain', { model: 'activity', dataset: 'watch', waitMinutes: 20 });
  await run.result();
  expect(await timersOf(run)).toEqual(['Waits for another retrain']);
});

test('a predictor works until its history is renewed', async () => {
  const run = await start('predictStream', { model: 'activity', dataset: 'watch' });
  await called('runPredictor');
  await run.signal('stop');
  await run.result();
  expect(await timersOf(run)).toEqual(['Until a new history begins']);
});
