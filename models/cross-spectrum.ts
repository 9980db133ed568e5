/**
 * How channels vary together at each frequency (Welch's method), and random signals that vary alike: a
 * stationary Gaussian process of that spectrum, made by the inverse Fourier transform of random phases.
 */
import FFT from 'fft.js';
import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { normal, type Random } from '../core/random';
import { hann } from './hann';

/** Lower triangular; rows of a covariance that is singular, such as that of two people, stay usable. */
export function factorOf(covariance: Matrix): Matrix {
  const ridge = 1e-9 + 1e-6 * (covariance.trace() / covariance.rows);
  const positive = Matrix.add(covariance, Matrix.eye(covariance.rows).mul(ridge));
  return new CholeskyDecomposition(positive).lowerTriangularMatrix;
}

/** `factor · g` of standard normal numbers: a draw whose covariance is the factor's. */
export const drawWith = (factor: Matrix, g: readonly number[]): number[] =>
  Array.from({ length: factor.rows }, (_, row) => {
    let sum = 0;
    for (let column = 0; column <= row; column += 1) {
      sum += factor.get(row, column) * (g[column] as number);
    }
    return sum;
  });

export const normals = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => normal(random));

export interface CrossSpectrum {
  readonly channels: number;
  /** Samples of the segments that it was estimated from; a power of two. */
  readonly length: number;
  /**
   * One for each frequency from zero to half the rate: of the covariance of the real and the imaginary
   * parts of all channels, which are twice as many rows as channels.
   */
  readonly factors: readonly Matrix[];
}

/** Collects segments; memory does not depend on how many. */
export class CrossSpectrumEstimate {
  readonly channels: number;
  readonly length: number;
  readonly #fft: FFT;
  readonly #window: Float64Array;
  /** By frequency, then by pair of channels: the real and the imaginary part of the product, by turns. */
  readonly #sums: Float64Array[];

  /** `length` is a power of two. */
  constructor(channels: number, length: number) {
    this.channels = channels;
    this.length = length;
    this.#fft = new FFT(length);
    this.#window = hann(length);
    this.#sums = Array.from(
      { length: length / 2 + 1 },
      () => new Float64Array(2 * channels * channels),
    );
  }

  /** As many arrays as channels, each of `length` deviations from what is usual. */
  add(segment: readonly Float64Array[]): void {
    const spectra = segment.map((channel) => {
      const output = this.#fft.createComplexArray() as number[];
      const input = Array.from(channel, (value, at) => value * (this.#window[at] as number));
      this.#fft.realTransform(output, input);
      return output;
    });
    for (const [bin, sum] of this.#sums.entries()) {
      let pair = 0;
      for (const first of spectra) {
        const [re, im] = [first[2 * bin] as number, first[2 * bin + 1] as number];
        for (const second of spectra) {
          const [re2, im2] = [second[2 * bin] as number, second[2 * bin + 1] as number];
          sum[pair] = (sum[pair] as number) + re * re2 + im * im2;
          sum[pair + 1] = (sum[pair + 1] as number) + im * re2 - re * im2;
          pair += 2;
        }
      }
    }
  }

  /** With these variances of the channels: what the window and the ends of segments took is given back. */
  spectrum(variances: readonly number[]): CrossSpectrum {
    const { channels, length } = this;
    const scales = variances.map((wanted, channel) => {
      const found = this.#variance(channel);
      return found > 0 ? Math.sqrt(Math.max(0, wanted) / found) : 0;
    });
    const factors = this.#sums.map((sum) => factorOf(this.#covariance(sum, scales)));
    return { channels, length, factors };
  }

  /** Of the parts of a circular complex normal number with covariance A + iB: A and −B over B and A, halved. */
  #covariance(sum: Float64Array, scales: readonly number[]): Matrix {
    const { channels } = this;
    const covariance = Matrix.zeros(2 * channels, 2 * channels);
    for (let i = 0; i < channels; i += 1) {
      for (let j = 0; j < channels; j += 1) {
        const scale = ((scales[i] as number) * (scales[j] as number)) / 2;
        const pair = 2 * (i * channels + j);
        const [together, apart] = [sum[pair] as number, sum[pair + 1] as number];
        covariance.set(i, j, scale * together);
        covariance.set(channels + i, channels + j, scale * together);
        covariance.set(channels + i, j, scale * apart);
        covariance.set(j, channels + i, scale * apart);
      }
    }
    return covariance;
  }

  /** The power of all frequencies, those below zero included. */
  #variance(channel: number): number {
    const last = this.#sums.length - 1;
    return this.#sums.reduce((power, sum, bin) => {
      const own = sum[2 * channel * (this.channels + 1)] as number;
      return power + (bin === 0 || bin === last ? own : 2 * own);
    }, 0);
  }
}
