/** What a job is to do, on whose behalf, within which limits, and how it may have ended. */
import type { WatchlakeError } from '../../../core/errors';
import type { JobFacts } from '../../manifest';
import type { JobContext, Store } from '../../ports';
import type { RunnerResult } from '../spark/manifest';
import type { Pace } from './follow';
import type { JobService } from './ports';
import type { Claim } from './records';

export interface JobLimits {
  readonly pace: Pace;
  /** See `Starter`. */
  readonly graceMs: number;
  /** How long a start waits for the service to take another job at all. */
  readonly roomMs: number;
  /** Generations of one session, before it gives up. */
  readonly generations: number;
  /** From the start of a job to its end. */
  readonly jobMs: number;
}

export interface JobDeps {
  readonly store: Store;
  readonly service: JobService;
  readonly limits: JobLimits;
}

export interface Work {
  readonly dataset: string;
  readonly table: string;
  /** What is done is named by its content: the id of the snapshot. */
  readonly id: string;
  readonly program: string;
  readonly manifestUri: string;
  /** Whether what a completed job has written is still there. */
  readonly isThere: (result: RunnerResult) => Promise<boolean>;
  readonly context: JobContext;
  readonly signal?: AbortSignal;
}

export interface FinishedJob {
  readonly result: RunnerResult;
  readonly facts: JobFacts;
}

export interface Generation {
  readonly number: number;
  readonly folder: string;
  readonly claim: Claim;
}

export type Ended =
  | { readonly how: 'done'; readonly job: FinishedJob }
  /** `again`: another generation may fare better. */
  | { readonly how: 'failed'; readonly error: WatchlakeError; readonly again: boolean };

/** Where the runner of this attempt leaves its answer. */
export const resultKey = ({ folder }: Generation, attempt: string): string =>
  `${folder}result-${attempt}.json`;

export const isResultKey = (key: string): boolean => /\/result-[^/]*\.json$/.test(key);
