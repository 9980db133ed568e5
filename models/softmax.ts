/** Turns logits into probabilities at a temperature. */

/** Row-major logits in, row-major probabilities out; each row sums to one. */
export function softmax(logits: Float32Array, classes: number, temperature: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const highest = row.reduce((max, logit) => Math.max(max, logit), -Infinity);
    let sum = 0;
    row.forEach((logit) => {
      sum += Math.exp((logit - highest) / temperature);
    });
    row.forEach((logit, index) => {
      probabilities[start + index] = Math.exp((logit - highest) / temperature) / sum;
    });
  }
  return probabilities;
}

/** Index of the largest value; the first of equals. */
export function largest(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i += 1) {
    if ((values[i] as number) > (values[best] as number)) best = i;
  }
  return best;
}
