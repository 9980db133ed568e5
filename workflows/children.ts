/** Starts a child workflow, or joins the one that already runs under its business id. */
import { ParentClosePolicy, executeChild, proxyActivities } from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { WorkflowActivities } from '../activities/workflow-activities';
import { JOINING } from './profiles';

const { awaitWorkflow } = proxyActivities<WorkflowActivities>(JOINING);

interface ChildCall<Input> {
  workflowId: string;
  args: [Input];
  summary: string;
}

/** The child's result; a run that somebody else started under the same id counts as ours. */
export async function runChild<Input, Result>(
  workflow: (input: Input) => Promise<Result>,
  { workflowId, args, summary }: ChildCall<Input>,
): Promise<Result> {
  try {
    return await executeChild(workflow, {
      workflowId,
      args,
      staticSummary: summary,
      // Work that was started is worth finishing cleanly, but not after its parent was ended.
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return (await awaitWorkflow({ workflowId })) as Result;
  }
}
