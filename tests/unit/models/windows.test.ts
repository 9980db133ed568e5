import { DEFAULT_WINDOW } from '../../../models/signal';
import { firstIndexFrom, isComplete, sliceWindow, windowId } from '../../../models/windows';
import { spanOf } from './made-data';

const coverage = { window: DEFAULT_WINDOW, maxGapMs: 200 };

test('names a window by dataset, device, start, length and step', () => {
  const key = { dataset: 'watch', device: 'w1', startMs: 2000, window: DEFAULT_WINDOW };
  // md5('watch|w1|2000|4000|2000'), as SQL computes it.
  expect(windowId(key)).toBe('1c95cedcbf10190d29136e29f84c6b39');
  expect(windowId({ ...key, startMs: 4000 })).not.toBe(windowId(key));
  expect(windowId({ ...key, window: { lengthMs: 4000, stepMs: 1000 } })).not.toBe(windowId(key));
});

test('takes a window as complete when samples reach both ends without a long hole', () => {
  expect(isComplete(spanOf([Math.sin]).timestampsMs, 0, coverage)).toBe(true);
});

test('takes a window as complete whose samples are short of an end by the longest gap', () => {
  const { timestampsMs } = spanOf([], { fromMs: 200, lengthMs: 3620 });
  expect([timestampsMs[0], timestampsMs.at(-1)]).toEqual([200, 3800]);
  expect(isComplete(timestampsMs, 0, coverage)).toBe(true);
});

test.each([
  ['starts late', spanOf([], { fromMs: 220, lengthMs: 3780 })],
  ['ends early', spanOf([], { lengthMs: 3780 })],
  ['is empty', spanOf([], { lengthMs: 0 })],
  ['lies elsewhere', spanOf([], { fromMs: 8000 })],
])('takes a window as incomplete when the signal %s', (_, { timestampsMs }) => {
  expect(isComplete(timestampsMs, 0, coverage)).toBe(false);
});

test('allows a hole of exactly the longest gap and no longer one', () => {
  const around = (gapMs: number): Float64Array =>
    spanOf([]).timestampsMs.filter((tMs) => tMs <= 1000 || tMs >= 1000 + gapMs);
  expect(isComplete(around(200), 0, coverage)).toBe(true);
  expect(isComplete(around(220), 0, coverage)).toBe(false);
});

test('slices the half-open window as views on the same memory', () => {
  const span = spanOf([Math.sin], { lengthMs: 10_000 });
  const window = sliceWindow(span, 2000, DEFAULT_WINDOW);
  expect(window.timestampsMs[0]).toBe(2000);
  expect(window.timestampsMs.at(-1)).toBe(5980);
  expect(window.values[0]?.buffer).toBe(span.values[0]?.buffer);
});

test('finds the first index at or after a moment', () => {
  const times = Float64Array.from([10, 20, 20, 30]);
  expect([5, 10, 11, 20, 21, 31].map((t) => firstIndexFrom(times, t))).toEqual([0, 0, 1, 1, 3, 4]);
});
