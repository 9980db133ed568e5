/** Workers of a test's own namespace, with the workflows as they are bundled. */
import { Worker } from '@temporalio/worker';
import type { TestNamespace } from './test-namespace';
import { testBundle } from './workflow-bundle';

interface Served {
  readonly queues: readonly string[];
  readonly activities: object;
}

/** One worker for each queue; the answer ends them all. */
export async function startWorkers(
  { native: connection, namespace }: TestNamespace,
  { queues, activities }: Served,
): Promise<() => Promise<void>> {
  const workflowBundle = { codePath: await testBundle() };
  const workers = await Promise.all(
    queues.map((taskQueue) =>
      Worker.create({
        ...{ connection, namespace, taskQueue, workflowBundle, activities },
        // A cancelled activity learns of it with its next heartbeat.
        maxHeartbeatThrottleInterval: '50 milliseconds',
        defaultHeartbeatThrottleInterval: '50 milliseconds',
      }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  };
}

export async function withWorkers<T>(
  temporal: TestNamespace,
  served: Served,
  work: () => Promise<T>,
): Promise<T> {
  const stop = await startWorkers(temporal, served);
  try {
    return await work();
  } finally {
    await stop();
  }
}
