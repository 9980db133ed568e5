import { WatchlakeError } from '../../../core/errors';
import {
  correlationOf,
  eigenvaluesOf,
  orientationOf,
  triadsOf,
} from '../../../models/feature-axes';
import { createSpectrum } from '../../../models/feature-spectrum';
import { STATISTICS, statisticsOf } from '../../../models/feature-statistics';
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
  expect(createSpectrum(40, 10).names).not.toContain('band5To8Hz');
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
});

test('finds triads of axes by name', () => {
  expect(triadsOf(['ax', 'ay', 'az', 'gyro_x', 'gyro_y', 'pulse']).map(({ name }) => name)).toEqual(
    ['a'],
  );
});

test('knows the eigenvalues of a symmetric matrix', () => {
  const [first, second, third] = eigenvaluesOf([2, 2, 5, 1, 0, 0]);
  expect([first, second, third].map((value) => Number(value.toFixed(6)))).toEqual([5, 3, 1]);
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
