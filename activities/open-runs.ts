/** Asks Temporal whether a run that a record in the registry names is still open. */
import { WorkflowNotFoundError, type Client } from '@temporalio/client';

/** Takes what `runReference` of the workflows gives: the id, and the first run of the chain. */
export function createOpenRuns(client: Client) {
  return async (run: string): Promise<boolean> => {
    const at = run.lastIndexOf('#');
    const [workflowId, firstRunId] = [run.slice(0, at), run.slice(at + 1)];
    try {
      const { status, raw } = await client.workflow.getHandle(workflowId).describe();
      const isSame = raw.workflowExecutionInfo?.firstRunId === firstRunId;
      return isSame && status.name === 'RUNNING';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  };
}
