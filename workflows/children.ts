/** Starts a child workflow, or joins the one that already runs under its business id. */
import {
  ActivityFailure,
  ApplicationFailure,
  ParentClosePolicy,
  executeChild,
  log,
  proxyActivities,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { WorkflowName } from '../activities/inputs';
import type { WorkflowActivities } from '../activities/workflow-activities';
import type { ErrorCode } from '../core/errors';
import { JOINING } from './profiles';

const { awaitWorkflow } = proxyActivities<WorkflowActivities>(JOINING);

const RUN_DIFFERS: ErrorCode = 'RUN_DIFFERS';
// Each time another run with other inputs was faster.
const MOST_TRIES = 20;

interface ChildCall<Input> {
  workflowId: string;
  args: [Input];
  summary: string;
  /** Whatever its input, the result of a run that is under way will do. */
  joinsAny?: boolean;
}

/**
 * The child's result. A run that somebody else started under the same id counts as ours when its
 * input is the same; else ours begins when that has ended.
 */
export async function runChild<Input, Result>(
  workflow: (input: Input) => Promise<Result>,
  call: ChildCall<Input>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await start(workflow, call);
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    try {
      return await join(workflow, call);
    } catch (error) {
      if (tries === MOST_TRIES || !hadOtherInput(error)) throw error;
      log.info('a run with other inputs has ended, ours begins', { workflowId: call.workflowId });
    }
  }
}

const start = <Input, Result>(
  workflow: (input: Input) => Promise<Result>,
  { workflowId, args, summary }: ChildCall<Input>,
) =>
  executeChild(workflow, {
    workflowId,
    args,
    staticSummary: summary,
    // Work that was started is worth finishing cleanly, but not after its parent was ended.
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
  });

async function join<Input, Result>(
  workflow: (input: Input) => Promise<Result>,
  { workflowId, args, joinsAny = false }: ChildCall<Input>,
): Promise<Result> {
  const wanted = { workflow: workflow.name as WorkflowName, input: args[0] };
  return (await awaitWorkflow({ workflowId, ...(joinsAny ? {} : { wanted }) })) as Result;
}

/** Whether the run under the id was another one than the caller wanted. */
export const hadOtherInput = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof ApplicationFailure &&
  error.cause.type === RUN_DIFFERS;
