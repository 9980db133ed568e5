/** Splits rows for inner validation: by subject, or by device when there is one subject. */
import { createRandom, shuffled } from '../core/random';
import { groupsOf } from './groups';

export interface Fold {
  readonly train: number[];
  readonly validate: number[];
}

const indexesWhere = (
  keys: readonly string[],
  test: (key: string, index: number) => boolean,
): number[] => keys.flatMap((key, index) => (test(key, index) ? [index] : []));

/** Fewer tell nothing of one another. */
const CLASSES_AT_LEAST = 2;

/**
 * At most `count` folds whose groups are disjoint; groups are dealt out in a seeded order, which depends
 * on the rows and never on what the groups are called. Rows of a class that a fold's training part lacks
 * are not validated: their loss would say nothing. All the others are, as most people do something that nobody else does.
 */
export function foldsBy(
  keys: readonly string[],
  truth: readonly number[],
  count: number,
  seed: number,
): Fold[] {
  const groups = shuffled(groupsOf(keys), createRandom(seed));
  const needed = Math.min(CLASSES_AT_LEAST, new Set(truth).size);
  return Array.from({ length: Math.min(count, groups.length) }, (_, fold) => {
    const held = new Set(groups.filter((__, index) => index % count === fold));
    const train = indexesWhere(keys, (key) => !held.has(key));
    const learned = new Set(train.map((index) => truth[index]));
    const validate = indexesWhere(keys, (key, index) => held.has(key) && learned.has(truth[index]));
    return { train, validate, classes: learned.size };
  }).flatMap(({ classes, ...fold }) =>
    classes >= needed && fold.validate.length > 0 ? [fold] : [],
  );
}
