/** How many rows of how many labels are enough to learn from. */
import { wantOf } from '../../../models/training-set';

const counts = (of: Readonly<Record<string, number>>) => new Map(Object.entries(of));

test('twenty rows of two labels are enough, and no fewer', () => {
  expect(wantOf(counts({ rest: 10, walk: 10 }))).toBeNull();
  expect(wantOf(counts({ rest: 10, walk: 9 }))).toMatch(/^19 labelled windows/);
  expect(wantOf(counts({}))).toMatch(/^0 labelled windows/);
});

test('a label of which no row is left is none', () => {
  expect(wantOf(counts({ rest: 0, walk: 20 }))).toMatch(/all windows have the label walk/);
});
