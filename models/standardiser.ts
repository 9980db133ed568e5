/** Brings features to zero mean and unit spread, as measured on the training rows. */
import { WatchlakeError } from '../core/errors';

export interface Standardiser {
  readonly mean: number[];
  readonly scale: number[];
}

/** In standard deviations. A feature far outside what training saw must not decide alone. */
const LIMIT = 5;

/** A feature that does not vary says nothing: it is centred and left at zero. */
const CONSTANT_SCALE = 1e-6;

// Bound once: where code runs in a context of its own, as in tests, each look-up of a global is slow.
const { isFinite } = Number;
const { max, min } = Math;

export function fitStandardiser(features: Float32Array, columns: number): Standardiser {
  const rows = features.length / columns;
  const mean = new Array<number>(columns).fill(0);
  const squares = new Array<number>(columns).fill(0);
  features.forEach((value, index) => {
    mean[index % columns] = (mean[index % columns] as number) + value / rows;
  });
  features.forEach((value, index) => {
    const column = index % columns;
    const deviation = value - (mean[column] as number);
    squares[column] = (squares[column] as number) + (deviation * deviation) / rows;
  });
  const scale = squares.map((square) => (square < CONSTANT_SCALE ** 2 ? 1 : Math.sqrt(square)));
  return { mean, scale };
}

/** Throws when a feature is missing or not finite: it would turn every probability into NaN. */
export function standardise(features: Float32Array, { mean, scale }: Standardiser): Float32Array {
  const columns = mean.length;
  return features.map((value, index) => {
    if (!isFinite(value)) {
      const detail = `row ${Math.floor(index / columns)} has a value that is not a finite number`;
      throw new WatchlakeError('FEATURES_INVALID', { detail });
    }
    const column = index % columns;
    const units = (value - (mean[column] as number)) / (scale[column] as number);
    return max(-LIMIT, min(LIMIT, units));
  });
}
