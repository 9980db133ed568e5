import { evaluate, calibrationErrorOf, macroF1Of } from '../../../models/evaluation';
import { largest } from '../../../models/softmax';
import { codeThrownBy } from './made-data';

const classes = ['a', 'b', 'c'];

/** Rows of certain predictions, by class. */
const certain = (predicted: readonly string[]): Float32Array =>
  Float32Array.from(predicted.flatMap((label) => classes.map((name) => (name === label ? 1 : 0))));

test('counts accuracy, macro-F1, recall and precision as scikit-learn does', () => {
  const result = evaluate({
    probabilities: certain(['a', 'a', 'b', 'c', 'c', 'a']),
    classes,
    labels: ['a', 'b', 'b', 'c', 'c', 'c'],
    subjects: ['s', 's', 's', 's', 's', 's'],
  });
  expect(result.accuracy).toBeCloseTo(4 / 6, 9);
  // f1_score(average='macro') of these rows: (0.5 + 2/3 + 0.8) / 3.
  expect(result.macroF1).toBeCloseTo((0.5 + 2 / 3 + 0.8) / 3, 9);
  expect(result.perClass[1]).toEqual({
    label: 'b',
    precision: 1,
    recall: 0.5,
    f1: 2 / 3,
    support: 2,
  });
  expect(result.confusion).toEqual([
    [1, 0, 0],
    [1, 1, 0],
    [1, 0, 2],
  ]);
});

test('leaves classes that occur neither in truth nor in predictions out of macro-F1', () => {
  expect(
    macroF1Of(
      [
        [2, 0, 0],
        [0, 2, 0],
        [0, 0, 0],
      ],
      classes,
    ),
  ).toBe(1);
  expect(
    macroF1Of(
      [
        [2, 0, 1],
        [0, 2, 0],
        [0, 0, 0],
      ],
      classes,
    ),
  ).toBeCloseTo((0.8 + 1 + 0) / 3, 9);
});

test('names the worst subject and the spread over subjects', () => {
  const result = evaluate({
    probabilities: certain(['a', 'b', 'c', 'c']),
    classes,
    labels: ['a', 'b', 'a', 'c'],
    subjects: ['s1', 's1', 's2', 's2'],
  });
  expect(result.worstSubject).toEqual({ subject: 's2', accuracy: 0.5 });
  expect(result.spread.accuracyStandardDeviation).toBeCloseTo(0.25, 9);
  // Of s2 the classes a and c occur: (0 + 2/3) / 2; half the distance to 1 is the deviation.
  expect(result.spread.macroF1StandardDeviation).toBeCloseTo(1 / 3, 9);
  expect(result.bySubject.map(({ windows }) => windows)).toEqual([2, 2]);
});

test('names the worst subject wherever they stand, and the first of equals', () => {
  const result = evaluate({
    probabilities: certain(['a', 'b', 'b', 'a']),
    classes,
    labels: ['a', 'a', 'a', 'a'],
    subjects: ['s1', 's2', 's3', 's4'],
  });
  expect(result.worstSubject).toEqual({ subject: 's2', accuracy: 0 });
});

test('looks for the windows of all people at once, however many they are', () => {
  const count = 300;
  let reads = 0;
  const people = Array.from({ length: count }, (_, row) => `p${row}`);
  const subjects = new Proxy(people, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
      return Reflect.get(target, key) as unknown;
    },
  });
  const labels = people.map(() => 'rest');
  const probabilities = new Float32Array(2 * count).fill(0.5);
  const { bySubject } = evaluate({ probabilities, classes: ['rest', 'walk'], labels, subjects });
  expect(bySubject.map(({ subject }) => subject)).toEqual(people);
  expect(reads).toBeLessThanOrEqual(2 * count);
});

test('measures the gap between confidence and accuracy', () => {
  // Ten windows at confidence 0.8, six of them right: |0.8 − 0.6| = 0.2.
  const labels = ['a', 'a', 'a', 'a', 'a', 'a', 'b', 'b', 'b', 'b'];
  const result = evaluate({
    probabilities: Float32Array.from(labels.flatMap(() => [0.8, 0.1, 0.1])),
    classes,
    labels,
    subjects: labels.map(() => 's'),
  });
  expect(result.calibrationError).toBeCloseTo(0.2, 5);
  expect(result.reliability[8]).toMatchObject({ windows: 10, accuracy: 0.6 });
});

