/** A negative control: labels dealt out at random, from which nothing can be learned. */
import { createRandom, shuffled } from '../core/random';

// A seed of its own, so that the shuffle does not repeat another draw of the training.
const CONTROL_SEED_OFFSET = 7919;

export const shuffledLabels = (labels: readonly string[], seed: number): string[] =>
  shuffled(labels, createRandom(seed + CONTROL_SEED_OFFSET));
