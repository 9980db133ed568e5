import fc from 'fast-check';
import { EXACT_LIMIT, signFlipTest } from '../../../models/sign-flip';

/** Every pattern of signs, counted the plain way. */
function byEnumeration(differences: readonly number[]): number {
  const sum = differences.reduce((a, b) => a + b, 0);
  const patterns = 2 ** differences.length;
  let count = 0;
  for (let pattern = 0; pattern < patterns; pattern += 1) {
    const flipped = differences.reduce((total, d, i) => total + ((pattern >> i) & 1 ? -d : d), 0);
    if (flipped >= sum - 1e-9) count += 1;
  }
  return count / patterns;
}

test('reaches 1/64 with six subjects that all improve, and not less', () => {
  expect(signFlipTest([0.1, 0.2, 0.05, 0.3, 0.01, 0.2]).pValue).toBe(1 / 64);
});

test('gives the textbook value when one of six falls a little', () => {
  // Only the observed signs and the flip of the smallest give a sum as large.
  expect(signFlipTest([0.1, 0.2, 0.05, 0.3, -0.01, 0.2]).pValue).toBe(2 / 64);
});

test('counts ties against the improvement', () => {
  expect(signFlipTest([0, 0, 0, 0, 0, 0])).toEqual({ pValue: 1, meanDifference: 0 });
  expect(signFlipTest([0.1, 0, 0]).pValue).toBe(0.5);
  expect(signFlipTest([])).toEqual({ pValue: 1, meanDifference: 0 });
});

test('tells the mean of the differences', () => {
  expect(signFlipTest([0.1, 0.2, -0.06]).meanDifference).toBeCloseTo(0.08, 12);
});

test('agrees with plain enumeration', () => {
  const differences = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(differences, (values) => {
      const scaled = values.map((value) => value / 100);
      expect(signFlipTest(scaled).pValue).toBeCloseTo(byEnumeration(scaled), 12);
    }),
  );
});

test('does not depend on scale or order, and complements its mirror', () => {
  const differences = fc.array(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(differences, (values) => {
      const { pValue } = signFlipTest(values);
      expect(signFlipTest(values.map((v) => v * 0.001)).pValue).toBe(pValue);
      expect(signFlipTest(values.map((v) => v * 12345.678)).pValue).toBe(pValue);
      expect(signFlipTest([...values].reverse()).pValue).toBe(pValue);
      // A tie is counted on both sides, so the two never sum to less than one.
      expect(pValue + signFlipTest(values.map((v) => -v)).pValue).toBeGreaterThanOrEqual(1);
    }),
  );
});

test('estimates beyond the exact limit, repeatably and close to the exact value', () => {
  const alternating = Array.from({ length: EXACT_LIMIT }, (_, i) => (i % 3 === 0 ? -0.02 : 0.02));
  const exact = signFlipTest(alternating).pValue;
  const estimated = signFlipTest([...alternating, 0]).pValue;
  expect(estimated).toBeCloseTo(exact, 2);
  expect(signFlipTest([...alternating, 0]).pValue).toBe(estimated);
});

test('counts exactly up to the limit', () => {
  // With equal differences the sum reaches n − 2 flipped or less: binomial tail of 0 and 1.
  const differences = [-0.01, ...new Array<number>(EXACT_LIMIT - 1).fill(0.01)];
  expect(signFlipTest(differences).pValue).toBe((1 + EXACT_LIMIT) / 2 ** EXACT_LIMIT);
});

test.each([EXACT_LIMIT, EXACT_LIMIT + 1, 200, 1_000])(
  'takes less than the second that a workflow task has, with %i subjects',
  (subjects) => {
    const differences = Array.from({ length: subjects }, (_, i) => ((i * 37) % 100) / 1000 - 0.04);
    // The best of three: a busy machine may pause in one of them.
    const tookMs = [1, 2, 3].map(() => {
      const startedMs = performance.now();
      expect(signFlipTest(differences).pValue).toBeGreaterThan(0);
      return performance.now() - startedMs;
    });
    expect(Math.min(...tookMs)).toBeLessThan(1_000);
  },
);

test.each([
  [40, 100_000],
  [1_000, 5_000],
  [10_000, 1_000],
])('never claims certainty however many subjects improve: of %i, %i draws', (subjects, draws) => {
  expect(signFlipTest(new Array<number>(subjects).fill(0.1)).pValue).toBe(1 / (draws + 1));
});

test('draws a sign for each subject, also where there are more than a draw has bits', () => {
  const differences = [...new Array<number>(32).fill(0), ...new Array<number>(6).fill(0.1)];
  expect(signFlipTest(differences).pValue).toBeCloseTo(1 / 64, 2);
});
