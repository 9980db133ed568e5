/** What is validated, or scored, was not learned: not by weights, not by scales, not by way of another device. */
import { useBackend } from '../../../models/backend';
import { loadClassifier } from '../../../models/classifier';
import { evaluate } from '../../../models/evaluation';
import { evaluateHeldOut } from '../../../models/held-out';
import { leaveOneSubjectOut } from '../../../models/leave-one-subject-out';
import { trainClassifier } from '../../../models/training';
import { subset, type TrainingSet } from '../../../models/training-set';
import { CLASSES, COLUMNS, cloudSet, plainSchema } from './made-data';

const options = { hiddenUnits: [16], maximumEpochs: 12, batchSize: 64, learningRate: 0.01 };
const input = { schema: plainSchema(COLUMNS), classes: CLASSES, seed: 7, options };
const set = cloudSet();

beforeAll(() => useBackend('wasm'));

/** One of four does what nobody else does, and it is easily told. */
const swims = (row: number): boolean => set.groups[row] === 's2';
const swimming: TrainingSet = {
  ...set,
  labels: set.labels.map((label, row) => (swims(row) ? 'swim' : label)),
  features: set.features.map((value, at) => (swims(Math.floor(at / COLUMNS)) ? value + 9 : value)),
};
const withSwim = { ...input, classes: [...CLASSES, 'swim'] };

test('who is left out is not learned from: what they alone do is never named', async () => {
  const held = set.groups.flatMap((_, row) => (swims(row) ? [row] : []));
  expect((await evaluateHeldOut(swimming, held, withSwim)).accuracy).toBe(0);
  const { bySubject } = await leaveOneSubjectOut(swimming, withSwim);
  expect(bySubject.find(({ subject }) => subject === 's2')?.accuracy).toBe(0);
});

test('an inner fold holds out whole people, and not one of their devices', async () => {
  const { calibration } = await trainClassifier(swimming, withSwim);
  expect(calibration).toMatchObject({ method: 'out-of-fold-subjects', rows: 108 });
});

test('an inner fold measures its scales without those whom it holds out', async () => {
  const losses = async (value: number) => {
    const features = set.features.map((each, at) => {
      if (at % COLUMNS > 0) return each;
      return swims(Math.floor(at / COLUMNS)) ? value : 0;
    });
    const { history } = await trainClassifier({ ...set, features }, input);
    return ['fold-1', 'fold-2', 'fold-3'].map((wanted) =>
      history.flatMap(({ phase, loss, validationLoss }) =>
        phase === wanted ? [loss, validationLoss] : [],
      ),
    );
  };
  const [usual, other] = [await losses(0), await losses(50)];
  const same = usual.filter((each, fold) => JSON.stringify(each) === JSON.stringify(other[fold]));
  // In the others it is learned that the feature varies.
  expect(same).toHaveLength(1);
});

test('a rare class counts as much as a frequent one, unless it should not', async () => {
  const blurred = cloudSet({ spread: 1.6 });
  const rows = blurred.labels.flatMap((label, row) =>
    label !== 'jump' || row % 6 === 0 ? [row] : [],
  );
  const recallOfRare = async (classWeights: boolean) => {
    const few = { ...options, classWeights };
    const trained = await trainClassifier(subset(blurred, rows), { ...input, options: few });
    const classifier = await loadClassifier(trained);
    const { features, labels, groups } = cloudSet({ spread: 1.6, seed: 2 });
    const probabilities = await classifier.predict(features, labels.length);
    classifier.dispose();
    const { perClass } = evaluate({ probabilities, classes: CLASSES, labels, subjects: groups });
    return perClass.find(({ label }) => label === 'jump')?.recall as number;
  };
  expect(await recallOfRare(true)).toBeGreaterThan((await recallOfRare(false)) + 0.1);
});

test('learns as many epochs as were best on the unseen, and looks no further than it has patience', async () => {
  const blurred = cloudSet({ subjects: 2, spread: 2 });
  // Without the first there is one class: only the fold that holds out the second is left.
  const rows = blurred.labels.flatMap((label, row) =>
    blurred.groups[row] === 's0' || label === 'walk' ? [row] : [],
  );
  const impatient = { ...options, minimumEpochs: 2, maximumEpochs: 40, patience: 3 };
  const trained = await trainClassifier(subset(blurred, rows), { ...input, options: impatient });
  const losses = trained.history.flatMap(({ phase, validationLoss }) =>
    phase === 'all' ? [] : [validationLoss as number],
  );
  const best = 1 + losses.indexOf(Math.min(...losses.slice(1)));
  expect(trained.epochs).toBe(best);
  expect(losses).toHaveLength(best + 3);
  expect(trained.history.filter(({ phase }) => phase === 'all')).toHaveLength(best);
});
