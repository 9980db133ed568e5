import * as tf from '@tensorflow/tfjs';
import { useBackend } from '../../../models/backend';
import { loadClassifier } from '../../../models/classifier';
import { evaluate } from '../../../models/evaluation';
import { evaluateHeldOut } from '../../../models/held-out';
import { leaveOneSubjectOut } from '../../../models/leave-one-subject-out';
import { createRandom } from '../../../core/random';
import { trainClassifier } from '../../../models/training';
import { subset, type TrainingSet } from '../../../models/training-set';
import { CLASSES, COLUMNS, cloudSet, plainSchema } from './made-data';

const options = { hiddenUnits: [16], maximumEpochs: 12, batchSize: 64, learningRate: 0.01 };
const input = { schema: plainSchema(COLUMNS), classes: CLASSES, seed: 7, options };

jest.setTimeout(60_000);

beforeAll(() => useBackend('wasm'));

async function accuracyOn(
  set: TrainingSet,
  stored: Parameters<typeof loadClassifier>[0],
): Promise<number> {
  const classifier = await loadClassifier(stored);
  const probabilities = await classifier.predict(set.features, set.labels.length);
  classifier.dispose();
  return evaluate({ probabilities, classes: CLASSES, labels: set.labels, subjects: set.groups })
    .accuracy;
}

test('learns classes that can be told apart, and predicts subjects that it never saw', async () => {
  const trained = await trainClassifier(cloudSet(), input);
  expect(await accuracyOn(cloudSet({ seed: 2 }), trained)).toBeGreaterThan(0.9);
});

test('learns nothing from labels that say nothing', async () => {
  const set = cloudSet();
  const random = createRandom(5);
  const shuffledLabels = set.labels.map(() => CLASSES[Math.floor(random() * 3)] as string);
  const trained = await trainClassifier({ ...set, labels: shuffledLabels }, input);
  expect(await accuracyOn(cloudSet({ seed: 2 }), trained)).toBeLessThan(0.65);
});

test('gives the same weights, epochs and temperature for the same seed, others for another', async () => {
  const [first, second] = [
    await trainClassifier(cloudSet(), input),
    await trainClassifier(cloudSet(), input),
  ];
  expect(second.artefact).toEqual(first.artefact);
  expect(second.weights).toEqual(first.weights);
  expect(second.history).toEqual(first.history);
  const other = await trainClassifier(cloudSet(), { ...input, seed: 8 });
  expect(other.artefact.weightsSha256).not.toBe(first.artefact.weightsSha256);
});

/** As another secret would call its people: in another order. */
const renamed = (set: TrainingSet): TrainingSet => ({
  ...set,
  groups: set.groups.map((group) => `t${9 - ((Number(group.slice(1)) * 3) % 5)}`),
});

test('gives the same classifier, and the same scores, whatever the subjects are called', async () => {
  const set = cloudSet({ spread: 1.4 });
  const trained = await trainClassifier(set, input);
  const other = await trainClassifier(renamed(set), input);
  expect(other.artefact).toEqual(trained.artefact);
  expect(other.history).toEqual(trained.history);
  const few = cloudSet({ subjects: 3, spread: 1.4 });
  const scores = [
    await leaveOneSubjectOut(few, input),
    await leaveOneSubjectOut(renamed(few), input),
  ];
  const [score, otherScore] = scores.map(({ bySubject, worstSubject, ...figures }) => ({
    ...{ ...figures, worst: worstSubject.accuracy },
    bySubject: bySubject.map(({ accuracy, macroF1 }) => [accuracy, macroF1]),
  }));
  expect(otherScore).toEqual(score);
});

test('calibrates on subjects that the fold did not learn from', async () => {
  const { calibration } = await trainClassifier(cloudSet({ spread: 1.4 }), input);
  expect(calibration).toMatchObject({ method: 'out-of-fold-subjects', rows: 144 });
  expect(calibration.lossAfter).toBeLessThanOrEqual(calibration.lossBefore as number);
});

