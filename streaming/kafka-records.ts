/**
 * Writes records for kafkajs, each in one buffer of its size.
 *
 * kafkajs makes a buffer of 512 bytes for every record and every header, and one more for each number in them: half of
 * what a large batch costs. The version is pinned, and no newer one is to come; a test holds both equal, byte for byte.
 */
import { createRequire } from 'node:module';

type Bytes = Buffer | string | null | undefined;

export interface KafkaRecord {
  readonly offsetDelta?: number;
  readonly timestampDelta?: number;
  readonly key?: Bytes;
  readonly value?: Bytes;
  readonly headers?: Readonly<Record<string, Bytes | readonly Bytes[]>>;
}

/** What kafkajs asks of an encoder that it puts into a batch. */
export interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
}

export type EncodeRecord = (record: KafkaRecord) => Encoded;

const MODULE = 'kafkajs/src/protocol/recordBatch/record/v0';

const lengthOf = (bytes: Bytes): number =>
  bytes === null || bytes === undefined ? -1 : Buffer.byteLength(bytes);

/** Kafka writes numbers in groups of 7 bits, after their sign was moved into the lowest one. */
const zigZag = (value: number): number => (value << 1) ^ (value >> 31);

function sizeOf(value: number): number {
  let size = 1;
  for (let rest = zigZag(value) >>> 7; rest > 0; rest >>>= 7) size += 1;
  return size;
}

function writeNumber(buffer: Buffer, offset: number, value: number): number {
  let rest = zigZag(value) >>> 0;
  let at = offset;
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at++] = rest;
  return at;
}

function writeBytes(buffer: Buffer, offset: number, bytes: Bytes, length: number): number {
  const at = writeNumber(buffer, offset, length);
  if (typeof bytes === 'string') buffer.write(bytes, at, length, 'utf8');
  else if (bytes) buffer.set(bytes, at);
  return at + Math.max(length, 0);
}

const sizeWith = (length: number): number => sizeOf(length) + Math.max(length, 0);

interface Header {
  readonly name: string;
  readonly nameLength: number;
  readonly value: Buffer | string;
  readonly length: number;
}

/** Null when one is not what the project sends. */
function headersOf(headers: NonNullable<KafkaRecord['headers']>): Header[] | null {
  const all: Header[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (typeof value !== 'string' && !Buffer.isBuffer(value)) return null;
    const nameLength = Buffer.byteLength(name);
    all.push({ name, nameLength, value, length: Buffer.byteLength(value) });
  }
  return all;
}

function encode({ key, value, ...record }: KafkaRecord, headers: readonly Header[]): Encoded {
  const { offsetDelta = 0, timestampDelta = 0 } = record;
  const [keyLength, valueLength] = [lengthOf(key), lengthOf(value)];
  let size = 1 + sizeOf(timestampDelta) + sizeOf(offsetDelta) + sizeOf(headers.length);
  size += sizeWith(keyLength) + sizeWith(valueLength);
  for (const { nameLength, length } of headers) size += sizeWith(nameLength) + sizeWith(length);
  const buffer = Buffer.allocUnsafe(sizeWith(size));
  let at = writeNumber(buffer, 0, size);
  // No attributes.
  buffer[at++] = 0;
  at = writeNumber(buffer, at, timestampDelta);
  at = writeNumber(buffer, at, offsetDelta);
  at = writeBytes(buffer, at, key, keyLength);
  at = writeBytes(buffer, at, value, valueLength);
  at = writeNumber(buffer, at, headers.length);
  for (const header of headers) {
    at = writeBytes(buffer, at, header.name, header.nameLength);
    at = writeBytes(buffer, at, header.value, header.length);
  }
  return { buf: buffer, buffer };
}

const isBytes = (bytes: unknown): bytes is Bytes =>
  bytes === null || bytes === undefined || typeof bytes === 'string' || Buffer.isBuffer(bytes);

/** Leaves to kafkajs what the project never sends. */
export const compactly =
  (original: EncodeRecord): EncodeRecord =>
  (record) => {
    const { timestampDelta = 0, key, value, headers = {} } = record;
    const isUsual = timestampDelta === 0 && isBytes(key) && isBytes(value);
    const all = isUsual ? headersOf(headers) : null;
    return all === null ? original(record) : encode(record, all);
  };

let isInUse = false;

/** From now on, for all producers: kafkajs loads its encoder at the first batch. */
export function useCompactRecords(): void {
  if (isInUse) return;
  isInUse = true;
  const load = createRequire(__filename);
  const original = load(MODULE) as EncodeRecord;
  const loaded = load.cache[load.resolve(MODULE)];
  if (loaded) loaded.exports = compactly(original);
}
