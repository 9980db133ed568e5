/** A trained classifier: the artefact that is stored, and the predictions that it gives. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import { WatchlakeError } from '../core/errors';
import { composed } from '../core/letters';
import { useBackend } from './backend';
import { FEATURE_FORMAT_VERSION, featureSchema, type FeatureSchema } from './features';
import type { Layer } from './network';
import { Network } from './network';
import { allRows, rowsBetween, type Rows } from './rows';
import { softmax } from './softmax';
import type { Standardiser } from './standardiser';
import { standardise } from './standardiser';

export const ARTEFACT_FORMAT_VERSION = 1;

/** Everything but the weights; JSON-safe. */
export interface ClassifierArtefact {
  readonly formatVersion: number;
  /** In the order of the probabilities. */
  readonly classes: string[];
  readonly schema: FeatureSchema;
  readonly standardiser: Standardiser;
  readonly layers: Layer[];
  readonly temperature: number;
  readonly seed: number;
  readonly weightsSha256: string;
}

export interface StoredClassifier {
  readonly artefact: ClassifierArtefact;
  /** Kernel and bias of each layer in turn, row-major, float32 little endian. */
  readonly weights: Uint8Array;
}

export interface Classifier {
  readonly artefact: ClassifierArtefact;
  /** `count` rows of features, row-major, in; `count` rows of calibrated probabilities out. */
  predict(rows: Float32Array, count: number): Promise<Float32Array>;
  /** Frees the weights; the classifier cannot be used afterwards. */
  dispose(): void;
}

export const sha256Of = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** Rows in one pass: bounds the memory of a prediction whatever its input. */
const ROWS_AT_ONCE = 4096;

function checkArtefact({ artefact, weights }: StoredClassifier): void {
  const outputs = artefact.layers.at(-1)?.units;
  const wrong =
    artefact.formatVersion !== ARTEFACT_FORMAT_VERSION
      ? `its format is ${artefact.formatVersion}, this version reads ${ARTEFACT_FORMAT_VERSION}`
      : sha256Of(weights) !== artefact.weightsSha256
        ? 'its weights do not have the SHA-256 that the artefact names'
        : outputs !== artefact.classes.length
          ? `it has ${outputs} outputs for ${artefact.classes.length} classes`
          : null;
  if (wrong !== null) throw new WatchlakeError('ARTEFACT_INVALID', { detail: wrong });
}

/** The same window would give other numbers than those that were learned from. */
function refuseFormerFeatures({ schema }: ClassifierArtefact): void {
  if (schema.formatVersion === FEATURE_FORMAT_VERSION) return;
  const found = featureSchema(schema.signal).hash;
  throw new WatchlakeError('FEATURE_SCHEMA_DIFFERS', { expected: schema.hash, found });
}

/** In passes of bounded size: the rows are standardised as they come. */
export async function logitsOf(
  network: Network,
  rows: Rows,
  standardiser: Standardiser,
): Promise<Float32Array> {
  const outputs = (network.layers.at(-1) as Layer).units;
  const count = rows.picks.length;
  const logits = new Float32Array(count * outputs);
  for (let from = 0; from < count; from += ROWS_AT_ONCE) {
    const until = Math.min(count, from + ROWS_AT_ONCE);
    const part = standardise(rowsBetween(rows, from, until), standardiser);
    const result = tf.tidy(() =>
      network.forward(tf.tensor2d(part, [until - from, network.inputs])),
    );
    logits.set(await result.data<'float32'>(), from * outputs);
    result.dispose();
    // A pass is one piece of work; between passes others may go on.
    if (until < count) await nextTurn();
  }
  return logits;
}

/** Checks the artefact against its weights and the features that there are, and makes it ready to predict. */
export async function loadClassifier(stored: StoredClassifier): Promise<Classifier> {
  checkArtefact(stored);
  refuseFormerFeatures(stored.artefact);
  await useBackend();
  // Labels were not always composed when they were learned.
  const artefact = { ...stored.artefact, classes: stored.artefact.classes.map(composed) };
  const network = Network.fromBytes(artefact.schema.names.length, artefact.layers, stored.weights);
  return {
    artefact,
    async predict(rows, count) {
      const expected = count * network.inputs;
      if (rows.length !== expected) {
        const detail = `${count} rows need ${expected} values, there are ${rows.length}`;
        throw new WatchlakeError('FEATURES_INVALID', { detail });
      }
      if (count === 0) return new Float32Array(0);
      const all = allRows(rows, network.inputs);
      const logits = await logitsOf(network, all, artefact.standardiser);
      return softmax(logits, artefact.classes.length, artefact.temperature);
    },
    dispose: () => network.dispose(),
  };
}
