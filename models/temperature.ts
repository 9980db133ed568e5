/** Calibrates probabilities with one number (Guo et al., 2017): logits are divided by it. */

const LOWEST = 0.05;
const HIGHEST = 20;

// Bound once: where code runs in a context of its own, as in tests, each look-up of a global is slow.
const { exp, log, max } = Math;

/** Mean negative log-likelihood of the true classes, straight from the logits. */
export function lossAt(
  temperature: number,
  logits: Float32Array,
  classes: number,
  truth: readonly number[],
): number {
  let total = 0;
  for (let row = 0; row < truth.length; row += 1) {
    const start = row * classes;
    let highest = -Infinity;
    for (let i = start; i < start + classes; i += 1) highest = max(highest, logits[i] as number);
    let sum = 0;
    for (let i = start; i < start + classes; i += 1) {
      sum += exp(((logits[i] as number) - highest) / temperature);
    }
    const own = logits[start + (truth[row] as number)] as number;
    total += log(sum) - (own - highest) / temperature;
  }
  return total / truth.length;
}

/** Loss at the best temperature: what early stopping goes by, since calibration follows anyway. */
export function calibratedLoss(
  logits: Float32Array,
  classes: number,
  truth: readonly number[],
): number {
  return lossAt(fitTemperature(logits, classes, truth), logits, classes, truth);
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
  const loss = (logTemperature: number): number =>
    lossAt(Math.exp(logTemperature), logits, classes, truth);
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(LOWEST), Math.log(HIGHEST)];
  let [left, right] = [high - golden * (high - low), low + golden * (high - low)];
  let [leftLoss, rightLoss] = [loss(left), loss(right)];
  for (let step = 0; step < 24; step += 1) {
    if (leftLoss <= rightLoss) {
      [high, right, rightLoss] = [right, left, leftLoss];
      left = high - golden * (high - low);
      leftLoss = loss(left);
    } else {
      [low, left, leftLoss] = [left, right, rightLoss];
      right = low + golden * (high - low);
      rightLoss = loss(right);
    }
  }
  return Math.exp((low + high) / 2);
}

/** Mean probability of the likeliest class: it falls as the temperature rises. */
function meanConfidence(temperature: number, logits: Float32Array, classes: number): number {
  let total = 0;
  for (let start = 0; start < logits.length; start += classes) {
    let highest = -Infinity;
    for (let i = start; i < start + classes; i += 1) highest = max(highest, logits[i] as number);
    let sum = 0;
    for (let i = start; i < start + classes; i += 1) {
      sum += exp(((logits[i] as number) - highest) / temperature);
    }
    total += 1 / sum;
  }
  return (total * classes) / logits.length;
}

/**
 * The best temperature that these rows can prove. Where all of them are right the best one is the lowest there is, and every
 * probability one: so many rows, n, show no more than (n + 1) / (n + 2), by the rule of succession.
 */
export function provenTemperature(
  logits: Float32Array,
  classes: number,
  truth: readonly number[],
): number {
  const best = fitTemperature(logits, classes, truth);
  const most = (truth.length + 1) / (truth.length + 2);
  if (meanConfidence(best, logits, classes) <= most) return best;
  let [low, high] = [log(best), log(HIGHEST)];
  for (let step = 0; step < 24; step += 1) {
    const middle = (low + high) / 2;
    if (meanConfidence(exp(middle), logits, classes) > most) low = middle;
    else high = middle;
  }
  return exp(high);
}
