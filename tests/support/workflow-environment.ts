/** Runs workflows on the time-skipping server against fakes of their activities. */
import type { WorkflowHandleWithStartDetails } from '@temporalio/client';
import { ApplicationFailure, type RetryPolicy, type TemporalFailure } from '@temporalio/common';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import type { WorkflowInput, WorkflowName } from '../../activities/inputs';
import { ALL_TASK_QUEUES, TASK_QUEUES } from '../../core/task-queues';
import { SEARCH_ATTRIBUTES } from '../../stack/temporal-namespace';
import { testServerProgram } from '../../stack/temporal-wheels';
import type * as workflows from '../../workflows';
import { happyActivities, type Activities } from './fakes';
import { testCache } from './start-stack';
import { testBundle } from './workflow-bundle';

export type Fakes = { readonly [Name in keyof Activities]: jest.MockedFunction<Activities[Name]> };

type Handle<N extends WorkflowName> = WorkflowHandleWithStartDetails<(typeof workflows)[N]>;

interface RunOptions {
  workflowId?: string;
  retry?: RetryPolicy;
}

const KEYWORD = 2; // temporal.api.enums.v1.IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
const START_LIMIT_MS = 120_000;
const CALL_LIMIT_MS = 30_000;

/** One server and its workers for a test file; the fakes are happy again before each test. */
export function useWorkflows() {
  const fakes = fakesOf(happyActivities());
  let environment: TestWorkflowEnvironment;
  let stop = async () => {};
  let started = 0;

  beforeAll(async () => {
    environment = await startEnvironment();
    stop = await startWorkers(environment, fakes);
  }, START_LIMIT_MS);
  beforeEach(() => reset(fakes));
  afterAll(async () => {
    await stop();
    await environment?.teardown();
  });

  const start = async <N extends WorkflowName>(
    workflow: N,
    input: WorkflowInput<N>,
    { workflowId = `${workflow}/${++started}`, retry }: RunOptions = {},
  ): Promise<Handle<N>> =>
    environment.client.workflow.start<(typeof workflows)[WorkflowName]>(workflow, {
      ...{ workflowId, retry },
      taskQueue: TASK_QUEUES.orchestration,
      args: [input] as Parameters<(typeof workflows)[WorkflowName]>,
    });

  return {
    fakes,
    start,
    client: () => environment.client,
    /** Waits until the activity has been called so often. */
    called: (name: keyof Activities, times = 1) => wasCalled(fakes[name], times),
    run: async <N extends WorkflowName>(
      workflow: N,
      input: WorkflowInput<N>,
      options?: RunOptions,
    ) => (await start(workflow, input, options)).result(),
    /** Any input, as a person may type it into the web UI. */
    runUnchecked: (workflow: WorkflowName, input: unknown) =>
      start(workflow, input as never).then((handle) => handle.result()),
    /** The events of one run. */
    events: async ({ workflowId, runId }: { workflowId: string; runId?: string }) => {
      const { events } = await environment.client.workflow
        .getHandle(workflowId, runId)
        .fetchHistory();
      return events ?? [];
    },
  };
}

function fakesOf(activities: Activities): Fakes {
  const names = Object.keys(activities);
  return Object.fromEntries(names.map((name) => [name, jest.fn()])) as unknown as Fakes;
}

function reset(fakes: Fakes): void {
  const happy = happyActivities();
  for (const [name, fake] of Object.entries(fakes)) {
    (fake as jest.Mock).mockReset().mockImplementation(happy[name as keyof Activities]);
  }
}

async function startEnvironment(): Promise<TestWorkflowEnvironment> {
  const quiet = { core: 'ERROR', other: 'ERROR' } as const;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: quiet, forward: {} } },
  });
  const path = await testServerProgram({ cache: testCache() });
  const environment = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  // This server knows how to add search attributes, but not how to list them.
  await environment.connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(SEARCH_ATTRIBUTES.map((name) => [name, KEYWORD])),
  });
  return environment;
}

async function startWorkers(environment: TestWorkflowEnvironment, fakes: Fakes) {
  const codePath = await testBundle();
  const workers = await Promise.all(
    ALL_TASK_QUEUES.map((taskQueue) =>
      Worker.create({
        connection: environment.nativeConnection,
        taskQueue,
        activities: fakes,
        ...(taskQueue === TASK_QUEUES.orchestration ? { workflowBundle: { codePath } } : {}),
        // A cancelled activity learns of it with its next heartbeat.
        maxHeartbeatThrottleInterval: '50 milliseconds',
        defaultHeartbeatThrottleInterval: '50 milliseconds',
      }),
    ),
  );
  const running = workers.map((worker) => worker.run());
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  };
}

/** A failure that is not worth a retry, as the real activities throw it. */
export const failing = (type: string) => () =>
  Promise.reject(ApplicationFailure.nonRetryable(`${type} happened`, type));

async function wasCalled(fake: { mock: { calls: unknown[] } }, times: number): Promise<void> {
  const startedMs = Date.now();
  while (fake.mock.calls.length < times) {
    if (Date.now() - startedMs > CALL_LIMIT_MS) throw new Error('the activity was not called');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** The types of a failure and of all that lies under it, outermost first. */
export async function failureOf(run: Promise<unknown>): Promise<string[]> {
  const error = await run.then(
    () => null,
    (failure: unknown) => failure,
  );
  const types: string[] = [];
  for (let each = error as TemporalFailure | null; each; each = each.cause as TemporalFailure) {
    types.push(each instanceof ApplicationFailure ? (each.type ?? each.name) : each.name);
  }
  return types;
}
