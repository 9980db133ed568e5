/** A flood of Updates while a campaign cannot look: the history of a run stays bounded. */
import { campaignState } from '../support/fakes';
import { useWorkflows } from '../support/workflow-environment';

const MOST_UPDATES = 2_500;
const AT_ONCE = 20;
const { fakes, start, events, called } = useWorkflows();

test('refuses Updates that would outgrow the history, and goes on when it can look again', async () => {
  let release = () => {};
  const outage = new Promise<void>((resolve) => (release = resolve));
  fakes.campaignProgress.mockImplementationOnce(async () => {
    await outage;
    return campaignState({ labelled: 0, answered: 0 });
  });
  const handle = await start('annotationCampaign', { campaign: 'demo', dataset: 'watch' });
  await called('campaignProgress');

  let [sent, refused] = [0, 0];
  while (refused === 0 && sent < MOST_UPDATES) {
    const flood = Array.from({ length: AT_ONCE }, (_, index) =>
      handle.executeUpdate('labelBatch', { args: [{ batchId: `batch-${sent + index}` }] }),
    );
    const replies = await Promise.allSettled(flood);
    refused += replies.filter(({ status }) => status === 'rejected').length;
    sent += AT_ONCE;
  }
  expect(refused).toBeGreaterThan(0);
  release();

  await expect(handle.result()).resolves.toMatchObject({ outcome: 'complete', labels: 20 });
  const { workflowId, firstExecutionRunId } = handle;
  const first = await events({ workflowId, runId: firstExecutionRunId });
  expect(first.length).toBeLessThan(2_000);
  expect(first.at(-1)?.workflowExecutionContinuedAsNewEventAttributes).toBeTruthy();
}, 120_000);
