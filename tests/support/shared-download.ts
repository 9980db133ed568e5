/** What holds of every download that several runs wait for. */
import { CancelledFailure } from '@temporalio/common';
import type { RangeServer } from './range-server';

/** Three runs wait for one download, and two of them are cancelled: they leave at once. Gives the other's result. */
export async function remainingOfThree<T>(
  server: RangeServer,
  download: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  server.holdsAfter = 100_000;
  const controllers = [new AbortController(), new AbortController(), new AbortController()];
  const [first, second, third] = controllers.map(({ signal }) => download(signal));
  await server.holding(1);
  for (const [at, leaving] of [first, third].entries()) {
    const reason = new CancelledFailure(`the run ${at} is cancelled`);
    controllers[at * 2]?.abort(reason);
    await expect(leaving).rejects.toBe(reason);
  }
  server.letGo();
  return second as Promise<T>;
}
