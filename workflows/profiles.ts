/** Timeouts, heartbeats and retries of every kind of activity, in one place. */
import type { ActivityOptions, LocalActivityOptions, RetryPolicy } from '@temporalio/workflow';
import { TASK_QUEUES } from '../core/task-queues';

// An outage of Kafka or PostgreSQL ends by itself more often than not: retries go on until the
// schedule-to-close timeout, never more than 20 seconds apart.
const patient: RetryPolicy = {
  initialInterval: '500 milliseconds',
  backoffCoefficient: 2,
  maximumInterval: '20 seconds',
};

/** Pure checks inside the worker: no queue, no network. */
export const VALIDATION: LocalActivityOptions = {
  startToCloseTimeout: '5 seconds',
  retry: { maximumAttempts: 3 },
};

/** One round trip to a database, a topic or the catalogue. */
export const SHORT: ActivityOptions = {
  taskQueue: TASK_QUEUES.orchestration,
  startToCloseTimeout: '30 seconds',
  scheduleToCloseTimeout: '1 hour',
  retry: patient,
};

/** Work on data: minutes to hours, alive as long as it heartbeats. */
export const DATA: ActivityOptions = {
  taskQueue: TASK_QUEUES.data,
  startToCloseTimeout: '6 hours',
  scheduleToCloseTimeout: '24 hours',
  heartbeatTimeout: '20 seconds',
  retry: patient,
};

/**
 * Tables that AWS builds: three generations of a job of the longest limit (JOB_LIMIT_MINUTES), clusters that
 * start, and a log that comes late. What an attempt leaves behind at its own limit, the next one adopts.
 */
export const CLOUD_BUILD: ActivityOptions = {
  ...DATA,
  scheduleToCloseTimeout: '7 days',
};

/** Cleaning up after a run: what cannot be done soon is left to whatever ends it by itself. */
export const CLEANUP: ActivityOptions = {
  ...DATA,
  startToCloseTimeout: '10 minutes',
  scheduleToCloseTimeout: '30 minutes',
};

/** Training and scoring of a model. */
export const TRAINING: ActivityOptions = {
  taskQueue: TASK_QUEUES.training,
  startToCloseTimeout: '6 hours',
  scheduleToCloseTimeout: '24 hours',
  heartbeatTimeout: '30 seconds',
  retry: patient,
};

/** Readers and writers of Kafka that run as long as their workflow wants them. */
export const STREAMING: ActivityOptions = {
  taskQueue: TASK_QUEUES.streaming,
  startToCloseTimeout: '30 days',
  scheduleToCloseTimeout: '30 days',
  heartbeatTimeout: '15 seconds',
  // A cancelled reader ends at a committed offset and reports its totals: wait for that.
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: patient,
};

/** Waiting for another part of the system: as long as it takes, within a bound. */
export const WAITING: ActivityOptions = {
  taskQueue: TASK_QUEUES.streaming,
  startToCloseTimeout: '2 hours',
  scheduleToCloseTimeout: '6 hours',
  heartbeatTimeout: '15 seconds',
  retry: patient,
};

/** Drives people's work over HTTP. */
export const ERRANDS: ActivityOptions = {
  taskQueue: TASK_QUEUES.orchestration,
  startToCloseTimeout: '2 hours',
  scheduleToCloseTimeout: '24 hours',
  heartbeatTimeout: '20 seconds',
  retry: patient,
};

/** Waits for a workflow that somebody else has started: as long as a campaign may take. */
export const JOINING: ActivityOptions = {
  ...ERRANDS,
  startToCloseTimeout: '1 day',
  scheduleToCloseTimeout: '90 days',
};
