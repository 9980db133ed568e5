/** Heartbeats: every activity that has a heartbeat timeout beats at a steady pace while it works. */
import { Context } from '@temporalio/activity';

// A cancellation is learnt of with the next heartbeat: keep those close together.
const MAXIMUM_PACE_MS = 3_000;
const BEATS_IN_A_TIMEOUT = 5;

export interface Alive {
  /** Aborted when the activity is cancelled, or its worker shuts down. */
  readonly signal: AbortSignal;
  /** Shown in the web UI, and given to the next attempt. */
  readonly report: (details: Readonly<Record<string, unknown>>) => void;
}

/** What each heartbeat repeats: at first what the attempt before has reported. */
const reported = new WeakMap<Context, unknown>();

const detailsOf = (context: Context): unknown =>
  reported.has(context) ? reported.get(context) : context.info.heartbeatDetails;

/** The running activity's own. */
export function alive(): Alive {
  const context = Context.current();
  return {
    signal: context.cancellationSignal,
    report: (details) => {
      reported.set(context, details);
      context.heartbeat(details);
    },
  };
}

/** Null outside an activity, as in a unit test. */
export function presentContext(): Context | null {
  try {
    return Context.current();
  } catch {
    return null;
  }
}

/** Heartbeats until the work ends. Work that blocks the event loop has to give way now and then. */
export async function keptAlive<T>(work: () => Promise<T>): Promise<T> {
  const context = presentContext();
  const timeoutMs = context?.info.heartbeatTimeoutMs;
  if (!context || !timeoutMs) return work();
  const beat = () => context.heartbeat(detailsOf(context));
  beat();
  const timer = setInterval(beat, Math.min(MAXIMUM_PACE_MS, timeoutMs / BEATS_IN_A_TIMEOUT));
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
