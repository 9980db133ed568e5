/** Calibrates probabilities with one number (Guo et al., 2017): logits are divided by it. */
import { softmax } from './softmax';

const LOWEST = 0.05;
const HIGHEST = 20;

/** Mean negative log-likelihood of the true classes. */
export function negativeLogLikelihood(
  probabilities: Float32Array,
  classes: number,
  truth: readonly number[],
): number {
  const sum = truth.reduce(
    (total, label, row) =>
      total - Math.log(Math.max(1e-7, probabilities[row * classes + label] as number)),
    0,
  );
  return sum / truth.length;
}

/**
 * The temperature with the least negative log-likelihood on rows that the network did not learn
 * from, between 0.05 and 20, by golden-section search over its logarithm.
 */
export function fitTemperature(
  logits: Float32Array,
  classes: number,
  truth: readonly number[],
): number {
  const lossAt = (logTemperature: number): number =>
    negativeLogLikelihood(softmax(logits, classes, Math.exp(logTemperature)), classes, truth);
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(LOWEST), Math.log(HIGHEST)];
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
  let [leftLoss, rightLoss] = [lossAt(left), lossAt(right)];
  for (let step = 0; step < 40; step += 1) {
    if (leftLoss <= rightLoss) {
      [high, right, rightLoss] = [right, left, leftLoss];
      left = high - golden * (high - low);
      leftLoss = lossAt(left);
    } else {
      [low, left, leftLoss] = [left, right, rightLoss];
      right = low + golden * (high - low);
      rightLoss = lossAt(right);
    }
  }
  return Math.exp((low + high) / 2);
}
