/** Failures that a workflow finds out itself, worded by the one catalogue. */
import { ApplicationFailure } from '@temporalio/workflow';
import { isWatchlakeError } from '../core/errors';

/** A run ends by a failure alone; any other error would block it for ever. */
export function toFailure(error: unknown): unknown {
  if (!isWatchlakeError(error)) return error;
  return ApplicationFailure.create({
    message: `${error.message} ${error.remedy}`,
    type: error.code,
    nonRetryable: !error.retryable,
  });
}
