/** Decides whether an answer to a label task counts. */
import type { ErrorCode } from '../core/errors';

export interface Answer {
  task: string;
  /** The lease under which the task was handed out. */
  lease: string;
  /** Null when the annotator cannot tell: the task is skipped and gets no label. */
  label: string | null;
}

export interface TaskState {
  status: 'open' | 'leased' | 'answered' | 'skipped';
  lease: string | null;
  annotator: string | null;
  /** The label that it has got. */
  label: string | null;
  labels: readonly string[];
  closed: boolean;
}

export type Judgement =
  | 'accept'
  | 'repeat'
  | Extract<
      ErrorCode,
      'TASK_NOT_FOUND' | 'TASK_LEASE_LOST' | 'TASK_ANSWERED' | 'LABEL_UNKNOWN' | 'CAMPAIGN_CLOSED'
    >;

/**
 * A lease that ran out still counts as long as nobody else took the task: the work is done. The
 * same answer under the same lease is a repetition (a lost response), another one comes too late.
 */
export function judgeAnswer(
  task: TaskState | undefined,
  annotator: string,
  answer: Answer,
): Judgement {
  if (task === undefined) return 'TASK_NOT_FOUND';
  if (task.lease !== answer.lease || task.annotator !== annotator) return 'TASK_LEASE_LOST';
  if (task.status === 'answered' || task.status === 'skipped')
    return task.label === answer.label ? 'repeat' : 'TASK_ANSWERED';
  if (task.closed) return 'CAMPAIGN_CLOSED';
  if (answer.label !== null && !task.labels.includes(answer.label)) return 'LABEL_UNKNOWN';
  return 'accept';
}

export interface UndoState extends Pick<TaskState, 'status' | 'lease' | 'annotator' | 'closed'> {
  /** The time with the annotator is over. */
  expired: boolean;
}

/**
 * Whether whoever gave an answer may take it back: as long as the task would be theirs without it.
 * A task that has no answer is simply handed out again.
 */
export function judgeUndo(
  task: UndoState | undefined,
  annotator: string,
  lease: string,
): Exclude<Judgement, 'TASK_ANSWERED' | 'LABEL_UNKNOWN'> {
  if (task === undefined) return 'TASK_NOT_FOUND';
  if (task.lease !== lease || task.annotator !== annotator) return 'TASK_LEASE_LOST';
  if (task.closed) return 'CAMPAIGN_CLOSED';
  if (task.status === 'open' || task.status === 'leased') return 'repeat';
  return task.expired ? 'TASK_LEASE_LOST' : 'accept';
}
