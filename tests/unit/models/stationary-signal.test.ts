import { createRandom, normal, type Random } from '../../../core/random';
import { CrossSpectrumEstimate } from '../../../models/cross-spectrum';
import { stationarySignal } from '../../../models/stationary-signal';

const LENGTH = 256;
const VARIANCES = [1, 0.5];

/** An oscillation of some 20 samples that wanders; the second channel follows the first 5 samples later. */
function* original(random: Random): Generator<[number, number]> {
  const first = [0, 0];
  for (let at = 0; ; at += 1) {
    const [last = 0, before = 0] = first;
    const next = 1.88 * last - 0.98 * before + normal(random) * 0.06;
    first.unshift(next);
    first.length = 7;
    yield [next, (first[5] ?? 0) + 0.1 * normal(random)];
  }
}

function take(source: Generator<[number, number]>, count: number): [Float64Array, Float64Array] {
  const channels: [Float64Array, Float64Array] = [new Float64Array(count), new Float64Array(count)];
  for (let at = 0; at < count; at += 1) {
    const [first, second] = source.next().value as [number, number];
    channels[0][at] = first;
    channels[1][at] = second;
  }
  return channels;
}

/** Of x now with y `lag` samples later. */
function correlation(x: Float64Array, y: Float64Array, lag: number): number {
  let [xy, xx, yy] = [0, 0, 0];
  for (let at = 0; at + lag < x.length; at += 1) {
    const [a, b] = [x[at] as number, y[at + lag] as number];
    xy += a * b;
    xx += a * a;
    yy += b * b;
  }
  return xy / Math.sqrt(xx * yy);
}

/** All pieces put together. */
function signal(...of: Parameters<typeof stationarySignal>): Float64Array[] {
  const pieces = [...stationarySignal(...of)];
  return (pieces[0] ?? []).map((_, channel) =>
    Float64Array.from(pieces.flatMap((piece) => [...(piece[channel] ?? [])])),
  );
}

const variance = (values: Float64Array): number =>
  values.reduce((sum, value) => sum + value * value, 0) / values.length;

function learned() {
  const source = original(createRandom(3));
  take(source, 1000);
  const estimate = new CrossSpectrumEstimate(2, LENGTH);
  for (let segment = 0; segment < 400; segment += 1) estimate.add(take(source, LENGTH));
  return { spectrum: estimate.spectrum(VARIANCES), long: take(source, 100_000) };
}

test('made signals vary as the original: in time, together, and as much as was asked for', () => {
  const { spectrum, long } = learned();
  // Longer than a block: what is faded is part of it.
  const made = signal(spectrum, 100_000, createRandom(4)) as typeof long;
  expect(variance(made[0])).toBeCloseTo(1, 1);
  expect(variance(made[1])).toBeCloseTo(0.5, 1);
  for (const lag of [1, 3, 5, 10, 15, 20, 40]) {
    for (const [x, y] of [
      [0, 0],
      [1, 1],
      [0, 1],
      [1, 0],
    ] as const) {
      const wanted = correlation(long[x], long[y], lag);
      // What lasts for a sixth of a segment is a little blurred.
      const most = lag > 20 ? 0.15 : 0.06;
      expect(Math.abs(correlation(made[x], made[y], lag) - wanted)).toBeLessThan(most);
    }
  }
});

test('a short signal is one block, the same seed gives the same, and a channel may stand still', () => {
  const estimate = new CrossSpectrumEstimate(2, 8);
  estimate.add([Float64Array.from({ length: 8 }, (_, at) => at % 3), new Float64Array(8)]);
  const spectrum = estimate.spectrum([1, 0]);
  const made = signal(spectrum, 5, createRandom(1));
  expect(made).toEqual(signal(spectrum, 5, createRandom(1)));
  expect(made.map((channel) => channel.length)).toEqual([5, 5]);
  expect(variance(made[1] as Float64Array)).toBeLessThan(1e-6);
});
