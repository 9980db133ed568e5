/** Steps that look at other workflows: joins a run that somebody else has started. */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { Context } from '@temporalio/activity';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { WatchlakeError } from '../core/errors';
import { alive } from './alive';
import { asActivities } from './as-activities';
import type { WorkflowName } from './inputs';
import { differingFields, inputOf } from './running-input';

export interface WorkflowDeps {
  client: Client;
}

export interface JoinInput {
  workflowId: string;
  /** What the caller wanted to start; without it the run is joined whatever its input. */
  wanted?: {
    workflow: WorkflowName;
    input: unknown;
    /** The fields that matter; all of them when absent. */
    fields?: readonly string[];
    /** Whether a run with another input is refused at once, instead of when it has ended. */
    refuse?: boolean;
  };
}

async function resultOf(client: Client, workflowId: string): Promise<unknown> {
  try {
    return await Promise.race([
      client.workflow.getHandle(workflowId).result(),
      Context.current().cancelled,
    ]);
  } catch (error) {
    throw asOwnFailure(error, workflowId);
  }
}

const endOf = (client: Client, workflowId: string): Promise<unknown> =>
  resultOf(client, workflowId).catch((error: unknown) => {
    if (!(error instanceof ApplicationFailure)) throw error;
  });

async function differences(client: Client, { workflowId, wanted }: JoinInput): Promise<string[]> {
  if (wanted === undefined) return [];
  const running = await inputOf(client, { workflowId });
  const { workflow, input, fields } = wanted;
  const differing = differingFields(workflow, input, running);
  return differing.filter((field) => fields?.includes(field) ?? true);
}

export function createWorkflowActivities({ client }: WorkflowDeps) {
  return asActivities({
    // Safe to retry: it only waits for a result that does not change. RUN_DIFFERS, unless it refuses
    // at once, tells that the run with the other input has ended, however: the id is free.
    async awaitWorkflow(input: JoinInput): Promise<unknown> {
      const { workflowId } = input;
      alive().report({ workflowId });
      const fields = await differences(client, input);
      if (fields.length === 0) return resultOf(client, workflowId);
      if (input.wanted?.refuse !== true) await endOf(client, workflowId);
      throw new WatchlakeError('RUN_DIFFERS', { workflow: workflowId, fields: fields.join(', ') });
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
