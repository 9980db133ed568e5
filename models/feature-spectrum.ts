/** Features of one signal in frequency: where its energy lies. */
import FFT from 'fft.js';
import { logOf, meanOf } from './feature-statistics';
import { hann } from './hann';

/** Edges in Hz; human motion lies below 20 Hz. Bands above half the rate are left out. */
const BAND_EDGES_HZ = [0.2, 0.5, 0.8, 1.2, 1.8, 2.5, 3.5, 5, 8, 12, 20];

export interface Spectrum {
  readonly names: readonly string[];
  of(signal: Float32Array): number[];
}

const bandsBelow = (limitHz: number): [number, number][] =>
  BAND_EDGES_HZ.slice(1)
    .map((upper, index): [number, number] => [BAND_EDGES_HZ[index] as number, upper])
    .filter(([, upper]) => upper <= limitHz);

const nextPowerOfTwo = (length: number): number => 2 ** Math.ceil(Math.log2(Math.max(2, length)));

/** Power per bin of the signal without its mean, under a Hann window, padded with zeros. */
function createPower(length: number, size: number): (signal: Float32Array) => Float64Array {
  const fft = new FFT(size);
  const input = new Array<number>(size).fill(0);
  const output = fft.createComplexArray();
  const window = hann(length);
  const scale =
    1 /
    Math.max(
      1e-12,
      window.reduce((sum, weight) => sum + weight * weight, 0),
    );
  return (signal) => {
    const mean = meanOf(signal);
    for (let i = 0; i < length; i += 1) {
      input[i] = ((signal[i] as number) - mean) * (window[i] as number);
    }
    fft.realTransform(output, input);
    return Float64Array.from({ length: size / 2 }, (_, bin) => {
      const real = output[2 * bin] as number;
      const imaginary = output[2 * bin + 1] as number;
      return (real * real + imaginary * imaginary) * scale;
    });
  };
}

/** Centre of gravity of the spectrum; zero when there is no motion. */
function centroidOf(power: Float64Array, binHz: number): number {
  let total = 0;
  let weighted = 0;
  for (let bin = 1; bin < power.length; bin += 1) {
    total += power[bin] as number;
    weighted += (power[bin] as number) * bin * binHz;
  }
  return total < 1e-12 ? 0 : weighted / total;
}

/** Prepares the transform for signals of one length; the result is reused for every window. */
export function createSpectrum(length: number, rateHz: number): Spectrum {
  const size = nextPowerOfTwo(length);
  const binHz = rateHz / size;
  const bands = bandsBelow(rateHz / 2);
  const powerOf = createPower(length, size);
  return {
    names: [...bands.map(([lower, upper]) => `band${lower}To${upper}Hz`), 'centroidHz'],
    of(signal) {
      const power = powerOf(signal);
      const energies = bands.map(([lower, upper]) => {
        let sum = 0;
        for (
          let bin = Math.ceil(lower / binHz);
          bin < power.length && bin * binHz < upper;
          bin += 1
        ) {
          sum += power[bin] as number;
        }
        return logOf(sum);
      });
      return [...energies, centroidOf(power, binHz)];
    },
  };
}
