/** What the protocol of jobs asks of a service that runs them: EMR's steps, Glue's job runs. */
import type { CloudEngineName } from '../../../core/engine-names';
import type { JobContext } from '../../ports';
import type { JobState } from './job-state';

/** Something that a service has started, and the attempt that started it. */
export interface Started {
  readonly id: string;
  readonly attempt: string;
}

export interface Found extends Started {
  /** Whether it works, or will: what is just being stopped is not. */
  readonly isLive: boolean;
}

/** One start of one piece of work, as the service gets it. */
export interface JobRequest {
  /** For people; the same for every start of the same generation. */
  readonly title: string;
  readonly attempt: string;
  readonly session: string;
  /** URI of the runner's program. */
  readonly program: string;
  /** For the runner. Those of one generation have the same `--chosen`. */
  readonly arguments: Readonly<Record<string, string>>;
}

export interface JobStatus extends JobState {
  /** Why it is in this state, in the service's words; empty when it says nothing. */
  readonly reason: string;
  /** That it has run; 0 while nobody knows. */
  readonly seconds: number;
  /** It has ended because it got no machines, and may get some when others have ended. */
  readonly lacksRoom?: boolean;
}

export interface SessionCost {
  /** Clusters and their nodes, or runs and their workers, in words. */
  readonly what: string;
  readonly seconds: number;
  /** An estimate; null when the price table does not know what was used. */
  readonly costUsd: number | null;
  readonly pricesOf: string;
}

export interface RootCause {
  /** Null when the log does not tell it, or there is none. */
  readonly cause: string | null;
  /** Why the log could not be read. */
  readonly unread?: string;
}

/** Every method can be repeated. Throws AWS_UNAVAILABLE for what passes by itself. */
export interface JobService {
  readonly name: CloudEngineName;
  /** Where the session's jobs run: its cluster, started when there is none, or the definition of a job. */
  place(
    context: JobContext,
    of: { readonly dataset: string; readonly signal?: AbortSignal },
  ): Promise<string>;
  /** What was started there for this generation, oldest first. */
  find(place: string, generation: { chosenUri: string; sinceMs: number }): Promise<Found[]>;
  /** Null when the place has gone. */
  start(place: string, request: JobRequest): Promise<string | null>;
  look(place: string, id: string): Promise<JobStatus>;
  /** What has ended stays as it is. */
  stop(place: string, id: string): Promise<void>;
  /** What went wrong, out of the job's own log where it has one; waits for it for a while. */
  rootCause(place: string, id: string, signal?: AbortSignal): Promise<RootCause>;
  /** Ends whatever the session has started, and tells what it costs. Null when it has started nothing. */
  end(session: string, of: { readonly dataset: string }): Promise<SessionCost | null>;
  close(): void;
}
