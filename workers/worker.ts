/** One worker process: a Temporal worker per task queue, over one connection, with metrics and logs. */
import { Runtime, Worker, type NativeConnection } from '@temporalio/worker';
import { TASK_QUEUES, type TaskQueue } from '../core/task-queues';
import { activitiesOf } from './activities';
import { workflowBundle } from './bundle';
import type { Config } from './config';
import type { Dependencies } from './dependencies';
import { createLog, temporalLogger } from './logging';

// How much runs side by side in one process. Training is bound by the processor, streams wait.
const ACTIVITIES_AT_ONCE: Record<TaskQueue, number> = {
  orchestration: 50,
  data: 4,
  training: 1,
  streaming: 20,
};

// Readers and writers of streams never end by themselves, and go on where they were committed:
// waiting for them would only make every stop longer.
const SHUTDOWN_GRACE: Record<TaskQueue, '15 seconds' | '1 second'> = {
  orchestration: '15 seconds',
  data: '15 seconds',
  training: '15 seconds',
  streaming: '1 second',
};

/** Sets up logs and metrics of the SDK; once in a process, before any worker. */
export function installRuntime(config: Config, metricsAddress: string | null): void {
  const log = createLog(config, 'worker');
  Runtime.install({
    logger: temporalLogger(log, config.LOG_LEVEL),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'WARN' }, forward: {} },
      ...(metricsAddress
        ? {
            metrics: {
              prometheus: {
                bindAddress: metricsAddress,
                countersTotalSuffix: true,
                unitSuffix: true,
              },
            },
          }
        : {}),
    },
  });
}

/** Creates the workers of the configured queues; run them with `runWorkers`. */
export async function createWorkers(
  config: Config,
  connection: NativeConnection,
  dependencies: Dependencies,
): Promise<Worker[]> {
  const queues = config.WORKER_QUEUES as TaskQueue[];
  const needsWorkflows = queues.includes(TASK_QUEUES.orchestration);
  const bundle = needsWorkflows ? await workflowBundle() : undefined;
  return Promise.all(
    queues.map((taskQueue) =>
      Worker.create({
        connection,
        namespace: config.TEMPORAL_NAMESPACE,
        taskQueue,
        activities: activitiesOf(taskQueue, dependencies),
        ...(taskQueue === TASK_QUEUES.orchestration ? { workflowBundle: bundle } : {}),
        maxConcurrentActivityTaskExecutions: ACTIVITIES_AT_ONCE[taskQueue],
        // A cancelled reader learns of it with its next heartbeat: keep those close together.
        maxHeartbeatThrottleInterval: '2 seconds',
        defaultHeartbeatThrottleInterval: '2 seconds',
        shutdownGraceTime: SHUTDOWN_GRACE[taskQueue],
        shutdownForceTime: '30 seconds',
      }),
    ),
  );
}

/** Runs until the signal; ends when every worker has stopped taking work and finished its tasks. */
export async function runWorkers(workers: Worker[], signal: AbortSignal): Promise<void> {
  const stop = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  signal.addEventListener('abort', stop, { once: true });
  const running = workers.map((worker) => worker.run());
  // It may have come while they were made.
  if (signal.aborted) stop();
  try {
    await Promise.all(running);
  } finally {
    // Where one has failed, the others finish what they do: their connection cannot be closed before.
    stop();
    await Promise.allSettled(running);
  }
}
