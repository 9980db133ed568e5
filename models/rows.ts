/** Rows of a matrix that others use as well: which of them are meant, without a copy of any. */

export interface Rows {
  /** Row-major; of all rows that there are. */
  readonly features: Float32Array;
  /** Values of a row. */
  readonly columns: number;
  /** Which rows, in this order. */
  readonly picks: Uint32Array;
}

export const allRows = (features: Float32Array, columns: number): Rows => ({
  ...{ features, columns },
  picks: Uint32Array.from({ length: features.length / columns }, (_, row) => row),
});

/** Those at the indexes, in their order. */
export const someRows = (rows: Rows, indexes: readonly number[]): Rows => ({
  ...rows,
  picks: Uint32Array.from(indexes, (index) => rows.picks[index] as number),
});

export const rowsBetween = (rows: Rows, from: number, until: number): Rows => ({
  ...rows,
  picks: rows.picks.subarray(from, until),
});
