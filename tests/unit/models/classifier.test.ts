import { useBackend } from '../../../models/backend';
import type { ClassifierArtefact, StoredClassifier } from '../../../models/classifier';
import { loadClassifier } from '../../../models/classifier';
import { featureSchema } from '../../../models/features';
import { trainClassifier } from '../../../models/training';
import { CLASSES, COLUMNS, cloudSet, plainSchema, saySkipped } from './made-data';

const set = cloudSet();
let stored: StoredClassifier;

jest.setTimeout(60_000);

beforeAll(async () => {
  await useBackend('wasm');
  const options = { hiddenUnits: [16], maximumEpochs: 8 };
  const { artefact, weights } = await trainClassifier(set, {
    schema: plainSchema(COLUMNS),
    classes: CLASSES,
    seed: 1,
    options,
  });
  // As the registry keeps it: through JSON, the weights as bytes at any offset of a larger buffer.
  const padded = new Uint8Array(weights.length + 3);
  padded.set(weights, 3);
  stored = {
    artefact: JSON.parse(JSON.stringify(artefact)) as ClassifierArtefact,
    weights: padded.subarray(3),
  };
});

async function predictAll(): Promise<Float32Array> {
  const classifier = await loadClassifier(stored);
  const probabilities = await classifier.predict(set.features, set.labels.length);
  classifier.dispose();
  return probabilities;
}

const largestGap = (a: Float32Array, b: Float32Array): number =>
  a.reduce((gap, value, i) => Math.max(gap, Math.abs(value - (b[i] as number))), 0);

test('gives probabilities that sum to one for each row', async () => {
  const probabilities = await predictAll();
  expect(probabilities).toHaveLength(set.labels.length * CLASSES.length);
  for (let row = 0; row < set.labels.length; row += 1) {
    const sum = probabilities.subarray(row * 3, row * 3 + 3).reduce((a, b) => a + b, 0);
    expect(sum).toBeCloseTo(1, 5);
  }
});

test('predicts a row alone as in company, to the last bit', async () => {
  const classifier = await loadClassifier(stored);
  const count = set.labels.length;
  const together = await classifier.predict(set.features, count);
  for (const size of [1, 2, 5, 7, 64, 101]) {
    const apart = new Float32Array(together.length);
    for (let from = 0; from < count; from += size) {
      const until = Math.min(count, from + size);
      const some = set.features.subarray(from * COLUMNS, until * COLUMNS);
      apart.set(await classifier.predict(some, until - from), from * CLASSES.length);
    }
    expect(apart).toEqual(together);
  }
  expect(await classifier.predict(new Float32Array(0), 0)).toHaveLength(0);
  classifier.dispose();
});

test('predicts a row the same wherever it stands', async () => {
  const classifier = await loadClassifier(stored);
  const count = set.labels.length;
  const backwards = (values: Float32Array, width: number): Float32Array =>
    Float32Array.from(values, (_, index) => {
      const row = count - 1 - Math.floor(index / width);
      return values[row * width + (index % width)] as number;
    });
  const forwards = await classifier.predict(set.features, count);
  const turned = await classifier.predict(backwards(set.features, COLUMNS), count);
  expect(backwards(turned, CLASSES.length)).toEqual(forwards);
  classifier.dispose();
});

test.each<[string, (given: StoredClassifier) => StoredClassifier]>([
  [
    'weights that were altered',
    ({ artefact, weights }) => ({
      artefact,
      weights: weights.map((b, i) => (i === 5 ? b ^ 1 : b)),
    }),
  ],
  [
    'weights that were cut',
    ({ artefact, weights }) => ({ artefact, weights: weights.subarray(0, 8) }),
  ],
  [
    'another format',
    ({ artefact, weights }) => ({ artefact: { ...artefact, formatVersion: 99 }, weights }),
  ],
  [
    'classes that do not fit',
    ({ artefact, weights }) => ({ artefact: { ...artefact, classes: ['a'] }, weights }),
  ],
  [
    'a schema that does not fit',
    ({ artefact, weights }) => ({ artefact: { ...artefact, schema: plainSchema(5) }, weights }),
  ],
])('refuses an artefact with %s', async (_, change) => {
  await expect(loadClassifier(change(stored))).rejects.toMatchObject({ code: 'ARTEFACT_INVALID' });
});

test('refuses an artefact whose features this version makes in another way', async () => {
  const { schema } = stored.artefact;
  const artefact = { ...stored.artefact, schema: { ...schema, formatVersion: 0, hash: 'former' } };
  await expect(loadClassifier({ ...stored, artefact })).rejects.toMatchObject({
    code: 'FEATURE_SCHEMA_DIFFERS',
    context: { expected: 'former', found: featureSchema(schema.signal).hash },
  });
});

test('names its classes as labels are written now, with composed accents', async () => {
  const classes = ['rest', 'relajaci\u00f3n', 'walk'];
  const artefact = { ...stored.artefact, classes: classes.map((each) => each.normalize('NFD')) };
  const classifier = await loadClassifier({ ...stored, artefact });
  expect(classifier.artefact.classes).toEqual(classes);
  classifier.dispose();
});

test('refuses rows that are not finite or of another width', async () => {
  const classifier = await loadClassifier(stored);
  const rows = new Float32Array(COLUMNS).fill(NaN);
  await expect(classifier.predict(rows, 1)).rejects.toMatchObject({ code: 'FEATURES_INVALID' });
  await expect(classifier.predict(rows, 2)).rejects.toMatchObject({ code: 'FEATURES_INVALID' });
  classifier.dispose();
});

test('predicts the same to 1e-4 on the native library and on WebAssembly', async () => {
  const onWasm = await predictAll();
  try {
    await useBackend('tensorflow');
  } catch {
    saySkipped('@tensorflow/tfjs-node does not load here; `npm run setup:tensorflow` builds it.');
    return;
  }
  const onNative = await predictAll();
  await useBackend('wasm');
  expect(largestGap(onWasm, onNative)).toBeLessThan(1e-4);
});
