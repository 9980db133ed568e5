/** Deals subjects out to the parts of a run: who starts it, who is streamed, who is held out. */
import { WatchlakeError } from '../core/errors';
import { counted } from '../core/figures';
import { createRandom, shuffled } from '../core/random';

export type SplitPart = 'bootstrap' | 'stream' | 'holdout';

export interface SplitInput {
  /** Names, in any order: the draw depends on the set and the seed only. */
  readonly subjects: readonly string[];
  readonly seed: number;
  readonly sizes: Readonly<Record<SplitPart, number>>;
}

export function splitSubjects({ subjects, seed, sizes }: SplitInput): Record<SplitPart, string[]> {
  const names = [...new Set(subjects)].sort();
  const needed = sizes.bootstrap + sizes.stream + sizes.holdout;
  const whole = Object.values(sizes).every((size) => Number.isInteger(size) && size >= 0);
  if (!whole || names.length < needed) {
    const detail = `the split needs ${counted(needed, 'subject')}, there are ${names.length}`;
    throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
  }
  const drawn = shuffled(names, createRandom(seed));
  const take = (from: number, size: number): string[] => drawn.slice(from, from + size).sort();
  return {
    bootstrap: take(0, sizes.bootstrap),
    stream: take(sizes.bootstrap, sizes.stream),
    holdout: take(sizes.bootstrap + sizes.stream, sizes.holdout),
  };
}
