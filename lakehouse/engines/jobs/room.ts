/** Waits for room: a service that runs as many jobs as it may, or has no machines, takes the next one when another has ended. */
import type { WatchlakeError } from '../../../core/errors';
import { isWatchlakeError } from '../../../core/errors';
import { spread, type Pace } from './follow';
import { pause } from './pause';

export interface Room {
  readonly pace: Pace;
  /** In all; then the refusal is passed on. */
  readonly roomMs: number;
  readonly onFull: (detail: string) => void;
  readonly signal?: AbortSignal;
}

/** Nothing was started, or what was has ended without doing anything: to ask again does nothing twice. */
export const isFull = (error: unknown): error is WatchlakeError =>
  isWatchlakeError(error) && error.code === 'JOBS_AT_LIMIT';

/** Less and less often, for all waits with one reason together. */
export function waitForRoom({ pace, roomMs, onFull, signal }: Room) {
  const sinceMs = performance.now();
  let waitMs = pace.firstMs;
  return async (full: WatchlakeError): Promise<void> => {
    if (performance.now() - sinceMs >= roomMs) throw full;
    onFull(String(full.context['detail']));
    await pause(spread(waitMs), signal);
    waitMs = Math.min(pace.longestMs, waitMs * pace.growth);
  };
}
