/** Runs several at once, of which one alone goes on at a time: who is next is decided from outside. */
import { isWatchlakeError } from '../../core/errors';
import type { Lake } from '../../lakehouse/lake';

export type Turn = () => Promise<void>;

/**
 * Each calls `turn` before a step that others may come in between. The choices say by number which of those that
 * wait goes on; once they are used up, the first does.
 */
export async function inTurns(
  choices: readonly number[],
  all: readonly ((turn: Turn) => Promise<void>)[],
): Promise<void> {
  const waiting: (() => void)[] = [];
  let running = all.length;
  let taken = 0;
  const yieldOne = () => {
    running -= 1;
    if (running > 0 || waiting.length === 0) return;
    const next = (choices[taken++] ?? 0) % waiting.length;
    running += 1;
    waiting.splice(next, 1)[0]?.();
  };
  const turn: Turn = () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      yieldOne();
    });
  await Promise.all(all.map((each) => each(turn).finally(yieldOne)));
}

/** The lake as one of several writers sees it: others may come before each look and each move of a pointer. */
export const seenInTurns = (lake: Lake, turn: Turn): Lake => ({
  ...lake,
  catalog: {
    ...lake.catalog,
    pointer: async (of) => turn().then(() => lake.catalog.pointer(of)),
    publish: async (...call) => turn().then(() => lake.catalog.publish(...call)),
  },
});

/** Tried again when another one was faster, as an activity is. */
export async function untilPublished<T>(attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    if (!isWatchlakeError(error) || error.code !== 'CATALOG_CONFLICT') throw error;
    return untilPublished(attempt);
  }
}
