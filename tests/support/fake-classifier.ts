/** A classifier for tests that is a plain, deterministic function of the features. */
import type { Classifier } from '../../models/classifier';
import { featureSchema } from '../../models/features';
import { DEFAULT_MAX_GAP_MS, DEFAULT_WINDOW, type SignalSpec } from '../../models/signal';

export const TEST_SIGNAL: SignalSpec = {
  channels: ['ax', 'ay', 'az'],
  rateHz: 20,
  window: DEFAULT_WINDOW,
  maxGapMs: DEFAULT_MAX_GAP_MS,
};

const CLASSES = ['still', 'moving', 'shaking'];

function softmax(scores: readonly number[]): number[] {
  const highest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** The seed stands for the version: another one gives other probabilities. */
export function fakeClassifier(seed = 1, signal: SignalSpec = TEST_SIGNAL): Classifier {
  const schema = featureSchema(signal);
  const width = schema.names.length;
  const weight = (feature: number, label: number) => Math.sin(seed * 7 + feature * 3 + label * 5);
  return {
    artefact: {
      formatVersion: 1,
      classes: CLASSES,
      schema,
      standardiser: { mean: [], scale: [] },
      layers: [],
      temperature: 1,
      seed,
      weightsSha256: '',
    },
    predict(rows, count) {
      const probabilities = Array.from({ length: count }, (_, row) => {
        const features = rows.subarray(row * width, (row + 1) * width);
        const scores = CLASSES.map((_label, label) =>
          features.reduce((sum, value, index) => sum + Math.tanh(value) * weight(index, label), 0),
        );
        return softmax(scores);
      });
      return Promise.resolve(Float32Array.from(probabilities.flat()));
    },
    dispose() {
      // It holds nothing.
    },
  };
}
