/** The binary form of one device's samples on the wire: small, checked, bounded. */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { WatchlakeError } from '../core/errors';
import { LARGEST_VALUE, LATEST_MS, MAXIMUM_CHANNELS, type SampleSpan } from '../models/signal';

export interface SampleBatch {
  readonly dataset: string;
  readonly device: string;
  readonly subjectKey: string;
  readonly recording: string;
  readonly channels: readonly string[];
  readonly span: SampleSpan;
  /** The recording ends here: windows that are still open are closed. */
  readonly last: boolean;
}

/** The message header that names the schema and its version. */
export const SCHEMA_HEADER = 'schema';
export const SAMPLE_BATCH_SCHEMA = 'watch.samples/1';

/** Below the megabyte that a broker accepts with default settings. */
export const MAXIMUM_BATCH_BYTES = 900_000;
// The names of all channels that a dataset may have, and as much again.
const MAXIMUM_METADATA_BYTES = 32_768;
const MAGIC = 'WLSB';
const HEADER_BYTES = 16;
/** What surrounds the numbers of a batch, at most. */
export const MAXIMUM_FRAME_BYTES = HEADER_BYTES + MAXIMUM_METADATA_BYTES;
const CHECKED_FROM = 8;

// A prediction with a NUL would land nowhere: PostgreSQL, where tasks lie, takes none.
const name = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !text.includes('\0'));
const metadataSchema = z.object({
  dataset: name,
  device: name,
  subjectKey: name,
  recording: name,
  channels: z.array(z.string().min(1).max(100)).min(1).max(MAXIMUM_CHANNELS),
  last: z.boolean(),
});

type Metadata = z.infer<typeof metadataSchema>;

/** Why a batch cannot be used, as the dead-letter topic's `reason` header says it. */
export type BatchProblem =
  'empty' | 'schema-unknown' | 'too-large' | 'malformed' | 'checksum-differs' | 'channels-differ';

const unreadable = (reason: BatchProblem, detail: string, cause?: unknown) =>
  new WatchlakeError('BATCH_UNREADABLE', { reason, detail }, cause);

const bytesOf = (array: Float32Array | Float64Array): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

/** JSON, padded with spaces so that the numbers after it lie on multiples of eight. */
function encodeMetadata({ span: _span, ...metadata }: SampleBatch): Buffer {
  const text = Buffer.from(JSON.stringify(metadata));
  const padding = (8 - (text.length % 8)) % 8;
  return Buffer.concat([text, Buffer.alloc(padding, ' ')]);
}

/**
 * Little-endian: `WLSB`, CRC-32 of what follows, metadata bytes, samples, metadata (JSON), the
 * timestamps (float64), then each channel's values (float32) in the order of `channels`.
 */
export function encodeSampleBatch(batch: SampleBatch): Buffer {
  const { span, channels } = batch;
  if (span.values.length !== channels.length) {
    throw unreadable(
      'channels-differ',
      `${span.values.length} arrays, ${channels.length} channels`,
    );
  }
  const metadata = encodeMetadata(batch);
  if (metadata.length > MAXIMUM_METADATA_BYTES) {
    throw unreadable('too-large', `${metadata.length} bytes of metadata`);
  }
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 0, 'latin1');
  header.writeUInt32LE(metadata.length, 8);
  header.writeUInt32LE(span.timestampsMs.length, 12);
  const body = [metadata, bytesOf(span.timestampsMs), ...span.values.map(bytesOf)];
  const encoded = Buffer.concat([header, ...body]);
  if (encoded.length > MAXIMUM_BATCH_BYTES)
    throw unreadable('too-large', `${encoded.length} bytes`);
  encoded.writeUInt32LE(crc32(encoded.subarray(CHECKED_FROM)), 4);
  return encoded;
}

function checkFrame(value: Buffer): { metadataBytes: number; samples: number } {
  if (value.length < HEADER_BYTES || value.toString('latin1', 0, 4) !== MAGIC) {
    throw unreadable('malformed', 'it does not start as a batch');
  }
  if (value.length > MAXIMUM_BATCH_BYTES) throw unreadable('too-large', `${value.length} bytes`);
  if (value.readUInt32LE(4) !== crc32(value.subarray(CHECKED_FROM))) {
    throw unreadable('checksum-differs', 'the checksum differs');
  }
  const metadataBytes = value.readUInt32LE(8);
  if (metadataBytes > MAXIMUM_METADATA_BYTES || metadataBytes % 8 !== 0) {
    throw unreadable('malformed', `${metadataBytes} bytes of metadata`);
  }
  return { metadataBytes, samples: value.readUInt32LE(12) };
}

function decodeMetadata(bytes: Buffer): Metadata {
  try {
    return metadataSchema.parse(JSON.parse(bytes.toString()));
  } catch (cause) {
    throw unreadable('malformed', 'its metadata is not what the schema says', cause);
  }
}

/** NaN is within no limit. */
const isWithin = (numbers: Float32Array | Float64Array, limit: number): boolean =>
  numbers.every((each) => Math.abs(each) <= limit);

function decodeSpan(bytes: Buffer, samples: number, channels: number): SampleSpan {
  const expected = samples * (8 + 4 * channels);
  if (bytes.length !== expected) {
    throw unreadable('malformed', `${bytes.length} bytes of samples, expected ${expected}`);
  }
  const aligned = Uint8Array.from(bytes).buffer;
  const timestampsMs = new Float64Array(aligned, 0, samples);
  const values = Array.from(
    { length: channels },
    (_, channel) => new Float32Array(aligned, 8 * samples + 4 * samples * channel, samples),
  );
  if (!isWithin(timestampsMs, LATEST_MS)) {
    throw unreadable('malformed', `a time is not within ${LATEST_MS} ms of zero`);
  }
  if (!values.every((array) => isWithin(array, LARGEST_VALUE))) {
    throw unreadable('malformed', `a value is not within ${LARGEST_VALUE} of zero`);
  }
  return { timestampsMs, values };
}

/** Throws BATCH_UNREADABLE with a `reason` for anything but a whole, unaltered batch. */
export function decodeSampleBatch(value: Buffer | null, schema: string | undefined): SampleBatch {
  if (value === null || value.length === 0) throw unreadable('empty', 'it has no content');
  if (schema !== SAMPLE_BATCH_SCHEMA) {
    throw unreadable('schema-unknown', `the schema is ${(schema ?? 'not named').slice(0, 100)}`);
  }
  const { metadataBytes, samples } = checkFrame(value);
  const numbersFrom = HEADER_BYTES + metadataBytes;
  const metadata = decodeMetadata(value.subarray(HEADER_BYTES, numbersFrom));
  const span = decodeSpan(value.subarray(numbersFrom), samples, metadata.channels.length);
  return { ...metadata, span };
}

/** The order matters: a model reads channels by position. */
export function checkChannels(batch: SampleBatch, channels: readonly string[]): void {
  if (batch.channels.join('\n') === channels.join('\n')) return;
  throw unreadable('channels-differ', `it has ${batch.channels.join()}, not ${channels.join()}`);
}
