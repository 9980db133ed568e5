/** Every workflow checks its input first: a wrong field is named, and nothing is done. */
import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { WORKFLOW_INPUTS, type WorkflowName } from '../../activities/inputs';
import { SEARCH_ATTRIBUTES } from '../../stack/temporal-namespace';
import { cancelled } from '../support/fakes';
import { useWorkflows } from '../support/workflow-environment';

const { fakes, run, runUnchecked, start, called } = useWorkflows();

/** One wrong field for each workflow, and how the message starts. */
const WRONG: Record<WorkflowName, [input: unknown, field: string]> = {
  ingest: [{ dataset: 'watch' }, 'ingest.source'],
  refreshTables: [{ dataset: 'watch', window: { lengthMs: 1 } }, 'refreshTables.window.lengthMs'],
  trainModel: [{ dataset: 'watch', subjects: ['Ann'] }, 'trainModel.subjects.0'],
  predictStream: [{ dataset: 'watch', runMinutes: 0 }, 'predictStream.runMinutes'],
  simulateDevices: [{ name: 'A B', dataset: 'watch' }, 'simulateDevices.name'],
  annotationCampaign: [{ campaign: 'c', dataset: 'Watch!' }, 'annotationCampaign.dataset'],
  athenaQuery: [{ sqlKey: 'SELECT 1', database: 'd', workgroup: 'w' }, 'athenaQuery.sqlKey'],
  aggregateDevices: [{ dataset: 'devices', grain: 'year' }, 'aggregateDevices.grain'],
  landDeviceEvents: [{ dataset: 'devices', maximumEvents: 0 }, 'landDeviceEvents.maximumEvents'],
  eraseSubject: [{ dataset: 'stedi', subject: 'ada@example.org' }, 'eraseSubject.subject'],
  provision: [{ action: 'plan', environment: 'e', bucket: 'No.Dots' }, 'provision.bucket'],
  retrain: [{ dataset: 'watch', gate: { alfa: 0.1 } }, 'retrain.gate'],
  activeLearningLoop: [{ name: 'n', dataset: 'watch', labels: 0 }, 'activeLearningLoop.labels'],
};

const names = Object.keys(WORKFLOW_INPUTS) as WorkflowName[];

async function failure(workflow: WorkflowName, input: unknown): Promise<ApplicationFailure> {
  const error: unknown = await runUnchecked(workflow, input).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  const { cause } = error as WorkflowFailedError;
  expect(cause).toBeInstanceOf(ApplicationFailure);
  return cause as ApplicationFailure;
}

function expectNothingDone() {
  const { validateInput, ...others } = fakes;
  expect(validateInput).toHaveBeenCalledTimes(1);
  for (const fake of Object.values(others)) expect(fake).not.toHaveBeenCalled();
}

test.each(names)('%s names the wrong field and does nothing', async (workflow) => {
  const [input, field] = WRONG[workflow];
  const { type, message, nonRetryable } = await failure(workflow, input);
  expect({ type, nonRetryable }).toEqual({ type: 'INPUT_INVALID', nonRetryable: true });
  expect(message).toContain(`${field}:`);
  expectNothingDone();
});

test.each(names)('%s refuses a field that it does not know', async (workflow) => {
  const { message } = await failure(workflow, { dataset: 'watch', nonsense: 1 });
  expect(message).toContain(workflow);
  expectNothingDone();
});

test.each(names)('%s refuses to start without any input', async (workflow) => {
  expect((await failure(workflow, undefined)).type).toBe('INPUT_INVALID');
  expectNothingDone();
});

test('tells where a run is and how far it came', async () => {
  fakes.publishRelease.mockImplementation(cancelled);
  const handle = await start('refreshTables', { dataset: 'watch' });
  await called('publishRelease');
  const progress = await handle.query<{ step: string; facts: Record<string, unknown> }, []>(
    'progress',
  );
  expect(progress.step).toBe('built window_features');
  expect(progress.facts).toMatchObject({ dataset: 'watch', windows: '280 rows' });
  const metadata = await handle.query<{ currentDetails?: string }, []>(
    '__temporal_workflow_metadata',
  );
  expect(metadata.currentDetails).toContain('- windows: **280 rows**');
  await handle.cancel();
  await expect(handle.result()).rejects.toThrow(WorkflowFailedError);
});

test('can be found by dataset, model, version and outcome', async () => {
  const handle = await start('retrain', { dataset: 'watch', model: 'activity' });
  await handle.result();
  const { searchAttributes } = await handle.describe();
  expect(SEARCH_ATTRIBUTES.map((name) => [name, searchAttributes[name]])).toEqual([
    ['WatchlakeDataset', ['watch']],
    ['WatchlakeModel', ['activity']],
    ['WatchlakeVersion', ['2']],
    ['WatchlakeOutcome', ['promote']],
  ]);
});

test('runs the check inside the workflow task, without a queue', async () => {
  await run('simulateDevices', { name: 'pool', dataset: 'watch' });
  expect(fakes.validateInput).toHaveBeenCalledTimes(1);
});
