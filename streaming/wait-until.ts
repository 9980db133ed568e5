/** Waits for a moment, however far it lies. */
import { setTimeout as sleep } from 'node:timers/promises';

// A timer of Node holds 24 days; one that is set for longer ends at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** `dueMs`: by `performance.now()`; a moment that has passed is not waited for. Throws the signal's reason. */
export async function waitUntil(dueMs: number, signal?: AbortSignal): Promise<void> {
  for (let left = dueMs - performance.now(); left > 0; left = dueMs - performance.now())
    await sleep(Math.min(left, LONGEST_TIMER_MS), undefined, { signal });
}
