/** Waits for a job: looks less and less often, and survives a service that does not answer for a while. */
import { isWatchlakeError } from '../../../core/errors';
import { pause } from './pause';
import type { JobStatus } from './ports';
import type { Verdict } from './job-state';
import { classifyStepState } from './job-state';

export interface Pace {
  readonly firstMs: number;
  readonly growth: number;
  readonly longestMs: number;
  /** This long without any answer, and the failure is passed on. */
  readonly silenceMs: number;
}

export const PACE: Pace = {
  firstMs: 2_000,
  growth: 1.4,
  longestMs: 30_000,
  silenceMs: 30 * 60_000,
};

export interface Follow {
  readonly look: () => Promise<JobStatus>;
  readonly onStatus: (status: JobStatus) => void;
  readonly signal?: AbortSignal;
  readonly pace: Pace;
  /** When the job has to have ended. */
  readonly deadlineMs: number;
}

/** `too-long`: it still runs, after its deadline. */
export type Followed = JobStatus & { readonly verdict: Exclude<Verdict, 'wait'> | 'too-long' };

// Many pollers that started together do not stay together.
export const spread = (waitMs: number): number => waitMs * (0.75 + 0.5 * Math.random());

const isPassing = (error: unknown): boolean => isWatchlakeError(error) && error.retryable;

export async function follow({ look, onStatus, signal, pace, deadlineMs }: Follow) {
  let waitMs = pace.firstMs;
  let heardMs = Date.now();
  for (;;) {
    signal?.throwIfAborted();
    try {
      const status = await look();
      heardMs = Date.now();
      onStatus(status);
      const verdict = classifyStepState(status);
      if (verdict !== 'wait') return { ...status, verdict } satisfies Followed;
      if (heardMs > deadlineMs) return { ...status, verdict: 'too-long' } satisfies Followed;
    } catch (error) {
      if (!isPassing(error) || Date.now() - heardMs > pace.silenceMs) throw error;
    }
    await pause(spread(waitMs), signal);
    waitMs = Math.min(pace.longestMs, waitMs * pace.growth);
  }
}
