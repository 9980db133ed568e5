/** What a training holds beside the rows that it was given. */
import { useBackend } from '../../../models/backend';
import { trainClassifier } from '../../../models/training';
import type { TrainingSet } from '../../../models/training-set';
import { CLASSES, plainSchema } from './made-data';

const ROWS = 40_000;
const COLUMNS = 400;
const PEOPLE = 4;

beforeAll(() => useBackend('wasm'));

const textsOf = (text: (row: number) => string) =>
  Array.from({ length: ROWS }, (_, row) => text(row));

function largeSet(): TrainingSet {
  const groups = textsOf((row) => `s${row % PEOPLE}`);
  return {
    features: new Float32Array(ROWS * COLUMNS).map((_, at) => (at * 7919) % 101),
    labels: textsOf((row) => CLASSES[row % CLASSES.length] as string),
    windowIds: textsOf((row) => `w${row}`),
    groups,
    blocks: groups,
  };
}

test('nothing that is as large as they are, for folds and standardised rows use the same', async () => {
  const set = largeSet();
  const stop = new AbortController();
  const before = process.memoryUsage().arrayBuffers;
  let held = Infinity;
  const training = trainClassifier(set, {
    ...{ schema: plainSchema(COLUMNS), classes: CLASSES, seed: 7, signal: stop.signal },
    options: { hiddenUnits: [4], batchSize: 2048 },
    // After the first epoch of the first fold all is there that it needs.
    onEpoch: () => {
      held = Math.min(held, process.memoryUsage().arrayBuffers - before);
      stop.abort(new Error('seen enough'));
    },
  });
  await expect(training).rejects.toThrow('seen enough');
  expect(held).toBeLessThan(set.features.byteLength);
});
