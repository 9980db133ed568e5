/** A wait that ends with the reason of the signal. */
import { setTimeout as sleep } from 'node:timers/promises';

export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    throw signal?.aborted ? signal.reason : error;
  });
}
