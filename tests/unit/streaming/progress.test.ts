/** What is concluded from how far the predictor has come in each partition. */
import {
  countedSince,
  hasPassed,
  newestProgress,
  NOTHING_COUNTED,
  placeOf,
  totalsOf,
  writtenEnds,
  type Progress,
} from '../../../streaming/progress';

const progress = (next: number, other: Partial<Progress> = {}): Progress => ({
  ...{ next, ...NOTHING_COUNTED, written: {} },
  ...other,
});

test('what has come since is the difference, unless a topic was made anew in between', () => {
  const before = { ...NOTHING_COUNTED, predicted: 3, late: 20 };
  const now = { ...NOTHING_COUNTED, predicted: 8, late: 20, skipped: 1 };
  expect(countedSince(before, now)).toEqual({ ...NOTHING_COUNTED, predicted: 5, skipped: 1 });
  expect(countedSince(now, { ...before, deadLettered: 9 })).toEqual({ ...before, deadLettered: 9 });
});

test('of two views of a partition the further one counts', () => {
  const a = new Map([
    [0, progress(5, { predicted: 1 })],
    [1, progress(9, { predicted: 2 })],
  ]);
  const b = new Map([
    [0, progress(6, { predicted: 3 })],
    [1, progress(8, { predicted: 4 })],
    [2, progress(0, { predicted: 5 })],
  ]);
  const newest = newestProgress(a, b);
  expect([...newest].map(([partition, { next }]) => [partition, next])).toEqual([
    ...[
      [0, 6],
      [1, 9],
      [2, 0],
    ],
  ]);
  expect(totalsOf(newest)).toEqual({ ...NOTHING_COUNTED, predicted: 3 + 2 + 5 });
});

test('offsets are passed when each of them lies behind the predictor', () => {
  const reached = new Map([
    [0, progress(5)],
    [1, progress(9)],
  ]);
  expect(hasPassed(reached, { 0: 4, 1: 8 })).toBe(true);
  expect(hasPassed(reached, { 0: 5, 1: 8 })).toBe(false);
  expect(hasPassed(reached, { 0: 4, 1: 9 })).toBe(false);
  expect(hasPassed(reached, { 0: 4, 2: 0 })).toBe(false);
  expect(hasPassed(reached, {})).toBe(true);
});

test('predictions end where the furthest of all partitions that led to some has written', () => {
  const reached = new Map([
    [0, progress(5, { written: { 0: 7, 1: 3 } })],
    [1, progress(9, { written: { 0: 4, 1: 6, 3: 2 } })],
  ]);
  expect(writtenEnds(reached)).toEqual({ 0: 7, 1: 6, 3: 2 });
});

test('a partition of which nothing is known is read from its first offset', () => {
  expect(placeOf(undefined)).toMatchObject({ from: 0, lost: 0, isAnew: false });
});
