/** The features of a window: the one place they are made, in training and in the stream. */
import { contentHash } from '../core/hash';
import { WatchlakeError } from '../core/errors';
import type { Triad } from './feature-axes';
import {
  MAGNITUDE,
  ORIENTATION,
  correlationOf,
  magnitudeStatisticsOf,
  orientationOf,
  pairsOf,
  triadsOf,
} from './feature-axes';
import type { Spectrum } from './feature-spectrum';
import { createSpectrum } from './feature-spectrum';
import { STATISTICS, statisticsOf } from './feature-statistics';
import { gridLength, resample } from './resample';
import type { SampleSpan, SignalSpec } from './signal';

/** Raised whenever the same window would give other numbers than before. */
export const FEATURE_FORMAT_VERSION = 1;

export interface FeatureSchema {
  readonly formatVersion: number;
  /** Names the schema: two schemas with one hash give the same features for the same window. */
  readonly hash: string;
  readonly names: readonly string[];
  readonly signal: SignalSpec;
}

interface Plan {
  readonly triads: readonly Triad[];
  readonly pairs: readonly (readonly [number, number])[];
  readonly spectrum: Spectrum;
}

function planFor({ channels, rateHz, window }: SignalSpec): Plan {
  const triads = triadsOf(channels);
  return {
    triads,
    pairs: pairsOf(channels, triads),
    spectrum: createSpectrum(gridLength(window.lengthMs, rateHz), rateHz),
  };
}

// The transform's tables are the same for every window of a schema.
const plans = new WeakMap<FeatureSchema, Plan>();

function planOf(schema: FeatureSchema): Plan {
  const known = plans.get(schema);
  if (known !== undefined) return known;
  const plan = planFor(schema.signal);
  plans.set(schema, plan);
  return plan;
}

function namesOf(signal: SignalSpec): string[] {
  const { triads, pairs, spectrum } = planFor(signal);
  const perSignal = [...STATISTICS, ...spectrum.names];
  return [
    ...signal.channels.flatMap((name) => perSignal.map((feature) => `${name}.${feature}`)),
    ...triads.flatMap(({ name }) => MAGNITUDE.map((feature) => `|${name}|.${feature}`)),
    ...pairs.map(([a, b]) => `${signal.channels[a]}~${signal.channels[b]}.correlation`),
    ...triads.flatMap(({ name }) => ORIENTATION.map((feature) => `${name}*.${feature}`)),
  ];
}

/** The features that windows of this signal have, under a hash that changes when any of them does. */
export function featureSchema(signal: SignalSpec): FeatureSchema {
  const names = namesOf(signal);
  const hash = contentHash({ formatVersion: FEATURE_FORMAT_VERSION, names, signal });
  return { formatVersion: FEATURE_FORMAT_VERSION, hash, names, signal };
}

function checkWindow(window: SampleSpan, { signal }: FeatureSchema): void {
  const lengths = new Set(window.values.map(({ length }) => length));
  const wrong =
    window.timestampsMs.length === 0
      ? 'the window has no samples'
      : window.values.length !== signal.channels.length
        ? `the window has ${window.values.length} channels, expected ${signal.channels.length}`
        : lengths.size !== 1 || !lengths.has(window.timestampsMs.length)
          ? 'the channels of the window differ in length'
          : null;
  if (wrong !== null) throw new WatchlakeError('FEATURES_INVALID', { detail: wrong });
}

/** The window's features in the order of `schema.names`; throws when one is not a finite number. */
export function extractFeatures(
  window: SampleSpan,
  startMs: number,
  schema: FeatureSchema,
): Float32Array {
  checkWindow(window, schema);
  const { triads, pairs, spectrum } = planOf(schema);
  const { rateHz } = schema.signal;
  const channels = resample(window, startMs, schema.signal.window.lengthMs, rateHz);
  const axesOf = ({ axes }: Triad): Float32Array[] => axes.map((i) => channels[i] as Float32Array);
  const features = Float32Array.from([
    ...channels.flatMap((signal) => [...statisticsOf(signal, rateHz), ...spectrum.of(signal)]),
    ...triads.flatMap((triad) => magnitudeStatisticsOf(axesOf(triad))),
    ...pairs.map(([a, b]) =>
      correlationOf(channels[a] as Float32Array, channels[b] as Float32Array),
    ),
    ...triads.flatMap((triad) => orientationOf(axesOf(triad))),
  ]);
  const broken = features.findIndex((value) => !Number.isFinite(value));
  if (broken >= 0) {
    const detail = `${schema.names[broken]} is not a finite number`;
    throw new WatchlakeError('FEATURES_INVALID', { detail });
  }
  return features;
}
