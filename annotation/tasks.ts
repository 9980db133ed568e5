/** What a label task is: a window with its signal, its features and the model's probabilities. */

export type TaskKind = 'uncertain' | 'audit';

/** The annotator that gives the recordings' own labels in place of people. */
export const ORACLE = 'oracle';

/** Text that is no such number names no task; PostgreSQL would refuse the whole statement for it. */
export const isTaskId = (text: string): boolean => /^\d{1,18}$/.test(text);

/** One window's samples; `values` holds one array per channel, each as long as `timestampsMs`. */
export interface TaskSignal {
  channels: readonly string[];
  timestampsMs: Float64Array;
  values: readonly Float32Array[];
}

export interface NewTask {
  windowId: string;
  device: string;
  subjectKey: string;
  startMs: number;
  endMs: number;
  kind: TaskKind;
  /** The version that predicted, with its classes and their probabilities. */
  version: string;
  classes: readonly string[];
  probabilities: readonly number[];
  featureSchema: string;
  features: Float32Array;
  signal: TaskSignal;
}

export interface LeasedTask extends Omit<NewTask, 'features' | 'featureSchema' | 'signal'> {
  task: string;
  campaign: string;
  dataset: string;
  model: string;
  lease: string;
  leaseExpiresAt: string;
  /** The labels that may be answered. */
  labels: readonly string[];
  /** Absent when the caller did not ask for it. */
  signal?: TaskSignal & { units: readonly string[] };
}

// Typed arrays lie in the database as they lie in memory: little-endian on every machine we run on.
export const bytesOf = (array: Float32Array | Float64Array): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** A copy, because a typed array has to start at a multiple of its width. */
const copyOf = (bytes: Buffer): ArrayBuffer => new Uint8Array(bytes).buffer;

export const float32From = (bytes: Buffer): Float32Array => new Float32Array(copyOf(bytes));
export const float64From = (bytes: Buffer): Float64Array => new Float64Array(copyOf(bytes));

/** All channels one after another. */
export const channelBytes = (values: readonly Float32Array[]): Buffer =>
  Buffer.concat(values.map(bytesOf));

export function channelsFrom(bytes: Buffer, channels: number): Float32Array[] {
  const all = float32From(bytes);
  const length = channels === 0 ? 0 : all.length / channels;
  return Array.from({ length: channels }, (_, index) =>
    all.subarray(index * length, (index + 1) * length),
  );
}
