/** How a detached supervisor hands over how far it is, and why it has ended: as lines of its log. */
import { ERRORS, isWatchlakeError, WatchlakeError, type ErrorContext } from '../core/errors';
import type { OnProgress } from '../stack/progress';

interface Failure {
  readonly code?: string;
  readonly context?: ErrorContext;
  readonly message: string;
}

export function failureLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  const { code, context } = isWatchlakeError(error) ? error : {};
  const failure: Failure = { code, context, message };
  return JSON.stringify({ failure, stack });
}

interface LogLine {
  readonly progress?: Parameters<OnProgress>[0];
  readonly failure?: Failure;
  readonly level?: number;
  readonly err?: { readonly message?: string };
}

/** A line of a log of ours; null of what other programs have written there. */
export function logLine(line: string): LogLine | null {
  try {
    return JSON.parse(line) as LogLine | null;
  } catch {
    return null;
  }
}

const isCode = (code: string | undefined): code is keyof typeof ERRORS =>
  code !== undefined && Object.hasOwn(ERRORS, code);

/** The last failure in the text; `log`: where it was read. */
export function failureIn(text: string, log: string): WatchlakeError {
  const failure = text
    .split('\n')
    .map((line) => logLine(line)?.failure)
    .findLast((found) => found !== undefined);
  if (isCode(failure?.code)) return new WatchlakeError(failure.code, failure.context);
  const detail = failure?.message ?? `see ${log}`;
  return new WatchlakeError('STACK_FAILED', { service: 'Watchlake', detail });
}
