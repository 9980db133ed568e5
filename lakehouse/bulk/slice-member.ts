/** Cuts a member of any size, while it streams by, into local files of whole lines. */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { WatchlakeError } from '../../core/errors';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const UNDERSCORE = 95;
const [ZERO, NINE] = [48, 57];
const LINE_BYTES = 1024 * 1024;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

export interface Slice {
  /** A local file; whoever takes the slice removes it. */
  readonly path: string;
  readonly bytes: number;
  readonly crc32: number;
  /** Those that are not blank. */
  readonly lines: number;
  readonly blankLines: number;
  /** Number of its first line in the member. */
  readonly firstLine: number;
  /** Whether any field is in quotes. */
  readonly quoted: boolean;
  /** Whether an underscore follows a digit somewhere: DuckDB reads 1_000 as a number. */
  readonly grouped: boolean;
}

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
  readonly signal?: AbortSignal;
}

/** Counts lines while they stream by: another reader than the one that lands them. */
class LineCount {
  filled = 0;
  blank = 0;
  /** Bytes of the line that has not ended. */
  #open = 0;
  #first = 0;

  add(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      this.#extend(chunk, from, at);
      this.end();
      from = at + 1;
    }
    this.#extend(chunk, from, chunk.length);
  }

  /** The last line need not end with a line feed. */
  end(): void {
    if (this.#open === 0 || (this.#open === 1 && this.#first === CARRIAGE_RETURN)) this.blank += 1;
    else this.filled += 1;
    this.#open = 0;
  }

  get isOpen(): boolean {
    return this.#open > 0;
  }

  #extend(chunk: Buffer, from: number, to: number): void {
    if (this.#open === 0 && from < to) this.#first = chunk[from] as number;
    this.#open += to - from;
  }
}

/** A slice while it is being written. */
class OpenSlice {
  bytes = 0;
  #crc32 = 0;
  #quoted = false;
  #grouped = false;
  #lastByte = 0;
  readonly #count = new LineCount();

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
    this.#count.add(chunk);
    this.#quoted ||= chunk.includes(QUOTE);
    this.#grouped ||= this.#hasGroups(chunk);
    this.#lastByte = chunk.at(-1) ?? this.#lastByte;
    this.#crc32 = crc32(chunk, this.#crc32);
    this.bytes += chunk.length;
    try {
      for (let written = 0; written < chunk.length;) {
        written += (await this.#handle.write(chunk, written)).bytesWritten;
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      throw new WatchlakeError('STORE_FULL', { key: 'a slice of a member' }, error);
    }
  }

  #hasGroups(chunk: Buffer): boolean {
    for (let at = chunk.indexOf(UNDERSCORE); at >= 0; at = chunk.indexOf(UNDERSCORE, at + 1)) {
      const before = at > 0 ? (chunk[at - 1] as number) : this.#lastByte;
      if (before >= ZERO && before <= NINE) return true;
    }
    return false;
  }

  close = (): Promise<void> => this.#handle.close();

  /** Lines so far. */
  get lines(): number {
    return this.#count.filled + this.#count.blank;
  }

  result(): Slice {
    if (this.#count.isOpen) this.#count.end();
    const { filled: lines, blank: blankLines } = this.#count;
    return {
      ...{ path: this.#path, firstLine: this.#firstLine, bytes: this.bytes },
      ...{ crc32: this.#crc32, quoted: this.#quoted, grouped: this.#grouped, lines, blankLines },
    };
  }
}

const tooLong = (file: string, line: number): WatchlakeError => {
  const detail = `the line is longer than ${LINE_BYTES} bytes`;
  return new WatchlakeError('CSV_MALFORMED', { file, line, detail });
};

type Chunks = AsyncIterator<Buffer, undefined>;

/** The first lines, and what was read beyond them. */
async function readHeader(chunks: Chunks, { file, headerLines }: SliceRequest) {
  const lines: string[] = [];
  let rest = Buffer.alloc(0);
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
      return { lines, rest: Buffer.alloc(0) };
    }
    rest = Buffer.concat([rest, next.value]);
    if (lines.length === 0 && rest.subarray(0, 3).equals(BYTE_ORDER_MARK)) rest = rest.subarray(3);
  }
  return { lines, rest };
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
      const wanted = Math.max(0, sliceBytes - slice.bytes);
      const end = wanted >= chunk.length ? -1 : chunk.indexOf(LINE_FEED, wanted);
      await slice.write(end < 0 ? chunk : chunk.subarray(0, end + 1));
      if (slice.bytes > sliceBytes + LINE_BYTES) throw tooLong(file, line + slice.lines);
      if (end < 0) {
        chunk = (await chunks.next()).value;
        continue;
      }
      await slice.close();
      const done = slice.result();
      [line, slice] = [line + done.lines + done.blankLines, undefined];
      yield done;
      chunk = end + 1 < chunk.length ? chunk.subarray(end + 1) : (await chunks.next()).value;
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

/** CSV_MALFORMED when a line is no line; whatever the stream fails with. */
export async function sliceMember(stream: Readable, request: SliceRequest): Promise<SlicedMember> {
  const chunks = (stream as AsyncIterable<Buffer>)[Symbol.asyncIterator]() as Chunks;
  const { lines, rest } = await readHeader(chunks, request);
  return { header: lines, slices: () => cut(chunks, rest, request) };
}
