/** Keeps a line one line that has a carriage return inside it: DuckDB's reader would end a line there. */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { literal } from '../engines/duckdb-session';
import { decodeUtf8 } from './utf8';

// Unicode keeps it for a program's own use: no text has it.
const MARK = '\ufdd0';
const STRAY = /\r(?!\n|$)/g;

async function* markStrayReturns(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let held = '';
  for await (const text of texts) {
    const known = held + text;
    held = known.endsWith('\r') ? '\r' : '';
    // Marked before it is cut: of two returns at its end only the last one may end a line.
    yield known.replace(STRAY, MARK).slice(0, known.length - held.length);
  }
  yield held;
}

/** Of marked texts: whatever return is left stands before a line feed, or ends the file. */
async function* withoutReturns(marked: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of marked) yield text.replaceAll('\r', '');
}

/**
 * The file again as UTF-8, with a mark for each return that is not at the end of its line. Lines end by line feeds
 * alone: where ends are mixed, DuckDB's reader takes some of them twice.
 */
export const writeWithMarks = (from: string, to: string, signal?: AbortSignal): Promise<void> =>
  pipeline(
    createReadStream(from),
    decodeUtf8,
    markStrayReturns,
    withoutReturns,
    createWriteStream(to),
    { signal },
  );

export const hasMarkSql = (line: string): string => `contains(${line}, ${literal(MARK)})`;

/** The line as it stood in the file. */
export const withoutMarksSql = (line: string): string =>
  `replace(${line}, ${literal(MARK)}, chr(13))`;
