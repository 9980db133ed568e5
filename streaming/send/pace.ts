/** Waits until an event is due: the differences of the events' times, divided by the speed. */
import { waitUntil } from '../wait-until';

export type Pace = (timestampMs: number | null) => Promise<void>;

export interface PaceOptions {
  /** Times faster than the events happened; null does not wait at all. */
  readonly speed: number | null;
  /** The moment of the first event to come; null when no event has a time. */
  readonly originMs: number | null;
  readonly signal?: AbortSignal;
}

/** An event that is late, or has no time, is due at once. */
export function createPace({ speed, originMs, signal }: PaceOptions): Pace {
  const startedMs = performance.now();
  return async (timestampMs) => {
    if (speed === null || timestampMs === null || originMs === null) return;
    await waitUntil(startedMs + (timestampMs - originMs) / speed, signal);
  };
}