test('puts each window into one bin, a certain one into the last', () => {
  const labels = ['a', 'a', 'a', 'b'];
  const result = evaluate({
    probabilities: Float32Array.from([0.65, 0.75, 1, 1].flatMap((value) => [value, 1 - value, 0])),
    classes,
    labels,
    subjects: labels.map(() => 's'),
  });
  const { reliability, calibrationError } = result;
  expect(reliability.map(({ windows }) => windows)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 0, 2]);
  expect(reliability[0]).toEqual({
    from: 0,
    to: 0.1,
    windows: 0,
    confidence: null,
    accuracy: null,
  });
  expect(reliability[9]).toEqual({ from: 0.9, to: 1, windows: 2, confidence: 1, accuracy: 0.5 });
  expect(calibrationError).toBeCloseTo((0.35 + 0.25 + 2 * 0.5) / 4, 6);
});

test('weighs the bins of the calibration error by their windows', () => {
  const bin = { from: 0, to: 1 };
  expect(
    calibrationErrorOf([
      { ...bin, windows: 30, confidence: 0.9, accuracy: 0.8 },
      { ...bin, windows: 10, confidence: 0.5, accuracy: 0.9 },
      { ...bin, windows: 0, confidence: null, accuracy: null },
    ]),
  ).toBeCloseTo(0.75 * 0.1 + 0.25 * 0.4, 9);
});

test.each([
  ['no window', { probabilities: new Float32Array(0), labels: [], subjects: [] }, 'INPUT_INVALID'],
  [
    'a probability that is not a number',
    { probabilities: Float32Array.of(NaN, 0, 0), labels: ['a'], subjects: ['s'] },
    'INPUT_INVALID',
  ],
  [
    'a window of nobody',
    { probabilities: certain(['a', 'b']), labels: ['a', 'b'], subjects: ['s'] },
    'INPUT_INVALID',
  ],
  [
    'columns of different length',
    { probabilities: certain(['a', 'b']), labels: ['a'], subjects: ['s'] },
    'INPUT_INVALID',
  ],
])('refuses %s', (_, input, code) => {
  expect(codeThrownBy(() => evaluate({ classes, ...input }))).toBe(code);
});

test('counts a window of a class that the model has not learned as mistaken', () => {
  const result = evaluate({
    probabilities: certain(['a', 'a', 'b', 'c']),
    classes,
    labels: ['a', 'z', 'b', 'c'],
    subjects: ['s', 's', 's', 't'],
  });
  expect(result.accuracy).toBe(0.75);
  expect(result.classes).toEqual(['a', 'b', 'c', 'z']);
  expect(result.unlearned).toEqual(['z']);
  expect(result.confusion[3]).toEqual([1, 0, 0, 0]);
  expect(result.perClass[3]).toEqual({ label: 'z', precision: 0, recall: 0, f1: 0, support: 1 });
  // As scikit-learn counts: (2/3 + 1 + 1 + 0) / 4, and of the person alone (2/3 + 1 + 0) / 3.
  expect(result.macroF1).toBeCloseTo((2 / 3 + 2) / 4, 9);
  expect(result.bySubject[0]?.macroF1).toBeCloseTo((2 / 3 + 1) / 3, 9);
  expect(result.negativeLogLikelihood).toBeCloseTo(-Math.log(1e-7) / 4, 6);
});

test('orders the classes that only the windows have by their names', () => {
  const result = evaluate({
    probabilities: certain(['a', 'b', 'c']),
    classes,
    labels: ['z', 'y', 'c'],
    subjects: ['s', 's', 's'],
  });
  expect(result.classes).toEqual(['a', 'b', 'c', 'y', 'z']);
});

test('predicts the first of classes that are equally likely', () => {
  expect(largest([0.2, 0.4, 0.4])).toBe(1);
});
