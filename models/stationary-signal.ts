/** Random signals of a given cross-spectrum, of any length: blocks from random phases, one faded into the next. */
import FFT from 'fft.js';
import { normals, drawWith, type CrossSpectrum } from './cross-spectrum';
import type { Random } from '../core/random';

const SEGMENTS_PER_BLOCK = 16;

/** One array for each channel; its spectrum between the estimate's frequencies is that of the nearest. */
function blockOf(
  { channels, length, factors }: CrossSpectrum,
  size: number,
  random: Random,
): Float64Array[] {
  const fft = new FFT(size);
  const spectra = Array.from({ length: channels }, () => fft.createComplexArray() as number[]);
  // The estimate's power, over more frequencies; the inverse transform divides by their number.
  const scale = size * Math.sqrt(length / size);
  for (let bin = 0; bin <= size / 2; bin += 1) {
    const factor = factors[Math.round((bin * length) / size)];
    if (factor === undefined) throw new RangeError('the spectrum ends below half the rate');
    const drawn = drawWith(factor, normals(random, 2 * channels));
    const isReal = bin === 0 || bin === size / 2;
    for (const [channel, spectrum] of spectra.entries()) {
      spectrum[2 * bin] = scale * (drawn[channel] as number) * (isReal ? Math.SQRT2 : 1);
      spectrum[2 * bin + 1] = isReal ? 0 : scale * (drawn[channels + channel] as number);
    }
  }
  return spectra.map((spectrum) => {
    const output = fft.createComplexArray();
    fft.completeSpectrum(spectrum);
    fft.inverseTransform(output, spectrum);
    return Float64Array.from({ length: size }, (_, at) => output[2 * at] as number);
  });
}

/**
 * Pieces of `samples` values in all, one array for each channel, with mean 0. Memory holds one block, however
 * long the signal is. Where a block ends and the next begins the squares of their weights add up to one: the variance stays.
 */
export function* stationarySignal(
  spectrum: CrossSpectrum,
  samples: number,
  random: Random,
): Generator<Float64Array[]> {
  const { length } = spectrum;
  const fade = length / 2;
  const fitting = 2 ** Math.ceil(Math.log2(samples + fade));
  const size = Math.min(SEGMENTS_PER_BLOCK * length, Math.max(2 * length, fitting));
  const hop = size - fade;
  const rising = Float64Array.from({ length: fade }, (_, at) =>
    Math.sin(((at + 0.5) / fade) * (Math.PI / 2)),
  );
  let ending: Float64Array[] | undefined;
  for (let from = 0; from < samples; from += hop) {
    const block = blockOf(spectrum, size, random);
    for (const [channel, values] of block.entries()) {
      const before = ending?.[channel];
      before?.forEach((value, at) => {
        values[at] = value + (values[at] as number) * (rising[at] as number);
      });
    }
    ending = block.map((values) =>
      values.slice(hop).map((value, at) => value * (rising[fade - 1 - at] as number)),
    );
    yield block.map((values) => values.subarray(0, Math.min(hop, samples - from)));
  }
}
