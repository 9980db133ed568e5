/** Fits a network to rows, epoch by epoch, the same way for the same seed. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs';
import type { Mask } from './network';
import { Network } from './network';
import type { Random } from '../core/random';
import { createRandom, shuffled, streamSeed } from '../core/random';
import { someRows, type Rows } from './rows';
import { standardise, type Standardiser } from './standardiser';
import type { TrainingOptions } from './training-options';

export interface FitInput {
  readonly rows: Rows;
  readonly standardiser: Standardiser;
  /** Class of each row. */
  readonly truth: readonly number[];
  readonly classes: number;
  readonly epochs: number;
  readonly seed: number;
  readonly options: TrainingOptions;
  /** Called after each epoch; `true` ends the fit. */
  readonly afterEpoch?: (epoch: number, loss: number, network: Network) => Promise<boolean>;
  readonly signal?: AbortSignal;
}

/** Weight of each row, so that every class counts alike; ones when they should not. */
function rowWeights(truth: readonly number[], classes: number, balance: boolean): Float32Array {
  const counts = new Array<number>(classes).fill(0);
  for (const label of truth) counts[label] = (counts[label] as number) + 1;
  const present = counts.filter((count) => count > 0).length;
  return Float32Array.from(truth, (label) =>
    balance ? truth.length / (present * (counts[label] as number)) : 1,
  );
}

/**
 * Keeps each unit with probability 1 − rate, scaled so that the expected sum stays. One draw
 * serves four units, at a resolution of 1/256: masks are most of the chance that training uses.
 */
function drawMask(random: Random, rate: number, length: number): Float32Array {
  const dropped = Math.round(rate * 256);
  const kept = 256 / (256 - dropped);
  const mask = new Float32Array(length);
  let bits = 0;
  for (let i = 0; i < length; i += 1) {
    bits = (i & 3) === 0 ? random() * 4294967296 : bits >>> 8;
    mask[i] = (bits & 255) < dropped ? 0 : kept;
  }
  return mask;
}

interface Batch {
  readonly features: Float32Array;
  readonly targets: Float32Array;
  readonly weights: Float32Array;
  readonly count: number;
}

function takeBatch(
  input: FitInput,
  weights: Float32Array,
  picks: readonly number[],
  random: Random,
): Batch {
  const { rows, standardiser, truth, classes, options } = input;
  const standardised = standardise(someRows(rows, picks), standardiser);
  const features = drawMask(random, options.inputDropout, standardised.length);
  for (let at = 0; at < features.length; at += 1) {
    features[at] = (features[at] as number) * (standardised[at] as number);
  }
  const targets = new Float32Array(picks.length * classes);
  picks.forEach((pick, row) => {
    targets[row * classes + (truth[pick] as number)] = 1;
  });
  const batchWeights = Float32Array.from(picks, (pick) => weights[pick] as number);
  return { features, targets, weights: batchWeights, count: picks.length };
}

function lossOf(network: Network, batch: Batch, mask: Mask): tf.Scalar {
  const { count } = batch;
  const logits = network.forward(tf.tensor2d(batch.features, [count, network.inputs]), mask);
  const targets = tf.tensor2d(batch.targets, [count, batch.targets.length / count]);
  const perRow = tf.neg(tf.sum(tf.mul(targets, tf.logSoftmax(logits)), 1));
  return tf.mean(tf.mul(perRow, tf.tensor1d(batch.weights)));
}

/** Trains a new network; the caller disposes of it. Gives way to other work after every step. */
export async function fit(input: FitInput): Promise<Network> {
  const { rows, truth, classes, epochs, seed, options } = input;
  const stream = (index: number): Random => createRandom(streamSeed(seed, index));
  const [order, dropout, inputDropout] = [stream(1), stream(2), stream(3)];
  const layers = [
    ...options.hiddenUnits.map((units) => ({ units, activation: 'relu' })),
    { units: classes, activation: 'softmax' },
  ];
  const network = Network.initialised(rows.columns, layers, stream(0));
  const optimizer = tf.train.adam(options.learningRate);
  const weights = rowWeights(truth, classes, options.classWeights);
  const mask: Mask = (count, units) =>
    tf.tensor2d(drawMask(dropout, options.dropout, count * units), [count, units]);
  const indexes = truth.map((_, index) => index);
  try {
    for (let epoch = 0; epoch < epochs; epoch += 1) {
      const queue = shuffled(indexes, order);
      let loss = 0;
      for (let at = 0; at < queue.length; at += options.batchSize) {
        input.signal?.throwIfAborted();
        const picks = queue.slice(at, at + options.batchSize);
        const batch = takeBatch(input, weights, picks, inputDropout);
        const cost = optimizer.minimize(
          () => lossOf(network, batch, mask),
          true,
          network.variables,
        );
        loss += ((await (cost as tf.Scalar).data())[0] as number) * batch.count;
        tf.dispose(cost as tf.Scalar);
        await nextTurn();
      }
      const done = await input.afterEpoch?.(epoch, loss / truth.length, network);
      if (done) break;
    }
    return network;
  } catch (error) {
    network.dispose();
    throw error;
  } finally {
    optimizer.dispose();
  }
}
