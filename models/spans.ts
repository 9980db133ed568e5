/** Small operations on spans of samples; none changes its arguments. */
import { firstIndexFrom } from './windows';
import type { SampleSpan } from './signal';

export const emptySpan = (channels: number): SampleSpan => ({
  timestampsMs: new Float64Array(0),
  values: Array.from({ length: channels }, () => new Float32Array(0)),
});

/** Views on the samples from index `from` up to, without, `until`. */
export const sliceSpan = (span: SampleSpan, from: number, until: number): SampleSpan => ({
  timestampsMs: span.timestampsMs.subarray(from, until),
  values: span.values.map((channel) => channel.subarray(from, until)),
});

export const spanFrom = (span: SampleSpan, fromMs: number): SampleSpan =>
  sliceSpan(span, firstIndexFrom(span.timestampsMs, fromMs), span.timestampsMs.length);

function join<T extends Float32Array | Float64Array>(target: T, a: T, b: T): T {
  target.set(a);
  target.set(b, a.length);
  return target;
}

export function concatSpans(a: SampleSpan, b: SampleSpan): SampleSpan {
  const length = a.timestampsMs.length + b.timestampsMs.length;
  return {
    timestampsMs: join(new Float64Array(length), a.timestampsMs, b.timestampsMs),
    values: a.values.map((channel, index) =>
      join(new Float32Array(length), channel, b.values[index] as Float32Array),
    ),
  };
}

/** Parts the samples into those later than all before them (from `afterMs` on), and the others. */
export function splitLate(span: SampleSpan, afterMs: number) {
  const accepted: number[] = [];
  const late: number[] = [];
  let newestMs = afterMs;
  span.timestampsMs.forEach((timestampMs, index) => {
    (timestampMs > newestMs ? accepted : late).push(index);
    newestMs = Math.max(newestMs, timestampMs);
  });
  if (late.length === 0) return { accepted: span, late: null };
  return { accepted: pick(span, accepted), late: pick(span, late) };
}

function pick(span: SampleSpan, indices: readonly number[]): SampleSpan {
  return {
    timestampsMs: Float64Array.from(indices, (index) => span.timestampsMs[index] as number),
    values: span.values.map((channel) =>
      Float32Array.from(indices, (index) => channel[index] as number),
    ),
  };
}
