import { gridLength, resample } from '../../../models/resample';
import { spanOf } from './made-data';

test('keeps samples that already lie on the grid', () => {
  const span = spanOf([(t) => Math.sin(3 * t)]);
  expect(resample(span, 0, 4000, 50)).toEqual(span.values);
});

test('interpolates a line exactly, from any rate to any other', () => {
  const line = (t: number): number => 2 * t - 1;
  const [resampled] = resample(spanOf([line], { rateHz: 31 }), 0, 3900, 50);
  resampled?.forEach((value, index) => expect(value).toBeCloseTo(line(index / 50), 5));
});

test('holds the edge where the window starts before the samples or ends after them', () => {
  const span = { timestampsMs: Float64Array.of(100, 200), values: [Float32Array.of(3, 5)] };
  expect([...(resample(span, 0, 400, 10)[0] ?? [])]).toEqual([3, 3, 5, 5]);
});

test('bridges irregular samples without inventing a value outside their range', () => {
  const span = {
    timestampsMs: Float64Array.of(0, 7, 350, 380),
    values: [Float32Array.of(0, 1, 0, 1)],
  };
  const [values] = resample(span, 0, 400, 50);
  expect(Math.min(...(values ?? []))).toBeGreaterThanOrEqual(0);
  expect(Math.max(...(values ?? []))).toBeLessThanOrEqual(1);
});

test('counts the grid points of a half-open window', () => {
  expect([gridLength(4000, 50), gridLength(1000, 26), gridLength(1, 1)]).toEqual([200, 26, 1]);
  expect([gridLength(1000, 26.4), gridLength(1000, 26.6)]).toEqual([26, 27]);
});