test('calibrates also where everybody does something that nobody else does', async () => {
  const set = cloudSet({ spread: 1.4 });
  const labels = set.labels.map((label, row) =>
    row % 36 === 0 ? `${label} of ${set.groups[row]}` : label,
  );
  const classes = [...new Set(labels)].sort();
  const { calibration } = await trainClassifier({ ...set, labels }, { ...input, classes });
  expect(calibration).toMatchObject({ method: 'out-of-fold-subjects', rows: 140 });
});

test('validates by device when there is one subject, and not at all with one device', async () => {
  const one = cloudSet({ subjects: 1 });
  expect((await trainClassifier(one, input)).calibration.method).toBe('out-of-fold-devices');
  const single = { ...one, blocks: one.blocks.map(() => 'only') };
  const trained = await trainClassifier(single, input);
  expect(trained.calibration).toMatchObject({ method: 'none', temperature: 1 });
  expect(trained.history.every(({ phase }) => phase === 'all')).toBe(true);
});

/** Its first feature is the same on every row. */
const withConstant = (set: TrainingSet, value: number): TrainingSet => ({
  ...set,
  features: set.features.map((each, index) => (index % COLUMNS === 0 ? value : each)),
});

test('a feature that never varied in training decides nothing when it varies later', async () => {
  const trained = await trainClassifier(withConstant(cloudSet(), 3), input);
  const stored = JSON.parse(JSON.stringify(trained.artefact)) as typeof trained.artefact;
  const classifier = await loadClassifier({ artefact: stored, weights: trained.weights });
  const [usual, other] = [
    await classifier.predict(withConstant(cloudSet(), 3).features, 144),
    await classifier.predict(withConstant(cloudSet(), 40).features, 144),
  ];
  classifier.dispose();
  expect(other).toEqual(usual);
});

test('knows classes that have no row yet', async () => {
  const { artefact } = await trainClassifier(cloudSet(), {
    ...input,
    classes: [...CLASSES, 'swim'],
  });
  expect(artefact.classes).toEqual([...CLASSES, 'swim']);
});

test('stops between two steps when it is aborted', async () => {
  const controller = new AbortController();
  const training = trainClassifier(cloudSet(), {
    ...input,
    signal: controller.signal,
    onEpoch: ({ epoch }) => epoch === 2 && controller.abort(new Error('cancelled')),
  });
  await expect(training).rejects.toThrow('cancelled');
});

test('gives way to timers while it trains', async () => {
  let beats = 0;
  const heart = setInterval(() => (beats += 1), 2);
  await trainClassifier(cloudSet(), input);
  clearInterval(heart);
  expect(beats).toBeGreaterThan(10);
});

