import { createRandom } from '../../../core/random';
import { softmax } from '../../../models/softmax';
import { fitTemperature, lossAt, provenTemperature } from '../../../models/temperature';

test('divides logits by the temperature before the softmax', () => {
  const [first, second] = softmax(Float32Array.of(2, 0), 2, 2);
  expect(first).toBeCloseTo(Math.E / (Math.E + 1), 6);
  expect((first as number) + (second as number)).toBeCloseTo(1, 6);
});

test('survives logits that overflow an exponential', () => {
  expect([...softmax(Float32Array.of(1000, 0), 2, 1)]).toEqual([1, 0]);
});

test('has the known loss of an even guess', () => {
  expect(lossAt(1, Float32Array.of(3, 3), 2, [1])).toBeCloseTo(Math.log(2), 6);
  expect(lossAt(2, Float32Array.of(2, 0), 2, [0])).toBeCloseTo(Math.log(1 + Math.exp(-1)), 6);
  expect(lossAt(1, Float32Array.of(3, 3, 5, 5), 2, [1, 0])).toBeCloseTo(Math.log(2), 6);
});

test('finds the temperature by which logits were made too confident', () => {
  const random = createRandom(3);
  const logits = Float32Array.from({ length: 2 * 6000 }, () => 4 * random() - 2);
  const honest = softmax(logits, 2, 1);
  const truth = Array.from({ length: 6000 }, (_, row) =>
    random() < (honest[2 * row] as number) ? 0 : 1,
  );
  const confident = logits.map((logit) => logit * 3);
  expect(fitTemperature(confident, 2, truth)).toBeGreaterThan(2.6);
  expect(fitTemperature(confident, 2, truth)).toBeLessThan(3.4);
});

test.each([6, 0.3])(
  'matches the exact optimum of a case that can be solved by hand, of logits of %d',
  (logit) => {
    // Four rows with logits (L, 0), three of them right: the optimum has confidence 3/4, L/T = ln 3.
    const logits = Float32Array.from([logit, 0, logit, 0, logit, 0, logit, 0]);
    expect(fitTemperature(logits, 2, [0, 0, 0, 1])).toBeCloseTo(logit / Math.log(3), 3);
  },
);

test.each([0.5, 8])(
  'is no surer of rows that are all right than so many can show, of logits of %d',
  (logit) => {
    const logits = Float32Array.from({ length: 2 * 98 }, (_, at) => (at % 2 === 0 ? logit : 0));
    const truth = new Array<number>(98).fill(0);
    expect(fitTemperature(logits, 2, truth)).toBeCloseTo(0.05, 3);
    // The next one is right with 99 in 100: L/T = ln 99.
    expect(provenTemperature(logits, 2, truth)).toBeCloseTo(logit / Math.log(99), 3);
  },
);

test('is the best one where a row is wrong', () => {
  const logits = Float32Array.from([6, 0, 6, 0, 6, 0, 6, 0]);
  const truth = [0, 0, 0, 1];
  expect(provenTemperature(logits, 2, truth)).toBe(fitTemperature(logits, 2, truth));
});
