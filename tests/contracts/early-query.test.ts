/**
 * A query at the very start of a run, as the web UI and the command line send it, cuts the first task
 * in two: the local activity that checks the input ends the first half. What is asked between the
 * halves, such as `patched()`, is answered otherwise on replay, and the run stands still with the next
 * worker. It has to be asked before the local activity, or behind another activity.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporal as proto } from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { PROJECT_ROOT } from '../../core/project-root';
import { ALL_TASK_QUEUES, TASK_QUEUES } from '../../core/task-queues';
import * as workflows from '../../workflows';
import { happyActivities } from '../support/fakes';
import { HISTORY_CASES, type HistoryCase } from '../support/history-cases';
import { createTestNamespace, type TestNamespace } from '../support/test-namespace';
import { startWorkers, withWorkers } from '../support/workers';
import { testBundle } from '../support/workflow-bundle';

const LIMIT_MS = 60_000;
const { EventType } = proto.api.enums.v1;

const sources = join(PROJECT_ROOT, 'workflows');
/** In whatever way a file imports it. */
const asksForPatch = (file: string) => /\bpatched\b/.test(readFileSync(file, 'utf8'));
const isPatched = (workflow: string): boolean =>
  asksForPatch(join(sources, `${workflow.replace(/[A-Z]/g, (at) => `-${at.toLowerCase()}`)}.ts`));

/** The first case that goes well by itself, of each workflow that asks for a patch. */
const cases = new Map<string, HistoryCase>();
for (const each of HISTORY_CASES) {
  const goesWell = each.drive === undefined && each.ends === 'COMPLETED';
  if (goesWell && isPatched(each.workflow) && !cases.has(each.workflow))
    cases.set(each.workflow, each);
}

let temporal: TestNamespace;
let codePath: string;
let present = happyActivities();
let stopOthers: () => Promise<void>;

beforeAll(async () => {
  temporal = await createTestNamespace('early-query');
  codePath = await testBundle();
  const names = Object.keys(present) as (keyof typeof present)[];
  const call = (name: keyof typeof present) => (input: never) => present[name](input);
  const activities = Object.fromEntries(names.map((name) => [name, call(name)]));
  const queues = ALL_TASK_QUEUES.filter((queue) => queue !== TASK_QUEUES.orchestration);
  stopOthers = await startWorkers(temporal, { queues, activities });
}, LIMIT_MS);
afterAll(async () => {
  await stopOthers();
  await temporal.close();
});

/** Of a run whose first task waited for a worker, and a query with it. */
async function historyOfAsked({ workflow, input, activities }: HistoryCase) {
  present = { ...happyActivities(), ...activities?.() };
  const workflowId = `${workflow}/asked`;
  const taskQueue = TASK_QUEUES.orchestration;
  const run = { workflowId, taskQueue, args: [input] };
  const handle = await temporal.client.workflow.start(workflow, run);
  const asked = handle.query('__stack_trace');
  await withWorkers(temporal, { queues: [taskQueue], activities: present }, async () => {
    await Promise.all([handle.result(), asked]);
  });
  return handle.fetchHistory();
}

/** The types of the events before the first activity that is not local. */
function beginningOf({ events }: Awaited<ReturnType<typeof historyOfAsked>>) {
  const types = (events ?? []).map(({ eventType }) => eventType);
  return types.slice(0, types.indexOf(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED));
}

test('asks every workflow that has a patch, and no other file asks for one', () => {
  expect([...cases.keys()].sort()).toEqual(Object.keys(workflows).filter(isPatched).sort());
  const files = readdirSync(sources).filter((file) => asksForPatch(join(sources, file)));
  expect(files).toHaveLength(cases.size);
});

test.each([...cases.values()])(
  '$workflow goes on with any worker when it was asked at its first task',
  async (each) => {
    const history = await historyOfAsked(each);
    const beginning = beginningOf(history);
    const marker = beginning.indexOf(EventType.EVENT_TYPE_MARKER_RECORDED);
    // The local activity ended a task of its own, or this would tell nothing.
    expect(beginning.slice(marker)).toContain(EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED);
    await Worker.runReplayHistory({ workflowBundle: { codePath } }, history);
  },
  LIMIT_MS,
);
