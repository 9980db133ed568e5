/** Classifies many closed windows at once, and makes predictions of them. */
import type { Classifier } from '../models/classifier';
import { extractFeatures } from '../models/features';
import { encodeFeatures, encodeSignal, type Prediction } from './prediction';
import type { ClosedWindow } from './windower';

export type CandidateKind = Prediction['candidate'];

export interface Champion {
  readonly version: string;
  readonly classifier: Classifier;
}

export interface ClassifyOptions {
  readonly model: string;
  readonly dataset: string;
  /** Which predictions a person may be asked about; it has to depend on its argument alone. */
  readonly candidateOf: (window: { windowId: string; confidence: number }) => CandidateKind;
}

/** Bounds the memory of one call of the network. */
const WINDOWS_PER_CALL = 1024;
/** Enough for any comparison that we make, and half the bytes of a full float. */
const PROBABILITY_SCALE = 1e6;

const rounded = (probability: number) =>
  Math.round(probability * PROBABILITY_SCALE) / PROBABILITY_SCALE;

function predictionOf(
  window: ClosedWindow,
  features: Float32Array,
  probabilities: readonly number[],
  { version, classifier }: Champion,
  { model, dataset, candidateOf }: ClassifyOptions,
): Prediction {
  const { windowId, device, subjectKey, startMs, endMs, span } = window;
  const { classes, schema } = classifier.artefact;
  const confidence = Math.max(...probabilities);
  const label = classes[probabilities.indexOf(confidence)] ?? '';
  const candidate = candidateOf({ windowId, confidence });
  return {
    ...{ windowId, dataset, device, subjectKey, startMs, endMs, model, version },
    ...{ classes: [...classes], probabilities: [...probabilities], label, confidence, candidate },
    featureSchema: schema.hash,
    ...(candidate && {
      features: encodeFeatures(features),
      signal: encodeSignal(schema.signal.channels, span),
    }),
  };
}

async function classifySome(
  windows: readonly ClosedWindow[],
  champion: Champion,
  options: ClassifyOptions,
): Promise<Prediction[]> {
  const { artefact } = champion.classifier;
  const features = windows.map(({ span, startMs }) =>
    extractFeatures(span, startMs, artefact.schema),
  );
  const width = artefact.schema.names.length;
  const rows = new Float32Array(windows.length * width);
  features.forEach((row, index) => rows.set(row, index * width));
  const probabilities = await champion.classifier.predict(rows, windows.length);
  const classes = artefact.classes.length;
  return windows.map((window, index) => {
    const row = probabilities.subarray(index * classes, (index + 1) * classes);
    const own = features[index] as Float32Array;
    return predictionOf(window, own, Array.from(row, rounded), champion, options);
  });
}

export async function classify(
  windows: readonly ClosedWindow[],
  champion: Champion,
  options: ClassifyOptions,
): Promise<Prediction[]> {
  const predictions: Prediction[] = [];
  for (let from = 0; from < windows.length; from += WINDOWS_PER_CALL) {
    const some = windows.slice(from, from + WINDOWS_PER_CALL);
    predictions.push(...(await classifySome(some, champion, options)));
  }
  return predictions;
}
