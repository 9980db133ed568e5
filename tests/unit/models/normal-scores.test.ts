import { createRandom, normal } from '../../../core/random';
import { normalScores, toScore, toValue } from '../../../models/normal-scores';

const draws = (count: number, of: (random: () => number) => number): Float32Array => {
  const random = createRandom(1);
  return Float32Array.from({ length: count }, () => of(random));
};
const skewed = draws(20_000, (random) => Math.exp(normal(random)));

test('a skewed distribution becomes a normal one, and comes back', () => {
  const scores = normalScores(skewed);
  const found = Array.from(skewed, (value) => toScore(scores, value));
  const mean = found.reduce((sum, score) => sum + score, 0) / found.length;
  const square = found.reduce((sum, score) => sum + score * score, 0) / found.length;
  expect(mean).toBeCloseTo(0, 2);
  expect(square).toBeCloseTo(1, 2);
  for (const score of [-2.4, -1, 0, 0.3, 2.6]) {
    expect(Math.log(toValue(scores, score))).toBeCloseTo(score, 0);
    expect(toScore(scores, toValue(scores, score))).toBeCloseTo(score, 6);
  }
});

test('one value for all is the middle, and what is far outside is drawn in', () => {
  const constant = normalScores(new Float32Array(10).fill(3));
  expect([toScore(constant, 3), toValue(constant, -1), toValue(constant, 9)]).toEqual([0, 3, 3]);
  const scores = normalScores(skewed);
  expect([toScore(scores, -1e9), toScore(scores, 1e9)]).toEqual([-4, 4]);
  expect(toValue(scores, 99)).toBe(toValue(scores, 4));
});

test('between two values there are those between them', () => {
  const scores = normalScores(Float32Array.of(1, 0));
  expect(toValue(scores, 0)).toBeCloseTo(0.5, 6);
  expect(toValue(scores, 1)).toBeCloseTo(0.841, 3);
});

test('a value that half of all have stands for its whole range of scores', () => {
  const scores = normalScores(draws(10_000, (random) => Math.max(0, random() - 0.5)));
  expect(toScore(scores, 0)).toBeCloseTo(-2, 1);
  expect(toValue(scores, -0.5)).toBe(0);
});
