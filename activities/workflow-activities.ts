/** Steps that look at other workflows: joins a run that somebody else has started. */
import type { Client } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import { translated } from './errors';

const HEARTBEAT_MS = 2_000;

export interface WorkflowDeps {
  client: Client;
}

export function createWorkflowActivities({ client }: WorkflowDeps) {
  return translated({
    // Safe to retry: it only waits for a result that does not change.
    async awaitWorkflow({ workflowId }: { workflowId: string }): Promise<unknown> {
      const context = Context.current();
      const heartbeat = setInterval(() => context.heartbeat({ workflowId }), HEARTBEAT_MS);
      try {
        const result: unknown = await Promise.race([
          client.workflow.getHandle(workflowId).result(),
          context.cancelled,
        ]);
        return result;
      } finally {
        clearInterval(heartbeat);
      }
    },
  });
}

export type WorkflowActivities = ReturnType<typeof createWorkflowActivities>;
