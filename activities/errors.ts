/** Turns the project's errors into typed failures at the boundary between activities and workflows. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { WatchlakeError } from '../core/errors';
import { WatchlakeError as KnownError, isWatchlakeError } from '../core/errors';

const FULL = ['ENOSPC', 'EDQUOT'];

/** A full disk met outside the store, such as by a stream of ours, is known as well. */
function knownError(error: unknown): WatchlakeError | null {
  if (isWatchlakeError(error)) return error;
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  return FULL.includes(code) ? new KnownError('STORE_FULL', { key: 'a file' }, error) : null;
}

/** JSON-safe: what a failure carries goes into a history. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null)) as unknown;

/**
 * The failure that a workflow sees: `type` is the code, `details` hold the context and the remedy.
 * What we do not know stays as it is, and Temporal retries it; cancellation is never translated.
 */
export function toFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const known = knownError(error);
  if (known === null) return error;
  return ApplicationFailure.create({
    message: `${known.message} ${known.remedy}`,
    type: known.code,
    nonRetryable: !known.retryable,
    details: [{ context: plain(known.context), remedy: known.remedy }],
    cause: error instanceof Error ? error : undefined,
  });
}
