import fc from 'fast-check';
import { foldsBy } from '../../../models/folds';

test('never puts one group on both sides, and validates every row once', () => {
  const rows = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 2, max: 5 }), fc.nat(), (keys, count, seed) => {
      const folds = foldsBy(
        keys,
        keys.map(() => 0),
        count,
        seed,
      );
      for (const { train, validate } of folds) {
        const trained = new Set(train.map((row) => keys[row]));
        expect(validate.some((row) => trained.has(keys[row]))).toBe(false);
        expect(train.length + validate.length).toBe(keys.length);
        expect(validate).not.toHaveLength(0);
      }
      const validated = folds.flatMap(({ validate }) => validate).sort((a, b) => a - b);
      expect(validated).toEqual(new Set(keys).size < 2 ? [] : keys.map((_, row) => row));
    }),
  );
});

test('leaves out folds that can learn one class alone', () => {
  expect(foldsBy(['a', 'a', 'b', 'b'], [0, 1, 0, 0], 2, 0)).toHaveLength(1);
});

test('validates nothing that the others of a fold do not do, and all the rest', () => {
  const keys = ['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'c'];
  const own = [2, 3, 4];
  const truth = own.flatMap((only) => [0, 1, only]);
  const folds = foldsBy(keys, truth, 3, 0);
  expect(folds).toHaveLength(3);
  for (const { train, validate } of folds) {
    expect(train).toHaveLength(6);
    expect(validate.map((row) => truth[row])).toEqual([0, 1]);
  }
});

test('leaves out a fold of nothing that the others do', () => {
  expect(foldsBy(['a', 'b', 'b', 'c', 'c'], [2, 0, 1, 0, 1], 3, 0)).toHaveLength(2);
});

test('has no folds with one group', () => {
  expect(foldsBy(['a', 'a', 'a'], [0, 1, 0], 3, 0)).toEqual([]);
});

test('deals the same folds whatever the groups are called', () => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'a', 'c'];
  const truth = keys.map(() => 0);
  const renamed = (names: string): string[] =>
    keys.map((key) => names['abcde'.indexOf(key)] as string);
  const expected = foldsBy(keys, truth, 3, 7);
  for (const names of ['edcba', 'vzxyw']) {
    expect(foldsBy(renamed(names), truth, 3, 7)).toEqual(expected);
  }
});
