/** A prediction as it lies on the topic: JSON, with signal and features only where a person may look. */
import { z } from 'zod';
import type { SampleSpan } from '../models/signal';

/** Numbers of so many bytes. */
const numbersOf = (bytes: number) =>
  z.base64().refine((text) => Buffer.byteLength(text, 'base64') % bytes === 0);

const predictionSchema = z.object({
  windowId: z.string(),
  dataset: z.string(),
  device: z.string(),
  subjectKey: z.string(),
  startMs: z.int(),
  endMs: z.int(),
  model: z.string(),
  version: z.string(),
  classes: z.array(z.string()),
  probabilities: z.array(z.number()),
  label: z.string(),
  confidence: z.number(),
  candidate: z.enum(['uncertain', 'audit']).nullable(),
  /** Hash of the feature schema. */
  featureSchema: z.string(),
  /** float32, little-endian. */
  features: numbersOf(4).optional(),
  /** Timestamps as float64, values as float32 channel by channel, little-endian. */
  signal: z
    .object({ channels: z.array(z.string()), timestampsMs: numbersOf(8), values: numbersOf(4) })
    .optional(),
});

export type Prediction = z.infer<typeof predictionSchema>;
export type PredictionSignal = NonNullable<Prediction['signal']>;

const toBase64 = (array: Float32Array | Float64Array): string =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('base64');

const bytesOf = (text: string): ArrayBuffer => Uint8Array.from(Buffer.from(text, 'base64')).buffer;

export const encodeFeatures = (features: Float32Array): string => toBase64(features);

export const decodeFeatures = (text: string): Float32Array => new Float32Array(bytesOf(text));

export const encodeSignal = (channels: readonly string[], span: SampleSpan): PredictionSignal => ({
  channels: [...channels],
  timestampsMs: toBase64(span.timestampsMs),
  values: Buffer.concat(
    span.values.map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength)),
  ).toString('base64'),
});

export function decodeSignal(signal: PredictionSignal): SampleSpan {
  const timestampsMs = new Float64Array(bytesOf(signal.timestampsMs));
  const values = new Float32Array(bytesOf(signal.values));
  const samples = timestampsMs.length;
  return {
    timestampsMs,
    values: signal.channels.map((_, index) =>
      values.subarray(index * samples, (index + 1) * samples),
    ),
  };
}

export const encodePrediction = (prediction: Prediction): string => JSON.stringify(prediction);

/** Throws when the text is not a prediction. */
export const decodePrediction = (value: Buffer | string): Prediction =>
  predictionSchema.parse(JSON.parse(value.toString()));

/** Null for a message that is no prediction: anybody can write to a topic. */
export function predictionOrNull(value: Buffer): Prediction | null {
  try {
    return decodePrediction(value);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return null;
    throw error;
  }
}
