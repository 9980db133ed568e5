import { WatchlakeError } from '../../../core/errors';
import {
  correlationOf,
  eigenvaluesOf,
  orientationOf,
  pairsOf,
  triadsOf,
} from '../../../models/feature-axes';
import { createSpectrum } from '../../../models/feature-spectrum';
import { STATISTICS, statisticsOf } from '../../../models/feature-statistics';
import { createRandom, normal } from '../../../core/random';
import { extractFeatures, FEATURE_FORMAT_VERSION, featureSchema } from '../../../models/features';
import type { SampleSpan } from '../../../models/signal';
import { sliceWindow } from '../../../models/windows';
import { SIGNAL, spanOf } from './made-data';

const schema = featureSchema(SIGNAL);
const motion = [Math.sin, Math.cos, (t: number) => 1 + 0.1 * Math.sin(9 * t)];

const statistic = (signal: Float32Array, name: (typeof STATISTICS)[number]): number =>
  statisticsOf(signal, 50)[STATISTICS.indexOf(name)] as number;

test('measures level, spread and quantiles', () => {
  const signal = Float32Array.of(1, 2, 3, 4, 5);
  expect(statistic(signal, 'mean')).toBe(3);
  expect(statistic(signal, 'sd')).toBeCloseTo(Math.sqrt(2), 6);
  expect(statistic(signal, 'minimum')).toBe(1);
  expect(statistic(signal, 'q25')).toBe(2);
  expect(statistic(signal, 'maximum')).toBe(5);
  expect(statistic(signal, 'crossings')).toBe(0.25);
});

test('has the known statistics of a signal in no order', () => {
  const known = {
    ...{ mean: 2.5, sd: Math.sqrt(1.25), minimum: 1, q10: 1.3, q25: 1.75, median: 2.5 },
    ...{ q75: 3.25, q90: 3.7, maximum: 4, logEnergy: Math.log10(1.25), crossings: 1 },
    // Ten a second: the changes are -30, 20 and -10 a second.
    ...{ jerkMean: Math.log10(20), jerkSd: Math.log10(Math.sqrt(1400 / 3)) },
  };
  const found = statisticsOf(Float32Array.of(4, 1, 3, 2), 10);
  for (const [at, name] of STATISTICS.entries()) expect(found[at]).toBeCloseTo(known[name], 5);
});

test('finds nothing that moves in a single sample', () => {
  const found = statisticsOf(Float32Array.of(7), 10);
  expect(found).toEqual([7, 0, 7, 7, 7, 7, 7, 7, 7, -6, 0, -6, -6]);
});

test('gives the numbers of its format version: others need another version', () => {
  const features = extractFeatures(spanOf(motion), 0, schema);
  const weighted = features.reduce((sum, value, at) => sum + value * Math.sqrt(at + 1), 0);
  expect(FEATURE_FORMAT_VERSION).toBe(1);
  expect(weighted).toBeCloseTo(-668.648, 2);
});

test('finds the energy of a sine in the band of its frequency', () => {
  const spectrum = createSpectrum(200, 50);
  const [signal] = spanOf([(t) => Math.sin(2 * Math.PI * 3 * t)]).values as [Float32Array];
  const features = spectrum.of(signal);
  const bands = features.slice(0, -1);
  expect(spectrum.names[bands.indexOf(Math.max(...bands))]).toBe('band2.5To3.5Hz');
  expect(features.at(-1)).toBeCloseTo(3, 1);
});

test('leaves out bands above half of the rate', () => {
  const { names } = createSpectrum(40, 10);
  expect(names).toContain('band3.5To5Hz');
  expect(names).not.toContain('band5To8Hz');
});

/** A quarter of a hertz from bin to bin. */
const sineAt = (hertz: number, size = 1): number[] => {
  const wave = (t: number): number => size * Math.sin(2 * Math.PI * hertz * t);
  const [signal] = spanOf([wave], { rateHz: 64 }).values as [Float32Array];
  return createSpectrum(256, 64).of(signal);
};

test('counts what lies between two bands in the upper one, and once', () => {
  const { names } = createSpectrum(256, 64);
  const features = sineAt(5);
  const energy = (name: string): number => 10 ** (features[names.indexOf(name)] as number);
  // Of a sine the bins have 1, 4 and 1: the first lies below 5 Hz.
  expect(energy('band5To8Hz') / energy('band3.5To5Hz')).toBeCloseTo(5, 2);
  expect(energy('band8To12Hz')).toBeLessThan(1e-4);
});

test('has a centre also of little motion, of the fastest, and of a single sample', () => {
  expect(sineAt(5, 1e-3).at(-1)).toBeCloseTo(5, 2);
  expect(sineAt(31.75).at(-1)).toBeCloseTo(31.7, 2);
  expect(createSpectrum(1, 0.25).of(Float32Array.of(3))).toEqual([0]);
});

test('correlates signals between minus one and one, and a constant with nothing', () => {
  const signal = Float32Array.of(1, 2, 3);
  expect(correlationOf(signal, signal)).toBeCloseTo(1, 9);
  expect(
    correlationOf(
      signal,
      signal.map((v) => -v),
    ),
  ).toBeCloseTo(-1, 9);
  expect(correlationOf(signal, Float32Array.of(7, 7, 7))).toBe(0);
  // Rounding is no motion.
  expect(correlationOf(Float32Array.of(7, 7 + 1e-6, 7), Float32Array.of(7, 7 + 1e-6, 7))).toBe(0);
});

