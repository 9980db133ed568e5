/** Features of zero mean and unit spread, as the training rows have them. */
import { allRows, rowsBetween, someRows } from '../../../models/rows';
import { checkFinite, fitStandardiser, standardise } from '../../../models/standardiser';

const THREE_ROWS = Float32Array.of(1, 10, 7, 3, 10, 7, 5, 40, 7);
const rows = allRows(THREE_ROWS, 3);

test('measures mean and standard deviation of the rows that are meant', () => {
  const { mean, scale } = fitStandardiser(rows);
  expect(mean).toEqual([3, 20, 7].map((value) => expect.closeTo(value, 9) as number));
  expect(scale[0]).toBeCloseTo(Math.sqrt(8 / 3), 9);
  expect(scale[1]).toBeCloseTo(Math.sqrt(200), 9);
  expect(fitStandardiser(someRows(rows, [2, 0])).mean).toEqual([3, 25, 7]);
  expect(fitStandardiser(rowsBetween(rows, 1, 3)).mean).toEqual([4, 25, 7]);
});

test('gives the rows that are meant in their order, as far from the mean as they are', () => {
  const standardiser = { mean: [3, 20, 7], scale: [2, 10, 1] };
  const found = standardise(someRows(rows, [2, 0]), standardiser);
  expect([...found]).toEqual([1, 2, 0, -1, -1, 0]);
});

test('lets nothing be farther from the mean than five standard deviations', () => {
  const far = allRows(Float32Array.of(100, -100, 4, -4), 4);
  const found = standardise(far, { mean: [0, 0, 0, 0], scale: [1, 1, 1, 1] });
  expect([...found]).toEqual([5, -5, 4, -4]);
});

test('leaves what did not vary at zero, also where it varies later', () => {
  const standardiser = fitStandardiser(rows);
  const later = allRows(Float32Array.of(3, 20, 1e30), 3);
  const [first, second, third] = standardise(later, standardiser);
  expect(first).toBeCloseTo(0, 6);
  expect(second).toBeCloseTo(0, 6);
  expect(third).toBeCloseTo(0, 6);
  expect(JSON.parse(JSON.stringify(standardiser))).toEqual(standardiser);
});

test.each([NaN, Infinity, -Infinity])('refuses rows with %d, and names the row', (odd) => {
  const broken = allRows(Float32Array.of(1, 2, 3, odd), 2);
  const refusal = expect.objectContaining({
    code: 'FEATURES_INVALID',
    context: { detail: expect.stringMatching(/^row 1 /) as string },
  }) as Error;
  expect(() => checkFinite(broken)).toThrow(refusal);
  expect(() => standardise(broken, { mean: [0, 0], scale: [1, 1] })).toThrow(refusal);
  expect(() => checkFinite(rowsBetween(broken, 0, 1))).not.toThrow();
});
