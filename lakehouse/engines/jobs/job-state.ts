/** What a state of a job means for whoever waits for it: a pure table, the same for steps and job runs. */

export interface JobState {
  /** As EMR's steps and Glue's job runs spell it. */
  readonly state: string;
  /** State of the cluster that it runs on; absent for job runs. */
  readonly cluster?: string;
}

/** `stopped`: by somebody. `lost`: through no fault of its own, worth another start. */
export type Verdict = 'wait' | 'done' | 'failed' | 'stopped' | 'lost';

const STATES: Readonly<Record<string, Verdict>> = {
  // Steps of EMR
  PENDING: 'wait',
  RUNNING: 'wait',
  CANCEL_PENDING: 'wait',
  COMPLETED: 'done',
  CANCELLED: 'stopped',
  INTERRUPTED: 'lost',
  // Job runs of Glue, besides RUNNING and FAILED
  WAITING: 'wait',
  STARTING: 'wait',
  STOPPING: 'wait',
  SUCCEEDED: 'done',
  STOPPED: 'stopped',
  TIMEOUT: 'stopped',
  ERROR: 'lost',
  EXPIRED: 'lost',
  FAILED: 'failed',
};

// Whoever stops it has had enough of it: nothing comes of it any more, though it has not ended.
const ENDING = ['CANCEL_PENDING', 'STOPPING'];
const ENDED_CLUSTERS = ['TERMINATING', 'TERMINATED', 'TERMINATED_WITH_ERRORS'];

export const isClusterEnded = (state: string | undefined): boolean =>
  ENDED_CLUSTERS.includes(state ?? '');

/** Whether it works, or will. */
export const isLive = (state: string): boolean =>
  classifyStepState({ state }) === 'wait' && !ENDING.includes(state);

/** A state that nobody knows is waited for: the limit of the job ends that. */
export function classifyStepState({ state, cluster }: JobState): Verdict {
  const verdict = STATES[state] ?? 'wait';
  return verdict !== 'done' && isClusterEnded(cluster) ? 'lost' : verdict;
}
