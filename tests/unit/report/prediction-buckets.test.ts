/** Rearranging predictions for a plot never loses or invents one. */
import * as fc from 'fast-check';
import type { PredictionCount } from '../../../report/report-data';
import {
  foldRareClasses,
  layersBy,
  meanConfidence,
  OTHER_CLASSES,
  rebucket,
} from '../../../report/sections/prediction-buckets';
import { createMarks } from '../../../report/sections/time-steps';

const totalOf = (counts: PredictionCount[]) => counts.reduce((sum, c) => sum + c.windows, 0);
const startsOf = (counts: PredictionCount[]) => new Set(counts.map((c) => c.bucketStartMs));

const counts = fc.array(
  fc.record({
    bucketStartMs: fc.integer({ min: 0, max: 2_000 }).map((bucket) => bucket * 10_000),
    version: fc.constantFrom('1', '2', '10'),
    label: fc.integer({ min: 0, max: 14 }).map((label) => `class ${label}`),
    windows: fc.integer({ min: 1, max: 50 }),
    meanConfidence: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  { maxLength: 400 },
);

test('keeps every window, in few enough intervals and classes', () => {
  fc.assert(
    fc.property(counts, (entries) => {
      const plotted = rebucket(foldRareClasses(entries), 10_000).counts;
      const labels = [...new Set(plotted.map(({ label }) => label))];
      const { starts, series } = layersBy(plotted, 'label', labels);
      expect(series.flatMap(({ windows }) => windows).reduce((a, b) => a + b, 0)).toBe(
        totalOf(entries),
      );
      expect(startsOf(plotted).size).toBeLessThanOrEqual(120);
      expect(starts).toEqual([...starts].sort((a, b) => a - b));
      expect(labels.length).toBeLessThanOrEqual(8);
    }),
    { numRuns: 50 },
  );
});

test.each([240, 300, 1_000, 20_000])('an even stream of %i intervals stays even', (intervals) => {
  const entries = Array.from({ length: intervals }, (_, index) => ({
    bucketStartMs: 1_636_245_300_000 + index * 10_000,
    version: '1',
    label: 'walk',
    windows: 20,
    meanConfidence: 0.5,
  }));
  const bucketed = rebucket(entries, 10_000);
  const { starts, series } = layersBy(bucketed.counts, 'label', ['walk']);
  expect(starts.length).toBeLessThanOrEqual(120);
  // The first and the last may begin or end within theirs.
  expect(new Set(series[0]?.windows.slice(1, -1)).size).toBe(1);
  const lengthMs = (starts[2] ?? 0) - (starts[1] ?? 0);
  expect(bucketed.lengthMs).toBe(lengthMs);
  expect(starts.filter((start) => start % lengthMs !== 0)).toEqual([]);
});

test('marks round times alone, and few of them', () => {
  const times = Array.from({ length: 100 }, (_, index) => 1_636_245_300_000 + index * 30_000);
  const marked = times.filter((_, index) => createMarks(times)(index));
  expect(marked.map((ms) => new Date(ms).toISOString().slice(11, 16))).toEqual([
    ...['00:40', '00:50', '01:00', '01:10', '01:20'],
  ]);
});

test('folds the rarest classes together, not the most frequent', () => {
  const entries = Array.from({ length: 10 }, (_, k) => ({
    bucketStartMs: 0,
    version: '1',
    label: `class ${k}`,
    windows: 100 - k,
    meanConfidence: 0.5,
  }));
  const folded = foldRareClasses(entries);
  expect(folded.map(({ label }) => label).slice(0, 8)).toEqual([
    ...entries.slice(0, 7).map(({ label }) => label),
    OTHER_CLASSES,
  ]);
});

test('weighs confidence by windows', () => {
  const entry = { bucketStartMs: 0, version: '1', label: 'a' };
  expect(
    meanConfidence([
      { ...entry, windows: 3, meanConfidence: 0.9 },
      { ...entry, windows: 1, meanConfidence: 0.5 },
    ]),
  ).toBeCloseTo(0.8);
  expect(meanConfidence([])).toBeNull();
});
