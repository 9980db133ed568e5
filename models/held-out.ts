/** Predicts rows that a classifier never saw, and evaluates it by them. */
import { WatchlakeError } from '../core/errors';
import { loadClassifier } from './classifier';
import type { Evaluation } from './evaluation';
import { evaluate } from './evaluation';
import type { TrainInput } from './training';
import { trainClassifier } from './training';
import type { TrainingSet } from './training-set';
import { subset } from './training-set';

/** Trains on the other rows alone, calibration included; probabilities row by row, in the order of `held`. */
export async function predictHeldOut(
  set: TrainingSet,
  held: readonly number[],
  input: TrainInput,
): Promise<Float32Array> {
  const without = new Set(held);
  const others = set.labels.flatMap((_, row) => (without.has(row) ? [] : [row]));
  const classifier = await loadClassifier(await trainClassifier(subset(set, others), input));
  try {
    return await classifier.predict(subset(set, held).features, held.length);
  } finally {
    classifier.dispose();
  }
}

/** The score on one fixed part of the rows. */
export async function evaluateHeldOut(
  set: TrainingSet,
  held: readonly number[],
  input: TrainInput,
): Promise<Evaluation> {
  if (held.length === 0 || held.length === set.labels.length) {
    const detail = 'there are no windows on one side of the split';
    throw new WatchlakeError('TRAINING_DATA_INSUFFICIENT', { detail });
  }
  const probabilities = await predictHeldOut(set, held, input);
  const { labels, groups: subjects } = subset(set, held);
  return evaluate({ probabilities, classes: input.classes, labels, subjects });
}
