/** Turns whatever was thrown into a code, a message and a remedy for the person at the terminal. */
import {
  ApplicationFailure,
  CancelledFailure,
  isGrpcServiceError,
  ScheduleNotFoundError,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { CommanderError } from 'commander';
import { ERRORS, isWatchlakeError, WatchlakeError, type ErrorCode } from '../core/errors';
import { isFull } from '../stack/files';
import { isUnreadable } from './unreadable-file';

export interface Problem {
  code: string;
  message: string;
  remedy: string;
  /** Where the web UI shows the run that failed. */
  run?: string;
}

/** Thrown when a workflow that a command waited for did not complete. */
export class FailedRun extends Error {
  override readonly name = 'FailedRun';
  readonly workflowId: string;
  readonly link: string;

  constructor(run: { workflowId: string; link: string }, cause: unknown) {
    super(`${run.workflowId} did not complete`, { cause });
    this.workflowId = run.workflowId;
    this.link = run.link;
  }
}

const isCode = (type: unknown): type is ErrorCode => typeof type === 'string' && type in ERRORS;

const GRPC_UNAVAILABLE = 14;

const NO_CONNECTION = 'Failed to connect before the deadline';

/** The error of an absent server, which the client may wrap in one of its own. */
function unreachable(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined;
  const isGrpc = isGrpcServiceError(error) && (error.code as number) === GRPC_UNAVAILABLE;
  return isGrpc || error.message === NO_CONNECTION ? error : unreachable(error.cause);
}

const fromWatchlake = ({ code, message, remedy }: WatchlakeError): Problem => ({
  code,
  message,
  remedy,
});

/** The failure at the bottom of the chain: the activity's own, under its workflow's and children's. */
export function innermost(error: Error): Error {
  let deepest = error;
  while (deepest.cause instanceof Error) {
    // Below an application's failure lies what the activity has translated already.
    if (deepest instanceof ApplicationFailure && isCode(deepest.type)) break;
    deepest = deepest.cause;
  }
  return deepest;
}

/** Failures carry the remedy in their details, at the end of their message, or by their code alone. */
function remedyOf(failure: ApplicationFailure, code: ErrorCode): string {
  const carried = (failure.details ?? []).find(
    (detail): detail is { remedy: string } =>
      typeof (detail as { remedy?: unknown } | null)?.remedy === 'string',
  );
  return carried?.remedy ?? ERRORS[code].remedy;
}

function fromApplication(failure: ApplicationFailure, workflow: string): Problem {
  if (!isCode(failure.type)) {
    return fromWatchlake(
      new WatchlakeError('RUN_FAILED', { workflow, detail: failure.message }, failure),
    );
  }
  const remedy = remedyOf(failure, failure.type);
  const { message } = failure;
  const plain = message.endsWith(remedy) ? message.slice(0, -remedy.length).trimEnd() : message;
  return { code: failure.type, message: plain, remedy };
}

function fromTemporal(error: Error, workflow: string): Problem {
  const failure = innermost(error);
  if (failure instanceof ApplicationFailure) return fromApplication(failure, workflow);
  const stopped = (how: string) => new WatchlakeError('RUN_STOPPED', { workflow, how }, failure);
  if (failure instanceof CancelledFailure) return fromWatchlake(stopped('cancelled'));
  if (failure instanceof TerminatedFailure) return fromWatchlake(stopped('terminated'));
  const detail =
    failure instanceof TimeoutFailure ? `it took too long (${failure.message})` : failure.message;
  return fromWatchlake(new WatchlakeError('RUN_FAILED', { workflow, detail }, failure));
}

function fromCommander({ message }: CommanderError): Problem {
  const detail = message.replace(/^error: /, '');
  return fromWatchlake(new WatchlakeError('USAGE_INVALID', { detail: capitalised(detail) }));
}

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

// What the system says where a file or folder cannot be made.
const UNWRITABLE = new Set(['EACCES', 'EEXIST', 'EPERM', 'EROFS', 'ENOTDIR']);

function isUnwritable(error: unknown): error is Error & { path: string } {
  const { code, path, message, syscall } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
  // The recursive way of the runtime says ENOENT of a folder below a read-only one.
  const isRefused = UNWRITABLE.has(code ?? '') || (code === 'ENOENT' && syscall === 'mkdir');
  return isRefused && typeof path === 'string' && typeof message === 'string';
}

/** Never throws: what nobody foresaw becomes UNEXPECTED with its own message. */
export function problemOf(error: unknown, workflow = 'The workflow'): Problem {
  if (isWatchlakeError(error)) return fromWatchlake(error);
  if (error instanceof CommanderError) return fromCommander(error);
  if (error instanceof WorkflowFailedError || error instanceof TemporalFailure) {
    return fromTemporal(error, workflow);
  }
  if (error instanceof WorkflowNotFoundError) {
    const id = error.workflowId;
    return fromWatchlake(new WatchlakeError('RUN_NOT_FOUND', { workflow: id }, error));
  }
  if (error instanceof ScheduleNotFoundError) {
    const schedule = error.scheduleId;
    return fromWatchlake(new WatchlakeError('SCHEDULE_NOT_FOUND', { schedule }, error));
  }
  if (error instanceof FailedRun) {
    return { ...problemOf(error.cause, error.workflowId), run: error.link || error.workflowId };
  }
  if (error instanceof Error && isFull(error)) {
    return fromWatchlake(new WatchlakeError('DISK_FULL', { detail: error.message }, error));
  }
  if (isUnreadable(error)) {
    const { path, message } = error;
    return fromWatchlake(new WatchlakeError('NOT_READABLE', { path, detail: message }, error));
  }
  if (isUnwritable(error)) {
    const { path, message } = error;
    return fromWatchlake(new WatchlakeError('NOT_WRITABLE', { path, detail: message }, error));
  }
  const absent = unreachable(error);
  if (absent) {
    const detail = absent.message;
    return fromWatchlake(new WatchlakeError('TEMPORAL_UNAVAILABLE', { detail }, error));
  }
  const detail = error instanceof Error ? error.message || error.name : String(error);
  return fromWatchlake(new WatchlakeError('UNEXPECTED', { detail }, error));
}
