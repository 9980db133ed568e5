/** Splits rows for inner validation: by subject, or by device when there is one subject. */
import { createRandom, shuffled } from '../core/random';
import { groupsOf } from './groups';

export interface Fold {
  readonly train: number[];
  readonly validate: number[];
}

const indexesWhere = (keys: readonly string[], test: (key: string) => boolean): number[] =>
  keys.flatMap((key, index) => (test(key) ? [index] : []));

/**
 * At most `count` folds whose groups are disjoint; groups are dealt out in a seeded order, which depends
 * on the rows and never on what the groups are called. Folds whose training part lacks a class that
 * the rows have are left out: their loss would say nothing.
 */
export function foldsBy(
  keys: readonly string[],
  truth: readonly number[],
  count: number,
  seed: number,
): Fold[] {
  const groups = shuffled(groupsOf(keys), createRandom(seed));
  const classes = new Set(truth).size;
  return Array.from({ length: Math.min(count, groups.length) }, (_, fold) => {
    const held = new Set(groups.filter((__, index) => index % count === fold));
    return {
      train: indexesWhere(keys, (key) => !held.has(key)),
      validate: indexesWhere(keys, (key) => held.has(key)),
    };
  }).filter(({ train }) => new Set(train.map((index) => truth[index])).size === classes);
}
