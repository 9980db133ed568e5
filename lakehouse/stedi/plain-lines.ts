/** Looks at each line of a file as it streams by: one that matches is an object of the declared fields beyond doubt. */
import { open } from 'node:fs/promises';
import type { Field } from './fields';

const BUFFER_BYTES = 1024 * 1024;
// V8 moves longer texts about less cheaply.
const TEXT_BYTES = 64 * 1024;
const LINE_FEED = 10;
const TOO_LONG = '\n';

// RFC 8259. Text with escapes, or that begins with a space, is looked at more closely elsewhere; so are the end
// of Unicode, where the mark of a broken character is (its bytes begin with EF), an epoch with a fraction, and one
// before 1973 or after 2286.
const VALUE: Record<Field['type'], string> = {
  text: String.raw`"[^"\\\x00-\x20\xef][^"\\\x00-\x1f\xef]*"`,
  // Twelve or thirteen digits; a pattern that is spelled out runs faster than one that counts.
  epoch: `[1-9]${'[0-9]'.repeat(11)}[0-9]?`,
  number: String.raw`-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?`,
};

/** Fields in the order of the first line; null where that is not of exactly these. */
function inOrderOf(line: string, fields: readonly Field[]): Field[] | null {
  try {
    const keys = Object.keys(JSON.parse(line) as object);
    const found = keys.flatMap((key) => fields.find(({ name }) => name === key) ?? []);
    return keys.length === fields.length && found.length === fields.length ? found : null;
  } catch {
    return null;
  }
}

/** A line with its end, at the place where the last one ended; with blanks after commas and colons, or without any. */
function patternOf(firstLine: string, fields: readonly Field[]): RegExp | null {
  const ordered = inOrderOf(firstLine, fields);
  if (ordered === null) return null;
  const blank = firstLine.includes('": ') ? ' ' : '';
  const pairs = ordered.map(({ name, type }) => `"${name}":${blank}${VALUE[type]}`);
  return new RegExp(String.raw`\{${pairs.join(`,${blank}`)}\}\r?\n`, 'y');
}

/** Whole lines of a buffer as texts, each byte a character: of bytes beyond ASCII it matters only that they are no quote. */
function* textsOf(buffer: Buffer): Generator<string> {
  for (let from = 0; from < buffer.length;) {
    const last = buffer.lastIndexOf(LINE_FEED, from + TEXT_BYTES);
    const end = last >= from ? last + 1 : buffer.length;
    yield buffer.toString('latin1', from, end);
    from = end;
  }
}

async function* wholeLines(path: string, signal?: AbortSignal): AsyncGenerator<string> {
  const file = await open(path);
  try {
    const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
    for (let filled = 0; ;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(buffer, filled, BUFFER_BYTES - filled);
      const length = filled + bytesRead;
      // The last line need not end with a line feed.
      if (bytesRead === 0) {
        if (length > 0) yield `${buffer.toString('latin1', 0, length)}\n`;
        return;
      }
      const end = buffer.subarray(0, length).lastIndexOf(LINE_FEED) + 1;
      yield* textsOf(buffer.subarray(0, end));
      // A line that fills the buffer is none of the few fields of a plain one.
      if (end === 0 && length === BUFFER_BYTES) yield TOO_LONG;
      buffer.copyWithin(0, end, length);
      filled = length - end;
    }
  } finally {
    await file.close();
  }
}

/** How many lines there are, if each is plain and no field may be absent; else null, as soon as that is known. */
export async function countPlainLines(
  path: string,
  fields: readonly Field[],
  signal?: AbortSignal,
): Promise<number | null> {
  if (fields.some(({ required }) => !required)) return null;
  let lines = 0;
  let pattern: RegExp | null = null;
  for await (const text of wholeLines(path, signal)) {
    pattern ??= patternOf(text.slice(0, text.indexOf('\n')), fields);
    if (pattern === null) return null;
    pattern.lastIndex = 0;
    for (; pattern.lastIndex < text.length; lines += 1) if (!pattern.test(text)) return null;
  }
  return lines;
}
