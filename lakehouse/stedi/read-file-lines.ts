/** Reads the lines of one file of a source, whatever its encoding. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import type { DuckdbSession } from '../engines/duckdb-session';
import type { Source } from '../sources/source';
import { writeAsUtf8 } from '../sources/utf8';
import { SOURCE_FIELDS } from './fields';
import type { SourceFile } from './layout';
import { localFile } from './local-file';
import type { ReadLines } from './read-lines';
import { readLineByLine, readLines } from './read-lines';

const messageOf = (error: unknown): string => String((error as Error | null)?.message ?? '');

const isEncoding = (error: unknown): boolean => /unicode|utf-?8/i.test(messageOf(error));

/** What DuckDB cannot read at all is the file's fault, and does not get better by trying again. */
export function unreadable(file: string, error: unknown): unknown {
  const detail = messageOf(error);
  if (!/^(Invalid Input|CSV) Error/.test(detail)) return error;
  return new WatchlakeError(
    'JSON_LINES_UNREADABLE',
    { file, detail: detail.split('\n')[0] },
    error,
  );
}

/** Also of several files in one session. */
export async function readFileLines(
  session: DuckdbSession,
  source: Source,
  { source: name, member }: SourceFile,
  signal?: AbortSignal,
): Promise<ReadLines> {
  const path = await localFile(session, source, member.name, signal);
  const request = { path, file: member.name, fields: SOURCE_FIELDS[name], signal };
  try {
    return await readLines(session, request);
  } catch (error) {
    if (!isEncoding(error)) throw error;
    const readable = join(session.scratch, `utf8-${randomBytes(4).toString('hex')}.json`);
    await writeAsUtf8(path, readable, signal);
    return readLineByLine(session, { ...request, path: readable });
  }
}
