/** How records in the registry name the workflow run that wrote them. */
import { workflowInfo } from '@temporalio/workflow';

/** Stays the same over retries, resets and continue-as-new of one run. */
export function runReference(): string {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return `${workflowId}#${firstExecutionRunId}`;
}
