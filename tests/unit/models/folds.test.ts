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

test('leaves out folds that cannot learn every class', () => {
  expect(foldsBy(['a', 'a', 'b', 'b'], [0, 1, 0, 0], 2, 0)).toHaveLength(1);
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
