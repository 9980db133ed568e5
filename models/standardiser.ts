/** Brings features to zero mean and unit spread, as measured on the training rows. */
import { WatchlakeError } from '../core/errors';
import type { Rows } from './rows';

export interface Standardiser {
  readonly mean: number[];
  readonly scale: number[];
}

/** In standard deviations. A feature far outside what training saw must not decide alone. */
const LIMIT = 5;

/**
 * A feature that does not vary says nothing, and what it is multiplied by has learned nothing: it is left at zero, also
 * where it varies later. By this scale, which JSON holds, everything is.
 */
const CONSTANT = 1e-6;
const CONSTANT_SCALE = Number.MAX_VALUE;

// Bound once: where code runs in a context of its own, as in tests, each look-up of a global is slow.
const { isFinite } = Number;
const { max, min } = Math;

type See = (value: number, column: number, row: number) => void;

function forEachValue({ features, columns, picks }: Rows, see: See): void {
  for (let row = 0; row < picks.length; row += 1) {
    const start = (picks[row] as number) * columns;
    for (let column = 0; column < columns; column += 1) {
      see(features[start + column] as number, column, row);
    }
  }
}

export function fitStandardiser(rows: Rows): Standardiser {
  const { columns, picks } = rows;
  const mean = new Array<number>(columns).fill(0);
  const squares = new Array<number>(columns).fill(0);
  forEachValue(rows, (value, column) => {
    mean[column] = (mean[column] as number) + value / picks.length;
  });
  forEachValue(rows, (value, column) => {
    const deviation = value - (mean[column] as number);
    squares[column] = (squares[column] as number) + (deviation * deviation) / picks.length;
  });
  const scale = squares.map((square) =>
    square < CONSTANT ** 2 ? CONSTANT_SCALE : Math.sqrt(square),
  );
  return { mean, scale };
}

function refuse(row: number): never {
  const detail = `row ${row} has a value that is not a finite number`;
  throw new WatchlakeError('FEATURES_INVALID', { detail });
}

/** Throws when a feature is missing or not finite: it would turn every probability into NaN. */
export function checkFinite(rows: Rows): void {
  forEachValue(rows, (value, _, row) => {
    if (!isFinite(value)) refuse(row);
  });
}

/** A copy of the rows, row-major. Throws as `checkFinite` does. */
export function standardise(rows: Rows, { mean, scale }: Standardiser): Float32Array {
  const { features, columns, picks } = rows;
  const standardised = new Float32Array(picks.length * columns);
  // Without a call for each value: each step of a training comes by here.
  for (let row = 0; row < picks.length; row += 1) {
    const [from, to] = [(picks[row] as number) * columns, row * columns];
    for (let column = 0; column < columns; column += 1) {
      const value = features[from + column] as number;
      if (!isFinite(value)) refuse(row);
      const units = (value - (mean[column] as number)) / (scale[column] as number);
      standardised[to + column] = max(-LIMIT, min(LIMIT, units));
    }
  }
  return standardised;
}
