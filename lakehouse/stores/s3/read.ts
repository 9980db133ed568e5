/** Reads objects; a body whose connection breaks goes on where it stopped. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { Readable, addAbortSignal } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { awsVerdict } from '../../../core/aws';
import type { Bucket } from './bucket';
import { inParallel } from '../../in-parallel';
import type { Piece } from './pieces';
import { piecesOf } from './pieces';

export interface Facts {
  /** With its quotes, as requests want it. */
  readonly etag: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

interface Range {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
}

const ACTION = 's3:GetObject';
const RESUMES = 5;
const RESUME_WAIT_MS = 200;
const BROKEN = { code: 'ECONNRESET' };
const RANGES_AT_ONCE = 4;
const RANGE_BYTES = 16 * 1024 * 1024;

/** OBJECT_NOT_FOUND when there is none. */
export const factsOf = (bucket: Bucket, key: string): Promise<Facts> =>
  bucket.call(ACTION, key, async () => {
    const found = await bucket.client.send(new HeadObjectCommand(bucket.at(key)));
    const { ETag = '', ContentLength = 0, LastModified } = found;
    return { etag: ETag, bytes: ContentLength, modifiedMs: LastModified?.getTime() ?? 0 };
  });

interface Wanted {
  readonly etag?: string;
  readonly range?: Range;
  readonly signal?: AbortSignal;
}

async function request(bucket: Bucket, key: string, { etag, range, signal }: Wanted = {}) {
  const Range = range && `bytes=${range.start}-${range.end - 1}`;
  const command = new GetObjectCommand({ ...bucket.at(key), IfMatch: etag, Range });
  const found = await bucket.client.send(command, { abortSignal: signal });
  const body = found.Body as Readable;
  if (signal !== undefined) addAbortSignal(signal, body);
  return { body, etag: found.ETag ?? '', bytes: found.ContentLength ?? 0 };
}

/** The bytes of a range; `first` is the body of its first request where that was made already. */
async function* bytesOf(
  bucket: Bucket,
  key: string,
  { etag, range, first, signal }: Wanted & { range: Range; first?: Readable },
): AsyncGenerator<Buffer> {
  let { start } = range;
  let body = first;
  for (let resumes = 0; start < range.end; resumes += 1) {
    try {
      const rest = { start, end: range.end };
      body ??= (await request(bucket, key, { etag, range: rest, signal })).body;
      for await (const chunk of body) {
        start += (chunk as Buffer).length;
        yield chunk as Buffer;
      }
      if (start < range.end) throw Object.assign(new Error('the body ended early'), BROKEN);
    } catch (error) {
      signal?.throwIfAborted();
      if (awsVerdict(error) !== 'passing' || resumes === RESUMES) {
        throw bucket.explain(ACTION, key, error);
      }
      await sleep(RESUME_WAIT_MS * 2 ** resumes * Math.random(), undefined, { signal });
    }
    body = undefined;
  }
}

export async function readStream(bucket: Bucket, key: string): Promise<Readable> {
  const { body, etag, bytes } = await bucket.call(ACTION, key, () => request(bucket, key));
  const range = { start: 0, end: bytes };
  return Readable.from(bytesOf(bucket, key, { etag, range, first: body }), { objectMode: false });
}

export async function readWhole(bucket: Bucket, key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const stream = await readStream(bucket, key);
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

interface RangeTarget {
  readonly file: FileHandle;
  readonly etag: string;
  readonly range: Range;
  readonly signal?: AbortSignal;
}

async function writeRange(
  bucket: Bucket,
  key: string,
  { file, etag, range, signal }: RangeTarget,
): Promise<void> {
  let position = range.start;
  for await (const chunk of bytesOf(bucket, key, { etag, range, signal })) {
    signal?.throwIfAborted();
    for (let written = 0; written < chunk.length;) {
      const left = chunk.length - written;
      written += (await file.write(chunk, written, left, position + written)).bytesWritten;
    }
    position += chunk.length;
  }
}

export interface FileDownload {
  readonly signal?: AbortSignal;
  /** Pieces that are in the file already, by their number. */
  readonly present?: ReadonlySet<number>;
  readonly onPiece?: (piece: Piece) => Promise<void>;
}

/** Several ranges at once into one file, which is there and open to be written. */
export async function downloadInto(
  bucket: Bucket,
  key: string,
  { etag, bytes }: Pick<Facts, 'etag' | 'bytes'>,
  file: FileHandle,
  { signal, present, onPiece }: FileDownload = {},
): Promise<void> {
  const missing = piecesOf(bytes, RANGE_BYTES).filter(({ number }) => !present?.has(number));
  await inParallel(missing, RANGES_AT_ONCE, async (piece) => {
    const range = { start: piece.offset, end: piece.offset + piece.bytes };
    await writeRange(bucket, key, { file, etag, range, signal });
    await onPiece?.(piece);
  });
}

/** All of the object that the facts tell of, in a new file. */
export async function downloadFile(
  bucket: Bucket,
  key: string,
  facts: Pick<Facts, 'etag' | 'bytes'>,
  target: string,
): Promise<void> {
  const file = await open(target, 'wx');
  try {
    await downloadInto(bucket, key, facts, file);
  } finally {
    await file.close();
  }
}
