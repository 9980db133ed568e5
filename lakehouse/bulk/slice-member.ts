/** Cuts a member of any size, while it streams by, into local files of whole lines; a local file is left whole. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { WatchlakeError } from '../../core/errors';
import { localChunks } from '../sources/local-chunks';
import type { LineFacts } from './line-facts';
import { LineReader } from './line-facts';

const LINE_FEED = 10;
const LINE_BYTES = 1024 * 1024;
/** Lines enough to find one that is a row. */
const AHEAD_BYTES = 16 * 1024;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

export interface Slice extends LineFacts {
  readonly path: string;
  /** Whether that is a file of its own, which whoever takes the slice removes; otherwise it is the member's. */
  readonly isCopy: boolean;
  /** Lines of the file before those of the slice: none in a copy, the header in the member's own. */
  readonly skip: number;
  readonly crc32: number;
  /** Number of its first line in the member. */
  readonly firstLine: number;
  /** The first lines behind it, whole ones: empty behind the last. */
  readonly ahead: Buffer;
}

const NOTHING = Buffer.alloc(0);

export interface SlicedMember {
  /** The first lines, without their ends; fewer than asked for when the member is shorter. */
  readonly header: readonly string[];
  /** Of the lines after the header; none for no lines. */
  slices(): AsyncGenerator<Slice>;
}

export interface SliceRequest {
  /** As messages name it. */
  readonly file: string;
  readonly headerLines: number;
  /** A slice ends with the first line that reaches this size: the same bytes give the same slices. */
  readonly sliceBytes: number;
  /** Where the slices come to lie. */
  readonly folder: string;
  /** A local file that is the member as it is: then it is one slice, and nothing is copied. */
  readonly whole?: { readonly path: string; readonly crc32: number };
  readonly signal?: AbortSignal;
}

/** A slice while it is being written. */
class OpenSlice {
  #crc32 = 0;
  readonly lines = new LineReader();

  readonly #path: string;
  readonly #firstLine: number;
  readonly #handle: FileHandle;

  private constructor(path: string, firstLine: number, handle: FileHandle) {
    this.#path = path;
    this.#firstLine = firstLine;
    this.#handle = handle;
  }

  static create = async (path: string, firstLine: number): Promise<OpenSlice> =>
    new OpenSlice(path, firstLine, await open(path, 'w', 0o600));