test('leaves no tensors behind', async () => {
  await trainClassifier(cloudSet(), input);
  const before = tf.memory().numTensors;
  const classifier = await loadClassifier(await trainClassifier(cloudSet(), input));
  await classifier.predict(cloudSet().features, 144);
  classifier.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

test('leaves no tensors behind where the rows left out cannot be predicted', async () => {
  const set = cloudSet();
  await trainClassifier(set, input);
  const before = tf.memory().numTensors;
  const features = set.features.slice();
  features[0] = Number.NaN;
  await expect(evaluateHeldOut({ ...set, features }, [0, 1, 2], input)).rejects.toThrow();
  expect(tf.memory().numTensors).toBe(before);
});

test('scores the rows left out, and no others', async () => {
  const set = cloudSet();
  const held = set.groups.flatMap((group, row) => (group === 's2' ? [row] : []));
  const { windows, accuracy, bySubject } = await evaluateHeldOut(set, held, input);
  expect(windows).toBe(held.length);
  expect(bySubject.map(({ subject }) => subject)).toEqual(['s2']);
  expect(accuracy).toBeGreaterThan(0.8);
  for (const side of [[], set.labels.map((_, row) => row)]) {
    await expect(evaluateHeldOut(set, side, input)).rejects.toMatchObject({
      ...{ code: 'TRAINING_DATA_INSUFFICIENT' },
      context: { detail: expect.stringContaining('one side') as string },
    });
  }
});

test('predicts each subject by a classifier that never saw them', async () => {
  const set = cloudSet({ subjects: 3 });
  const evaluation = await leaveOneSubjectOut(set, input);
  expect(evaluation.windows).toBe(set.labels.length);
  expect(evaluation.bySubject.map(({ subject }) => subject)).toEqual(['s0', 's1', 's2']);
  expect(evaluation.accuracy).toBeGreaterThan(0.85);
  await expect(leaveOneSubjectOut(cloudSet({ subjects: 1 }), input)).rejects.toMatchObject({
    code: 'TRAINING_DATA_INSUFFICIENT',
  });
  await expect(leaveOneSubjectOut(subset(set, []), input)).rejects.toThrow(
    '0 subjects with labelled windows, leaving one out needs at least two',
  );
});

/** The first three rows of each class of everybody but the first subject. */
function mostlyOfOne(): TrainingSet {
  const set = cloudSet({ subjects: 3 });
  return subset(
    set,
    set.labels.flatMap((_, row) => (set.groups[row] === 's0' || row % 12 < 3 ? [row] : [])),
  );
}

test('does not score a subject without whom there is too little to train on, and says so', async () => {
  const evaluation = await leaveOneSubjectOut(mostlyOfOne(), input);
  expect(evaluation.unscored).toEqual({ subjects: 1, windows: 36 });
  expect(evaluation.windows).toBe(18);
  expect(evaluation.bySubject.map(({ subject }) => subject)).toEqual(['s1', 's2']);
  expect(evaluation.accuracy).toBeGreaterThan(0.85);
  expect((await leaveOneSubjectOut(cloudSet({ subjects: 3 }), input)).unscored).toBeUndefined();
});

test('looks at a row a few times to find without whom too little is left, however many people there are', async () => {
  const set = cloudSet({ subjects: 200, perClass: 1 });
  let looks = 0;
  const count = <Value>(values: readonly Value[]): readonly Value[] =>
    new Proxy(values, {
      get(target, property) {
        looks += 1;
        return Reflect.get(target, property) as unknown;
      },
    });
  const counted = { ...set, labels: count(set.labels), groups: count(set.groups) };
  const onSubject = () => {
    throw new Error('seen enough');
  };
  await expect(leaveOneSubjectOut(counted, { ...input, onSubject })).rejects.toThrow('seen enough');
  expect(looks).toBeLessThan(20 * set.labels.length);
});

test('says what is missing where nobody can be left out', async () => {
  const few = cloudSet({ subjects: 2, perClass: 6 });
  await expect(leaveOneSubjectOut(few, input)).rejects.toThrow(
    /whoever is left out.*18 labelled windows, at least 20 are needed/,
  );
});

const tiny = cloudSet({ subjects: 1, perClass: 4 });
const whole = cloudSet();
test.each<[string, TrainingSet, string]>([
  ['too few rows', tiny, 'TRAINING_DATA_INSUFFICIENT'],
  [
    'one class only',
    { ...whole, labels: whole.labels.map(() => 'walk') },
    'TRAINING_DATA_INSUFFICIENT',
  ],
  [
    'a label that the model does not know',
    { ...whole, labels: whole.labels.map((l, i) => (i === 3 ? 'swim' : l)) },
    'LABELS_UNKNOWN',
  ],
  [
    'a feature that is not a number',
    { ...whole, features: whole.features.map((v, i) => (i === 9 ? NaN : v)) },
    'FEATURES_INVALID',
  ],
  [
    'an infinite feature',
    { ...whole, features: whole.features.map((v, i) => (i === 9 ? Infinity : v)) },
    'FEATURES_INVALID',
  ],
  ['rows of another width', { ...whole, features: whole.features.subarray(1) }, 'FEATURES_INVALID'],
  ['groups of another length', { ...whole, groups: ['s0'] }, 'FEATURES_INVALID'],
])('refuses %s', async (_, set, code) => {
  await expect(trainClassifier(set, input)).rejects.toMatchObject({ name: 'WatchlakeError', code });
});

test('names the model that does not know a label', async () => {
  const odd = { ...whole, labels: whole.labels.map((label, i) => (i === 3 ? 'swim' : label)) };
  await expect(trainClassifier(odd, { ...input, model: 'activity' })).rejects.toThrow(
    /swim, which the model activity does not know/,
  );
  await expect(trainClassifier(odd, input)).rejects.toThrow(/the model in training does not know/);
});
