/**
 * Starts something of a service that knows no client token, and which therefore may start it twice.
 *
 * A claim, written once, comes before the start, so that of several starters one goes ahead. A starter
 * that is paused at the wrong moment can start it nevertheless: then the choice, written once as well,
 * names the start that counts, and every other is stopped and counted.
 */
import { randomBytes } from 'node:crypto';
import { WatchlakeError, isWatchlakeError } from '../../../core/errors';
import type { JobContext, Store } from '../../ports';
import { pause } from './pause';
import type { Found } from './ports';
import type { Choice, Claim } from './records';
import { readChoice, writeChoice } from './records';
import { isFull } from './room';

export interface Starter {
  readonly store: Store;
  /** Of the claim and the choice. */
  readonly folder: string;
  readonly context: JobContext;
  readonly claim: Claim;
  /** What was started already, oldest first. */
  readonly find: () => Promise<Found[]>;
  /** The id; null when it cannot be started there any more. */
  readonly start: (attempt: string) => Promise<string | null>;
  readonly stop: (id: string) => Promise<void>;
  /** Whether nothing is to be started for the session any more: a starter that was paused may come too late. */
  readonly isEnded: () => Promise<boolean>;
  /** Whoever has claimed it may take this long before others go ahead. */
  readonly graceMs: number;
  /** Waits after JOBS_AT_LIMIT, or throws it; absent where that cannot be. */
  readonly whenFull?: (full: WatchlakeError) => Promise<void>;
  readonly signal?: AbortSignal;
}

const ATTEMPT_BYTES = 8;
const LOOKS_IN_A_GRACE = 15;
// A start without an answer may have worked: each try looks for what is there before it starts another.
const MOST_TRIES = 6;
const RETRY_MS = 500;

/** By the clock of who has claimed it, which may be ahead: waited for no longer than the grace by ours either. */
const isOthers = ({ claim, context, graceMs }: Starter, waitedMs: number): boolean =>
  claim.holder !== context.holder &&
  waitedMs < graceMs &&
  Date.now() - Date.parse(claim.at) < graceMs;

/** The choice, made of what runs already when somebody has not come to it; null when nothing runs. */
async function adopt({ store, folder, context, find }: Starter): Promise<Choice | null> {
  const chosen = await readChoice(store, folder);
  if (chosen !== null) return chosen;
  // One that has ended without being chosen has touched no data.
  const first = (await find()).find(({ isLive }) => isLive);
  return first === undefined ? null : writeChoice(store, folder, first, context.session);
}

/** What is there already, once whoever has claimed it had its time; null when nothing is. */
async function adoptAfterGrace(starter: Starter): Promise<Choice | null> {
  const sinceMs = performance.now();
  for (;;) {
    starter.signal?.throwIfAborted();
    const adopted = await adopt(starter);
    if (adopted !== null || !isOthers(starter, performance.now() - sinceMs)) return adopted;
    await pause(starter.graceMs / LOOKS_IN_A_GRACE, starter.signal);
  }
}

/** Ours, as long as nobody else's counts. */
async function choose(starter: Starter, started: { id: string; attempt: string }) {
  const { store, folder, context, stop, isEnded } = starter;
  const chosen = await writeChoice(store, folder, started, context.session);
  if (chosen.id !== started.id) await stop(started.id);
  else if (await isEnded()) {
    await stop(started.id);
    throw new WatchlakeError('JOB_STOPPED', { id: started.id, why: 'its run has ended' });
  }
  return chosen;
}

/** Null when it cannot be started in the place that was claimed. */
export async function startOnce(starter: Starter): Promise<Choice | null> {
  let tries = 0;
  for (;;) {
    const adopted = await adoptAfterGrace(starter);
    if (adopted !== null) return adopted;
    // Another name for each try: of two that were started one alone is chosen.
    const attempt = randomBytes(ATTEMPT_BYTES).toString('hex');
    try {
      const id = await starter.start(attempt);
      if (id === null) return await readChoice(starter.store, starter.folder);
      return await choose(starter, { id, attempt });
    } catch (error) {
      if (isFull(error) && starter.whenFull) {
        await starter.whenFull(error);
        continue;
      }
      tries += 1;
      const isPassing = isWatchlakeError(error) && error.retryable;
      if (!isPassing || tries === MOST_TRIES) throw error;
    }
    await pause(RETRY_MS * 2 ** tries * (0.5 + Math.random()), starter.signal);
  }
}
