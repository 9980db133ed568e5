/** Reads a file of events line by line, each with its place, in memory that the file's size does not matter to. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { normaliseEvent } from '../../telemetry/normalise';

export interface Line {
  /** Without its line break; empty when the line is longer than any that a server takes. */
  readonly bytes: Buffer;
  /** Offset of the byte behind the line and its break. */
  readonly end: number;
}

export interface Range {
  readonly start?: number;
  /** Exclusive. */
  readonly end?: number;
}

const NEWLINE = 0x0a;
/** A longer line is handed out empty: no server takes it, and it must not fill the memory. */
const LINE_BYTES = 4 * 2 ** 20;
const CHUNK_BYTES = 256 * 2 ** 10;

const isBlank = (line: Buffer): boolean => line.every((byte) => byte <= 0x20);

/** Blank lines are left out. */
export async function* linesOf(path: string, { start = 0, end }: Range = {}): AsyncGenerator<Line> {
  if (end !== undefined && end <= start) return;
  const last = end === undefined ? {} : { end: end - 1 };
  const chunks = createReadStream(path, { start, ...last, highWaterMark: CHUNK_BYTES });
  let rest: Buffer[] = [];
  let [restBytes, position] = [0, start];
  const take = (tail: Buffer, breakBytes: number): Line | null => {
    position += restBytes + tail.length + breakBytes;
    const isLong = restBytes + tail.length > LINE_BYTES;
    const bytes = isLong
      ? Buffer.alloc(0)
      : rest.length > 0
        ? Buffer.concat([...rest, tail])
        : tail;
    rest = [];
    restBytes = 0;
    return isLong || !isBlank(bytes) ? { bytes, end: position } : null;
  };
  for await (const chunk of chunks as AsyncIterable<Buffer>) {
    let from = 0;
    for (let to = chunk.indexOf(NEWLINE); to >= 0; to = chunk.indexOf(NEWLINE, from)) {
      const line = take(chunk.subarray(from, to), 1);
      if (line) yield line;
      from = to + 1;
    }
    const tail = chunk.subarray(from);
    restBytes += tail.length;
    if (restBytes <= LINE_BYTES) rest.push(tail);
    else rest = [];
  }
  const line = restBytes > 0 ? take(Buffer.alloc(0), 0) : null;
  if (line) yield line;
}

export interface Reading {
  /** Null when the line is no event. */
  readonly deviceId: string | null;
  readonly timestampMs: number | null;
}

const NO_EVENT: Reading = { deviceId: null, timestampMs: null };

/** Only what decides where a line goes and when: whether it is an event, the server says. */
export function readingOf({ bytes }: Line): Reading {
  try {
    const normalised = normaliseEvent(JSON.parse(bytes.toString()));
    if (!normalised.ok) return NO_EVENT;
    const { deviceId, timestampMs } = normalised.event;
    return { deviceId, timestampMs };
  } catch {
    return NO_EVENT;
  }
}

/** Where a device's events lie in the file. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

export interface Survey {
  /** Of the lines and their places: what is resumed must be the same file. */
  readonly sha256: string;
  readonly lines: number;
  readonly bytes: number;
  /** The earliest moment; null without a timed line, or when it was not asked for. */
  readonly earliestMs: number | null;
  /** Lines whose time lies far before one that came earlier in the file. */
  readonly backwards: number;
  readonly places: ReadonlyMap<string, Place>;
}

/** A late event now and then is no other order. */
const FAR_BACK_MS = 60 * 60_000;

/** Reads the file once; times and places only when they are wanted, as they cost the parsing of every line. */
export async function survey(
  path: string,
  { timed, onBytes }: { timed: boolean; onBytes?: (bytes: number) => void },
): Promise<Survey> {
  const hash = createHash('sha256');
  const places = new Map<string, { start: number; end: number }>();
  let [lines, start, latestMs, backwards] = [0, 0, -Infinity, 0];
  let earliestMs: number | null = null;
  for await (const line of linesOf(path)) {
    hash.update(line.bytes).update(`\n${line.end}\n`);
    lines += 1;
    if (timed) {
      const { deviceId, timestampMs } = readingOf(line);
      if (deviceId !== null && timestampMs !== null) {
        const place = places.get(deviceId) ?? { start, end: line.end };
        places.set(deviceId, { start: place.start, end: line.end });
        earliestMs = Math.min(earliestMs ?? Infinity, timestampMs);
        if (timestampMs < latestMs - FAR_BACK_MS) backwards += 1;
        latestMs = Math.max(latestMs, timestampMs);
      }
    }
    start = line.end;
    onBytes?.(start);
  }
  return { sha256: hash.digest('hex'), lines, bytes: start, earliestMs, backwards, places };
}
