/** The record of what runs in a home, kept up to date by its supervisor. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { writeState, type UpState } from './state';

export interface RecordOptions {
  readonly home: string;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly pauseMs?: number;
}

const PAUSE_MS = 3_000;

/** Never fails: a disk that is full for a while must not end what runs. False when the signal came first. */
export async function recordState(
  { home, log, signal, pauseMs = PAUSE_MS }: RecordOptions,
  state: UpState,
): Promise<boolean> {
  while (!signal.aborted) {
    try {
      await writeState(home, state);
      return true;
    } catch (err) {
      log.error({ err }, 'what runs here could not be written down; trying again');
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
  return false;
}
