/** Heartbeats of long activities: at a steady pace, with what was last reported. */
import { Context } from '@temporalio/activity';

// A fraction of the shortest heartbeat timeout of workflows/profiles.ts.
const HEARTBEAT_MS = 3_000;

export interface Alive {
  readonly signal: AbortSignal;
  /** Shown in the web UI, and given to the next attempt. */
  readonly report: (details: Readonly<Record<string, unknown>>) => void;
}

/** Heartbeats until the work ends; `signal` is aborted when the activity is cancelled. */
export async function keepAlive<T>(work: (alive: Alive) => Promise<T>): Promise<T> {
  const context = Context.current();
  let details: Readonly<Record<string, unknown>> = {};
  const timer = setInterval(() => context.heartbeat(details), HEARTBEAT_MS);
  try {
    return await work({
      signal: context.cancellationSignal,
      report: (latest) => {
        details = latest;
        context.heartbeat(details);
      },
    });
  } finally {
    clearInterval(timer);
  }
}