  async write(chunk: Buffer): Promise<void> {
    this.lines.add(chunk);
    this.#crc32 = crc32(chunk, this.#crc32);
    try {
      for (let written = 0; written < chunk.length;) {
        written += (await this.#handle.write(chunk, written)).bytesWritten;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new WatchlakeError('STORE_FULL', { key: 'a slice of a member' }, error);
    }
  }

  close = (): Promise<void> => this.#handle.close();

  result(): Slice {
    const firstLine = this.#firstLine;
    return {
      ...{ path: this.#path, isCopy: true, skip: 0, firstLine, crc32: this.#crc32, ahead: NOTHING },
      ...this.lines.end(),
    };
  }
}

const tooLong = (file: string, line: number): WatchlakeError => {
  const detail = `the line is longer than ${LINE_BYTES} bytes`;
  return new WatchlakeError('CSV_MALFORMED', { file, line, detail });
};

type Chunks = AsyncIterator<Buffer, undefined>;

/** The first lines, how many bytes they are, and what was read beyond them. */
async function readHeader(chunks: Chunks, { file, headerLines }: SliceRequest) {
  const lines: string[] = [];
  let rest = NOTHING;
  let read = 0;
  while (lines.length < headerLines) {
    const at = rest.indexOf(LINE_FEED);
    if (at >= 0) {
      lines.push(rest.subarray(0, at).toString('utf8').replace(/\r$/, ''));
      rest = rest.subarray(at + 1);
      continue;
    }
    if (rest.length > LINE_BYTES) throw tooLong(file, lines.length + 1);
    const next = await chunks.next();
    if (next.done) {
      if (rest.length > 0) lines.push(rest.toString('utf8'));
      return { lines, bytes: read, rest: NOTHING };
    }
    read += next.value.length;
    rest = Buffer.concat([rest, next.value]);
    if (lines.length === 0 && rest.subarray(0, 3).equals(BYTE_ORDER_MARK)) rest = rest.subarray(3);
  }
  return { lines, bytes: read - rest.length, rest };
}

/** What comes next, with as much as one looks ahead; undefined at the end. */
async function filled(chunks: Chunks, rest: Buffer): Promise<Buffer | undefined> {
  let chunk = rest;
  while (chunk.length < AHEAD_BYTES) {
    const next = await chunks.next();
    if (next.done) return chunk.length > 0 ? chunk : undefined;
    chunk = chunk.length > 0 ? Buffer.concat([chunk, next.value]) : next.value;
  }
  return chunk;
}

/** A copy: the chunk would be held as long as the slice is. The last line need not end with a line feed. */
function aheadIn(chunk: Buffer = NOTHING): Buffer {
  const first = chunk.subarray(0, AHEAD_BYTES);
  const isAll = chunk.length < AHEAD_BYTES;
  return Buffer.from(isAll ? first : first.subarray(0, first.lastIndexOf(LINE_FEED) + 1));
}

async function* cut(chunks: Chunks, rest: Buffer, request: SliceRequest): AsyncGenerator<Slice> {
  const { file, headerLines, sliceBytes, folder, signal } = request;
  let line = headerLines + 1;
  let number = 0;
  let slice: OpenSlice | undefined;
  try {
    let chunk: Buffer | undefined = rest.length > 0 ? rest : (await chunks.next()).value;
    while (chunk !== undefined) {
      signal?.throwIfAborted();
      slice ??= await OpenSlice.create(join(folder, `${number++}.csv`), line);
      const wanted = Math.max(0, sliceBytes - slice.lines.bytes);
      const end = wanted >= chunk.length ? -1 : chunk.indexOf(LINE_FEED, wanted);
      await slice.write(end < 0 ? chunk : chunk.subarray(0, end + 1));
      if (slice.lines.bytes > sliceBytes + LINE_BYTES)
        throw tooLong(file, line + slice.lines.ended);
      if (end < 0) {
        chunk = (await chunks.next()).value;
        continue;
      }
      await slice.close();
      const done = slice.result();
      [line, slice] = [line + done.lines + done.blankLines, undefined];
      chunk = await filled(chunks, chunk.subarray(end + 1));
      yield { ...done, ahead: aheadIn(chunk) };
    }
    if (slice === undefined) return;
    const last = slice;
    slice = undefined;
    await last.close();
    yield last.result();
  } finally {
    await slice?.close();
    // Whoever stops early lets the stream go.
    await chunks.return?.();
  }
}

/** The lines of a member that is read where it lies, behind its header: the very bytes that were measured. */
async function* survey(
  headerBytes: number,
  { file, headerLines, signal, whole }: SliceRequest & Required<Pick<SliceRequest, 'whole'>>,
): AsyncGenerator<Slice> {
  const lines = new LineReader();
  let [header, checksum] = [headerBytes, 0];
  for await (const chunk of localChunks(whole.path, { signal })) {
    checksum = crc32(chunk, checksum);
    lines.add(chunk.subarray(header));
    header = Math.max(0, header - chunk.length);
  }
  if (checksum !== whole.crc32) throw new WatchlakeError('SOURCE_CHANGED', { source: file });
  if (lines.bytes === 0) return;
  const where = { skip: headerLines, firstLine: headerLines + 1, ahead: NOTHING };
  yield { ...whole, isCopy: false, ...where, ...lines.end() };
}

/** CSV_MALFORMED when a line is no line, SOURCE_CHANGED when a whole file is another one; whatever the stream fails with. */
export async function sliceMember(stream: Readable, request: SliceRequest): Promise<SlicedMember> {
  const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]() as Chunks;
  const { lines, bytes, rest } = await readHeader(chunks, request);
  const { whole } = request;
  // DuckDB counts a line where a return stands inside the header, and would skip less.
  if (whole === undefined || lines.some((line) => line.includes('\r'))) {
    return { header: lines, slices: () => cut(chunks, rest, request) };
  }
  await chunks.return?.();
  return { header: lines, slices: () => survey(bytes, { ...request, whole }) };
}
