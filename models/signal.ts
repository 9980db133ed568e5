/** What a window of sensor signal is: its channels, its rate, its length and the gaps it may have. */

export interface WindowSpec {
  readonly lengthMs: number;
  /** Distance between the starts of successive windows, which lie on multiples of it. */
  readonly stepMs: number;
}

export const DEFAULT_WINDOW: WindowSpec = { lengthMs: 4000, stepMs: 2000 };

export const DEFAULT_MAX_GAP_MS = 200;

/** Of a dataset, in the lake and on the stream. */
export const MAXIMUM_CHANNELS = 256;

/** On either side of zero; the milliseconds that a double holds exactly. */
export const LATEST_MS = Number.MAX_SAFE_INTEGER;

/** Above any sensor's values, and so far below float32's largest that every feature stays finite. */
export const LARGEST_VALUE = 1e18;

export interface SignalSpec {
  readonly channels: readonly string[];
  /** The model's rate: whatever rate a device sends, windows are resampled to it. */
  readonly rateHz: number;
  readonly window: WindowSpec;
  /** A window with a longer hole between successive samples is not complete. */
  readonly maxGapMs: number;
}

/** Samples in time order; all arrays have the same length, `values` one array per channel. */
export interface SampleSpan {
  readonly timestampsMs: Float64Array;
  readonly values: readonly Float32Array[];
}