test('finds triads of axes by name', () => {
  expect(triadsOf(['ax', 'ay', 'az', 'gyro_x', 'gyro_y', 'pulse']).map(({ name }) => name)).toEqual(
    ['a'],
  );
});

test('finds triads however their axes are set apart, in letters of any size', () => {
  expect(triadsOf(['gyro z', 'gyro_X', 'gyro-y'])).toEqual([{ name: 'gyro', axes: [1, 2, 0] }]);
});

test('pairs all of nine channels, and of more the axes of one sensor alone', () => {
  const channels = ['ax', 'ay', 'az', 'gx', 'gy', 'gz', 'pulse', 'light', 'skin', 'sound'];
  const pairs = (count: number) => {
    const some = channels.slice(0, count);
    return pairsOf(some, triadsOf(some));
  };
  expect(pairs(9)).toHaveLength(36);
  expect(pairs(10)).toEqual([
    ...[0, 3].flatMap((x) => [
      [x, x + 1],
      [x, x + 2],
      [x + 1, x + 2],
    ]),
  ]);
});

test('knows the eigenvalues of a symmetric matrix', () => {
  for (const unit of [1, 1e-5]) {
    const values = eigenvaluesOf([2, 2, 5, 1, 0, 0].map((value) => value * unit));
    expect(values.map((value) => Number((value / unit).toFixed(6)))).toEqual([5, 3, 1]);
  }
});

test('knows those of motion along one line, in whatever direction', () => {
  const random = createRandom(1);
  for (let draw = 0; draw < 300; draw += 1) {
    const [x, y, z] = [normal(random), normal(random), normal(random)] as const;
    const [first, second, third] = eigenvaluesOf([x * x, y * y, z * z, x * y, x * z, y * z]);
    expect(first).toBeCloseTo(x * x + y * y + z * z, 6);
    expect([second, third].every((value) => Math.abs(value) < 1e-6)).toBe(true);
  }
});

test('knows the direction of a little gravity, and no turn where nothing turns', () => {
  const constant = (values: readonly number[], length: number): Float32Array[] =>
    values.map((value) => new Float32Array(length).fill(value));
  const [x, y, z] = orientationOf(constant([3e-4, 0, 4e-4], 8));
  expect([x, y, z].map((value) => value?.toFixed(3))).toEqual(['0.600', '0.000', '0.800']);
  // The product of the two directions is a little more than one.
  expect(orientationOf(constant([1, 1, 1], 8)).at(-1)).toBe(0);
  expect(orientationOf(constant([1, 2, 3], 1)).at(-1)).toBeCloseTo(0, 6);
});

test('describes motion along a line as linear, whichever way the device is worn', () => {
  const shake = (t: number): number => Math.sin(8 * t);
  const [x, y, z] = spanOf([shake, () => 0, () => 1]).values as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const invariant = (axes: Float32Array[]): number[] => orientationOf(axes).slice(3);
  expect(orientationOf([x, y, z])[5]).toBeCloseTo(1, 5);
  invariant([y, z, x]).forEach((value, index) =>
    expect(value).toBeCloseTo(invariant([x, y, z])[index] as number, 6),
  );
});

test('gives one finite number for each name', () => {
  const features = extractFeatures(spanOf(motion), 0, schema);
  expect(features).toHaveLength(schema.names.length);
  expect(new Set(schema.names).size).toBe(schema.names.length);
  expect(features.every(Number.isFinite)).toBe(true);
});

test('stays finite on a device at rest', () => {
  const features = extractFeatures(spanOf([() => 0, () => 0, () => 0]), 0, schema);
  expect(features.every(Number.isFinite)).toBe(true);
});

test('gives the same features for a window sliced from a recording and one collected live', () => {
  const recording = spanOf(motion, { lengthMs: 20_000 });
  const live: SampleSpan = spanOf(motion, { fromMs: 6000 });
  const sliced = extractFeatures(sliceWindow(recording, 6000, SIGNAL.window), 6000, schema);
  expect(sliced).toEqual(extractFeatures(live, 6000, featureSchema({ ...SIGNAL })));
});

test('does not depend on where on the clock the window lies', () => {
  const at = (startMs: number): Float32Array => {
    const { timestampsMs, values } = spanOf(motion);
    const moved = { values, timestampsMs: timestampsMs.map((tMs) => tMs + startMs) };
    return extractFeatures(moved, startMs, schema);
  };
  expect(at(1_700_000_000_000)).toEqual(at(0));
});

test('has another hash when channels, rate or window differ', () => {
  const hashes = [
    schema,
    featureSchema({ ...SIGNAL, rateHz: 25 }),
    featureSchema({ ...SIGNAL, channels: ['ax', 'az', 'ay'] }),
    featureSchema({ ...SIGNAL, window: { lengthMs: 2000, stepMs: 2000 } }),
  ].map(({ hash }) => hash);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(featureSchema({ ...SIGNAL }).hash).toBe(schema.hash);
});

test.each<[string, SampleSpan]>([
  ['a missing value', spanOf([Math.sin, Math.cos, () => NaN])],
  ['no samples', spanOf(motion, { lengthMs: 0 })],
  ['a missing channel', spanOf([Math.sin, Math.cos])],
  [
    'channels of different length',
    { ...spanOf(motion), values: [new Float32Array(3), new Float32Array(3), new Float32Array(3)] },
  ],
])('refuses a window with %s', (_, window) => {
  expect(() => extractFeatures(window, 0, schema)).toThrow(WatchlakeError);
});
