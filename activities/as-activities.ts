/** What every activity gets around it: heartbeats, and errors that a workflow can read. */
import { keptAlive, presentContext } from './alive';
import { toFailure } from './errors';

type Activity = (input: never) => Promise<unknown>;

/** Whatever a cancelled activity stumbles over is its cancellation. */
function cancellation(): unknown {
  const signal = presentContext()?.cancellationSignal;
  return signal?.aborted ? signal.reason : null;
}

/** The same activities, kept alive and with their errors translated. Every factory returns through it. */
export function asActivities<T extends object>(activities: T): T {
  const wrap =
    (activity: Activity): Activity =>
    async (input) => {
      try {
        return await keptAlive(() => activity(input));
      } catch (error) {
        throw cancellation() ?? toFailure(error);
      }
    };
  const wrapped = Object.entries(activities).map(([name, activity]) => [
    name,
    wrap(activity as Activity),
  ]);
  return Object.fromEntries(wrapped) as T;
}
