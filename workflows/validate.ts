/** The first step of every workflow: the input is checked and its defaults are filled in. */
import { ActivityFailure, ApplicationFailure, proxyLocalActivities } from '@temporalio/workflow';
import type { InputActivities } from '../activities/input-activities';
import type { ValidInput, WorkflowInput, WorkflowName } from '../activities/inputs';
import { VALIDATION } from './profiles';

const { validateInput } = proxyLocalActivities<InputActivities>(VALIDATION);

/**
 * Fails the workflow with INPUT_INVALID, naming the field, when the input is wrong.
 *
 * A query may end the workflow task with this local activity. What is asked of the history from here
 * to the next activity, as for a patch, would be answered otherwise on replay: ask it before.
 */
export async function validated<N extends WorkflowName>(
  workflow: N,
  input: WorkflowInput<N>,
): Promise<ValidInput<N>> {
  try {
    return await validateInput({ workflow, input });
  } catch (error) {
    // The run's own failure has to name the field, not an activity that failed.
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    throw cause instanceof ApplicationFailure ? cause : error;
  }
}
