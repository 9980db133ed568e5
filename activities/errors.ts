/** Turns the project's errors into typed failures at the boundary between activities and workflows. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { WatchlakeError } from '../core/errors';
import { withoutValues } from '../core/without-values';
import { WatchlakeError as KnownError, isWatchlakeError } from '../core/errors';

const FULL = ['ENOSPC', 'EDQUOT'];

/** A full disk met outside the store, such as by a stream of ours, is known as well. */
function knownError(error: unknown): WatchlakeError | null {
  if (isWatchlakeError(error)) return error;
  const code = (error as NodeJS.ErrnoException | null)?.code ?? '';
  return FULL.includes(code) ? new KnownError('STORE_FULL', { key: 'a file' }, error) : null;
}

/** The same error, and what lies under it, in other words. */
export function reworded(error: unknown, words: (text: string) => string): unknown {
  if (!isError(error)) return error;
  const [message, cause] = [words(error.message), reworded(error.cause, words)];
  if (message === error.message && cause === error.cause) return error;
  const clean = new Error(message, { cause });
  clean.name = error.name;
  clean.stack = [`${error.name}: ${message}`, ...framesOf(error)].join('\n');
  return clean;
}

/** Without the values that an engine quotes. */
const told = (error: unknown): unknown => reworded(error, withoutValues);

const isError = (error: unknown): error is Error =>
  typeof (error as Error | null)?.message === 'string';

const framesOf = ({ stack = '' }: Error): string[] =>
  stack.split('\n').filter((line) => /^ {4}at /.test(line));

/** JSON-safe: what a failure carries goes into a history. */
const contextOf = ({ context }: WatchlakeError): unknown =>
  JSON.parse(
    JSON.stringify(context, (_name, value: unknown) =>
      typeof value === 'string' ? withoutValues(value) : value,
    ),
  );

/**
 * The failure that a workflow sees: `type` is the code, `details` hold the context and the remedy.
 * What we do not know stays as it is, but for values of rows, and Temporal retries it; cancellation
 * is never translated.
 */
export function toFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const known = knownError(error);
  if (known === null) return told(error);
  const cause = told(error);
  return ApplicationFailure.create({
    message: `${withoutValues(known.message)} ${known.remedy}`,
    type: known.code,
    nonRetryable: !known.retryable,
    details: [{ context: contextOf(known), remedy: known.remedy }],
    cause: cause instanceof Error ? cause : undefined,
  });
}
