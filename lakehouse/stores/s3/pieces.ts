/** How a large object is divided for its way to or from the bucket. */

export interface Piece {
  /** From 1 on, as S3 numbers parts. */
  readonly number: number;
  readonly offset: number;
  readonly bytes: number;
}

// S3 takes at most 10,000 parts.
const MAXIMUM_PARTS = 9_000;

export function piecesOf(size: number, wanted: number): Piece[] {
  const step = Math.max(wanted, Math.ceil(size / MAXIMUM_PARTS));
  return Array.from({ length: Math.ceil(size / step) }, (_, index) => ({
    number: index + 1,
    offset: index * step,
    bytes: Math.min(step, size - index * step),
  }));
}
