/** The grid of windows by its definition: what SQL and the stream are compared with. */
import type { WindowSpec } from '../../models/signal';

/** Starts, ascending, of the windows [start, start + length) on the grid that hold the moment. */
export function windowStartsCovering(tMs: number, window: WindowSpec): number[] {
  const last = Math.floor(tMs / window.stepMs);
  const first = Math.floor((tMs - window.lengthMs) / window.stepMs) + 1;
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * window.stepMs);
}
