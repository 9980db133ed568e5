/** Steps that look at other workflows: joins a run that somebody else has started. */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { alive } from './alive';
import { asActivities } from './as-activities';

export interface WorkflowDeps {
  client: Client;
}

export function createWorkflowActivities({ client }: WorkflowDeps) {
  return asActivities({
    // Safe to retry: it only waits for a result that does not change.
    async awaitWorkflow({ workflowId }: { workflowId: string }): Promise<unknown> {
      alive().report({ workflowId });
      try {
        const result: unknown = await Promise.race([
          client.workflow.getHandle(workflowId).result(),
          Context.current().cancelled,
        ]);
        return result;
      } catch (error) {
        throw asOwnFailure(error, workflowId);
      }
    },
  });
}

/** A run that has failed stays failed: waiting for it again would never end. */
function asOwnFailure(error: unknown, workflowId: string): unknown {
  const isFinal = error instanceof WorkflowFailedError || error instanceof WorkflowNotFoundError;
  if (!isFinal) return error;
  const root = rootOf(error);
  return ApplicationFailure.create({
    message: `${workflowId} failed: ${root.message}`,
    type: root instanceof ApplicationFailure && root.type ? root.type : root.name,
    nonRetryable: true,
    cause: error,
  });
}

const rootOf = (error: Error): Error =>
  error.cause instanceof Error ? rootOf(error.cause) : error;

export type WorkflowActivities = ReturnType<typeof createWorkflowActivities>;
