/** Temporal's own recovery of a refresh that AWS refused: mend the cause, reset the run to before its tables, and it builds. */
import { randomUUID } from 'node:crypto';
import type { RefreshActivities } from '../../activities/refresh-activities';
import { asActivities } from '../../activities/as-activities';
import { TASK_QUEUES } from '../../core/task-queues';
import { happyActivities } from '../support/fakes';
import { useJobCloud } from '../support/jobs/cloud';
import { MADE_TABLE, buildMade, contextNamed, madeRows } from '../support/jobs/made-table';
import { createTestNamespace, type TestNamespace } from '../support/test-namespace';
import { failureOf } from '../support/workflow-environment';
import { withWorkers } from '../support/workers';

jest.setTimeout(180_000);

const cloud = useJobCloud();
let temporal: TestNamespace;

beforeAll(async () => {
  cloud.standIn(await madeRows());
  temporal = await createTestNamespace('reset');
});
afterAll(() => temporal.close());

type Lake = Awaited<ReturnType<typeof cloud.lake>>;

/** The plan is the fakes' own; the table is built by the engine, in the session that the workflow gives. */
const activitiesOn = (lake: Lake, sessions: string[]) => ({
  ...happyActivities(),
  ...asActivities<Pick<RefreshActivities, 'planRefresh' | 'buildTable' | 'endSession'>>({
    planRefresh: async ({ dataset }) => ({
      ...{ dataset, stages: [{ tables: [MADE_TABLE.name] }], planKey: 'plans/made.json' },
    }),
    buildTable: async ({ table, session = '' }) => {
      sessions.push(session);
      const { manifest } = await buildMade(lake, 'emr', contextNamed(session));
      const { snapshotId, rows, job } = manifest;
      const none = { quarantined: {}, dropped: {}, firstProblems: [] };
      return { table, snapshotId, rows, reused: false, ...none, ...(job ? { job } : {}) };
    },
    endSession: ({ session }) => lake.endSession({ engine: 'emr', dataset: 'made', session }),
  }),
});

/** Runs again from the workflow task that has scheduled the first table; gives the new run's id. */
async function resetToBuild(of: { workflowId: string; runId: string }): Promise<string> {
  const { client, namespace } = temporal;
  const { events } = await client.workflow.getHandle(of.workflowId, of.runId).fetchHistory();
  const build = (events ?? [])
    .map((event) => event.activityTaskScheduledEventAttributes)
    .find((scheduled) => scheduled?.activityType?.name === 'buildTable');
  const { runId } = await client.workflowService.resetWorkflowExecution({
    ...{ namespace, workflowExecution: of, requestId: randomUUID() },
    workflowTaskFinishEventId: build?.workflowTaskCompletedEventId,
    reason: 'the subnet is there now',
  });
  return runId;
}

test('a run that failed for its cluster builds its tables when it is reset', async () => {
  const lake = await cloud.lake();
  const sessions: string[] = [];
  cloud.emr().failNextCluster('VALIDATION_ERROR', 'The subnet does not exist');
  const queues = [TASK_QUEUES.orchestration, TASK_QUEUES.data];
  const served = { queues, activities: activitiesOn(lake, sessions) };
  await withWorkers(temporal, served, async () => {
    const workflowId = 'refresh/made';
    const handle = await temporal.client.workflow.start('refreshTables', {
      ...{ workflowId, taskQueue: TASK_QUEUES.orchestration },
      args: [{ dataset: 'watch', engine: 'emr' }],
    });
    expect(await failureOf(handle.result())).toContain('CLUSTER_FAILED');
    const runId = handle.firstExecutionRunId;
    const again = await resetToBuild({ workflowId, runId });
    const result: unknown = await temporal.client.workflow.getHandle(workflowId, again).result();
    expect(result).toMatchObject({ tables: { made: { rows: 1000, job: { session: again } } } });
    expect(sessions).toEqual([runId, again]);
  });
});
