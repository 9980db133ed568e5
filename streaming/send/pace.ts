/** Waits until an event is due: the differences of the events' times, divided by the speed. */
import { setTimeout as sleep } from 'node:timers/promises';

export type Pace = (timestampMs: number | null) => Promise<void>;

export interface PaceOptions {
  /** Times faster than the events happened; null does not wait at all. */
  readonly speed: number | null;
  /** The moment of the first event to come; null when no event has a time. */
  readonly originMs: number | null;
  readonly signal?: AbortSignal;
}

// A timer of Node holds 24 days.
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** An event that is late, or has no time, is due at once. */
export function createPace({ speed, originMs, signal }: PaceOptions): Pace {
  const startedMs = performance.now();
  return async (timestampMs) => {
    if (speed === null || timestampMs === null || originMs === null) return;
    const dueMs = startedMs + (timestampMs - originMs) / speed;
    for (let left = dueMs - performance.now(); left > 0; left = dueMs - performance.now())
      await sleep(Math.min(left, LONGEST_TIMER_MS), undefined, { signal });
  };
}
