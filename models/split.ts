/** Deals subjects out to the parts of a run: who starts it, who is streamed, who is held out. */
import { WatchlakeError } from '../core/errors';
import { counted } from '../core/figures';
import { createRandom, shuffled } from '../core/random';

export type SplitPart = 'bootstrap' | 'stream' | 'holdout';

export interface SplitInput {
  /** Names, in any order: the draw depends on the set and the seed only. */
  readonly subjects: readonly string[];
  /** Of those, the ones with labelled windows: who is learned from first, and who is judged by. */
  readonly labelled: ReadonlySet<string>;
  readonly seed: number;
  readonly sizes: Readonly<Record<SplitPart, number>>;
}

/** Whoever has no labelled window can only be streamed, and be asked about. */
export function splitSubjects(input: SplitInput): Record<SplitPart, string[]> {
  const { subjects, labelled, seed, sizes } = input;
  const names = [...new Set(subjects)].sort();
  checkSizes(names, input);
  const left = shuffled(names, createRandom(seed));
  const take = (size: number, isWanted: (name: string) => boolean): string[] => {
    const taken = left.filter(isWanted).slice(0, size);
    for (const name of taken) left.splice(left.indexOf(name), 1);
    return taken.sort();
  };
  const isLabelled = (name: string): boolean => labelled.has(name);
  const bootstrap = take(sizes.bootstrap, isLabelled);
  // The stream takes whom it meets, as long as enough are left to judge by.
  let spare = left.filter(isLabelled).length - sizes.holdout;
  const stream = take(sizes.stream, (name) => !isLabelled(name) || (spare -= 1) >= 0);
  return { bootstrap, stream, holdout: take(sizes.holdout, isLabelled) };
}

function checkSizes(names: readonly string[], { labelled, sizes }: SplitInput): void {
  const needed = sizes.bootstrap + sizes.stream + sizes.holdout;
  const whole = Object.values(sizes).every((size) => Number.isInteger(size) && size >= 0);
  if (!whole || names.length < needed) {
    const detail = `the split needs ${counted(needed, 'subject')}, there are ${names.length}`;
    throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
  }
  const judging = sizes.bootstrap + sizes.holdout;
  const present = names.filter((name) => labelled.has(name)).length;
  if (present < judging) {
    const detail = `the split needs ${counted(judging, 'subject')} with labelled windows, to begin with and to compare on; there are ${present}`;
    throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
  }
}
