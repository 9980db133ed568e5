/** Lays windows over a device's samples: which there are, which are complete, what they are called. */
import { createHash } from 'node:crypto';
import type { SampleSpan, SignalSpec, WindowSpec } from './signal';

export interface WindowKey {
  readonly dataset: string;
  readonly device: string;
  readonly startMs: number;
  readonly window: WindowSpec;
}

/** The window's identity. MD5 because every SQL dialect has it; it names, it does not protect. */
export function windowId({ dataset, device, startMs, window }: WindowKey): string {
  const text = [dataset, device, startMs, window.lengthMs, window.stepMs].join('|');
  return createHash('md5').update(text).digest('hex');
}

/** Index of the first timestamp that is not before `tMs`. */
export function firstIndexFrom(timestampsMs: Float64Array, tMs: number): number {
  let low = 0;
  let high = timestampsMs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timestampsMs[middle] as number) < tMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Coverage = Pick<SignalSpec, 'window' | 'maxGapMs'>;

/** Whether the samples cover the window from its start to its end without a hole over `maxGapMs`. */
export function isComplete(timestampsMs: Float64Array, startMs: number, signal: Coverage): boolean {
  const endMs = startMs + signal.window.lengthMs;
  const from = firstIndexFrom(timestampsMs, startMs);
  const until = firstIndexFrom(timestampsMs, endMs);
  if (from === until) return false;
  if ((timestampsMs[from] as number) > startMs + signal.maxGapMs) return false;
  if ((timestampsMs[until - 1] as number) < endMs - signal.maxGapMs) return false;
  for (let index = from + 1; index < until; index += 1) {
    const gapMs = (timestampsMs[index] as number) - (timestampsMs[index - 1] as number);
    if (gapMs > signal.maxGapMs) return false;
  }
  return true;
}

/** The window's samples, as views on the span's own memory. */
export function sliceWindow(span: SampleSpan, startMs: number, window: WindowSpec): SampleSpan {
  const from = firstIndexFrom(span.timestampsMs, startMs);
  const until = firstIndexFrom(span.timestampsMs, startMs + window.lengthMs);
  return {
    timestampsMs: span.timestampsMs.subarray(from, until),
    values: span.values.map((channel) => channel.subarray(from, until)),
  };
}
