/**
 * What is learned of a dataset: statistics of each activity over all people who show it. Nobody's samples are kept.
 * What is usual for a device, on its wearer's wrist, and what varies about that are told apart, so that made-up
 * people differ from each other as real ones do. Each of the two keeps its distribution, whatever it is: how
 * channels go together is learned from scores of the normal distribution (a Gaussian copula).
 */
import { Matrix, correlation } from 'ml-matrix';
import { CrossSpectrumEstimate, factorOf, type CrossSpectrum } from '../../models/cross-spectrum';
import { meanOf } from '../../models/feature-statistics';
import { normalScores, toScore, type NormalScores } from '../../models/normal-scores';
import { resample } from '../../models/resample';
import type { Segment } from './bouts';

export interface Learned {
  readonly segments: number;
  readonly people: number;
  /** By channel: means of devices. */
  readonly usual: readonly NormalScores[];
  /** Of how their scores go together, from device to device. */
  readonly between: Matrix;
  /** By channel: differences from the mean of the device. */
  readonly varying: readonly NormalScores[];
  /** Of how their scores go together, and in time. */
  readonly within: CrossSpectrum;
}

type Signal = readonly Float32Array[];

function byDevice(segments: readonly Segment[], signals: readonly Signal[]): Signal[][] {
  const devices = new Map<string, Signal[]>();
  for (const [at, { device }] of segments.entries()) {
    const own = devices.get(device) ?? [];
    own.push(signals[at] as Signal);
    devices.set(device, own);
  }
  return [...devices.values()];
}

function learnUsual(means: readonly (readonly number[])[], channels: number) {
  const usual = Array.from({ length: channels }, (_, channel) =>
    normalScores(Float32Array.from(means, (own) => own[channel] as number)),
  );
  const scores = means.map((own) =>
    own.map((mean, channel) => toScore(usual[channel] as NormalScores, mean)),
  );
  const together = correlation(new Matrix(scores));
  // A channel that is the same for all goes with nothing.
  const defined = together.to2DArray().map((row) => row.map((value) => value || 0));
  for (const [channel, row] of defined.entries()) row[channel] = 1;
  return { usual, between: factorOf(new Matrix(defined)) };
}

function learnVarying(differences: readonly Signal[], channels: number, length: number) {
  const varying = Array.from({ length: channels }, (_, channel) => {
    const all = new Float32Array(differences.length * length);
    for (const [at, signal] of differences.entries()) all.set(signal[channel] ?? [], at * length);
    return normalScores(all);
  });
  const estimate = new CrossSpectrumEstimate(channels, length);
  for (const signal of differences) {
    estimate.add(
      signal.map((values, channel) =>
        Float64Array.from(values, (value) => toScore(varying[channel] as NormalScores, value)),
      ),
    );
  }
  return { varying, within: estimate.spectrum(varying.map(() => 1)) };
}

/** Segments of one activity by at least two devices, resampled to `rateHz`; `length` samples each, a power of two. */
export function learn(segments: readonly Segment[], rateHz: number, length: number): Learned {
  const lengthMs = (length * 1000) / rateHz;
  const signals = segments.map(({ startMs, timestampsMs, values }) =>
    resample({ timestampsMs, values }, startMs, lengthMs, rateHz),
  );
  const channels = signals[0]?.length ?? 0;
  const devices = byDevice(segments, signals);
  const means = devices.map((own) =>
    Array.from({ length: channels }, (_, channel) =>
      meanOf(own.map((signal) => meanOf(signal[channel] ?? []))),
    ),
  );
  const differences = devices.flatMap((own, device) =>
    own.map((signal) =>
      signal.map((values, channel) =>
        values.map((value) => value - (means[device]?.[channel] as number)),
      ),
    ),
  );
  return {
    segments: segments.length,
    people: new Set(segments.map(({ subjectKey }) => subjectKey)).size,
    ...learnUsual(means, channels),
    ...learnVarying(differences, channels, length),
  };
}
