/** A prediction as it lies on the topic: JSON, with signal and features only where a person may look. */
import { z } from 'zod';
import type { SampleSpan } from '../models/signal';

const bytesIn = (text: string): number => Buffer.byteLength(text, 'base64');

/** Numbers of so many bytes. */
const numbersOf = (bytes: number) => z.base64().refine((text) => bytesIn(text) % bytes === 0);

// PostgreSQL, where tasks lie, takes no text with a NUL.
const name = z.string().refine((text) => !text.includes('\0'));

const fields = z.object({
  windowId: name,
  dataset: name,
  device: name,
  subjectKey: name,
  startMs: z.int(),
  endMs: z.int(),
  model: name,
  version: name,
  classes: z.array(name).min(1),
  probabilities: z.array(z.number()),
  label: name,
  confidence: z.number(),
  candidate: z.enum(['uncertain', 'audit']).nullable(),
  /** Hash of the feature schema. */
  featureSchema: name,
  /** float32, little-endian. */
  features: numbersOf(4).optional(),
  /** Timestamps as float64, values as float32 channel by channel, little-endian. */
  signal: z
    .object({ channels: z.array(name), timestampsMs: numbersOf(8), values: numbersOf(4) })
    .refine(
      ({ channels, timestampsMs, values }) =>
        bytesIn(values) * 2 === bytesIn(timestampsMs) * channels.length,
    )
    .optional(),
});

/** What a task can be made of, where it is a candidate: anything else would keep every campaign from opening. */
const predictionSchema = fields.refine(
  ({ classes, probabilities, startMs, endMs, candidate, features, signal }) =>
    classes.length === probabilities.length &&
    startMs < endMs &&
    (candidate === null || (features !== undefined && signal !== undefined)),
);

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
