/** Checks a workflow's input as its first step, and fills in the defaults. */
import { ApplicationFailure } from '@temporalio/activity';
import { z } from 'zod';
import { WatchlakeError } from '../core/errors';
import { WORKFLOW_INPUTS, type ValidInput, type WorkflowName } from './inputs';

/** Throws INPUT_INVALID naming the first wrong field and what it should be. */
export function parseInput<N extends WorkflowName>(workflow: N, input: unknown): ValidInput<N> {
  const parsed = z.safeParse(WORKFLOW_INPUTS[workflow], input ?? {});
  if (parsed.success) return parsed.data as ValidInput<N>;
  const issue = parsed.error.issues[0];
  const field = [workflow, ...(issue?.path ?? [])].join('.');
  throw new WatchlakeError('INPUT_INVALID', { field, detail: issue?.message ?? 'is not valid' });
}

export function createInputActivities() {
  return {
    // Safe to retry: a pure function of its input.
    async validateInput<N extends WorkflowName>(call: {
      workflow: N;
      input: unknown;
    }): Promise<ValidInput<N>> {
      try {
        return parseInput(call.workflow, call.input);
      } catch (error) {
        const problem = error as WatchlakeError;
        throw ApplicationFailure.nonRetryable(`${problem.message} ${problem.remedy}`, problem.code);
      }
    },
  };
}

export type InputActivities = ReturnType<typeof createInputActivities>;
