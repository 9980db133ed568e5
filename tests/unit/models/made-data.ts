/** Made signals and training rows whose classes can be told apart, the same for the same seed. */
import { WatchlakeError } from '../../../core/errors';
import { featureSchema, type FeatureSchema } from '../../../models/features';
import { createRandom, normal } from '../../../core/random';
import type { SampleSpan, SignalSpec } from '../../../models/signal';
import { DEFAULT_MAX_GAP_MS, DEFAULT_WINDOW } from '../../../models/signal';
import type { TrainingSet } from '../../../models/training-set';

export const SIGNAL: SignalSpec = {
  channels: ['ax', 'ay', 'az'],
  rateHz: 50,
  window: DEFAULT_WINDOW,
  maxGapMs: DEFAULT_MAX_GAP_MS,
};

/** A span at `rateHz` whose channels are functions of the time in seconds. */
export function spanOf(
  channels: readonly ((seconds: number) => number)[],
  { fromMs = 0, lengthMs = 4000, rateHz = 50 } = {},
): SampleSpan {
  const count = Math.round((lengthMs * rateHz) / 1000);
  const timestampsMs = Float64Array.from({ length: count }, (_, i) => fromMs + (i * 1000) / rateHz);
  const values = channels.map((f) => Float32Array.from(timestampsMs, (tMs) => f(tMs / 1000)));
  return { timestampsMs, values };
}

export const CLASSES = ['jump', 'rest', 'walk'];

/** A schema of the right width for rows that no signal lies behind. */
export function plainSchema(columns: number): FeatureSchema {
  const names = Array.from({ length: columns }, (_, index) => `feature${index}`);
  return { ...featureSchema(SIGNAL), names, hash: `plain-${columns}` };
}

export const COLUMNS = 6;

/** Gaussian clouds: one centre for each class, a small shift for each subject. */
export function cloudSet({
  subjects = 4,
  perClass = 12,
  spread = 0.6,
  seed = 1,
} = {}): TrainingSet {
  const random = createRandom(seed);
  const rows = Array.from({ length: subjects }, (_, subject) => `s${subject}`).flatMap(
    (subject) => {
      const shift = normal(random) * 0.2;
      return CLASSES.flatMap((label, index) =>
        Array.from({ length: perClass }, (_, row) => ({
          subject,
          label,
          device: `${subject}-${row % 2 === 0 ? 'left' : 'right'}`,
          features: Array.from(
            { length: COLUMNS },
            (__, column) =>
              (column % CLASSES.length === index ? 2 : 0) + shift + normal(random) * spread,
          ),
        })),
      );
    },
  );
  return {
    features: Float32Array.from(rows.flatMap(({ features }) => features)),
    labels: rows.map(({ label }) => label),
    groups: rows.map(({ subject }) => subject),
    blocks: rows.map(({ device }) => device),
    windowIds: rows.map((_, index) => `w${index}`),
  };
}

/** The code of the error that the action throws; undefined when it throws none. */
export function codeThrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error instanceof WatchlakeError ? error.code : error;
  }
  return undefined;
}

/** Says aloud what a test could not check here, and how to make it possible. */
export const saySkipped = (what: string): void => {
  process.stderr.write(`\nSKIPPED: ${what}\n`);
};
