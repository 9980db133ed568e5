/** Puts samples of any rate, regular or not, on the uniform grid that the features expect. */
import type { SampleSpan } from './signal';

/** Number of grid points of a window: the window is half open, so the end is not one of them. */
export const gridLength = (lengthMs: number, rateHz: number): number =>
  Math.max(1, Math.round((lengthMs * rateHz) / 1000));

function interpolate(span: SampleSpan, startMs: number, length: number, rateHz: number) {
  const { timestampsMs } = span;
  const last = timestampsMs.length - 1;
  const left = new Int32Array(length);
  const weight = new Float64Array(length);
  let index = 0;
  for (let point = 0; point < length; point += 1) {
    const tMs = startMs + (point * 1000) / rateHz;
    while (index < last && (timestampsMs[index + 1] as number) <= tMs) index += 1;
    const before = timestampsMs[index] as number;
    const after = timestampsMs[Math.min(index + 1, last)] as number;
    left[point] = index;
    // Before the first sample and after the last one the edge value is held.
    weight[point] = tMs <= before || after === before ? 0 : (tMs - before) / (after - before);
  }
  return { left, weight };
}

/** Linear interpolation at `startMs + i / rateHz`; one array per channel, edges held. */
export function resample(
  span: SampleSpan,
  startMs: number,
  lengthMs: number,
  rateHz: number,
): Float32Array[] {
  const length = gridLength(lengthMs, rateHz);
  const { left, weight } = interpolate(span, startMs, length, rateHz);
  const last = span.timestampsMs.length - 1;
  return span.values.map((channel) =>
    Float32Array.from(left, (index, point) => {
      const before = channel[index] as number;
      const after = channel[Math.min(index + 1, last)] as number;
      return before + (after - before) * (weight[point] as number);
    }),
  );
}
