/** Reads JSON lines into Parquet: in their types where every line is plain, by field where all are good, else line by line. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckdbSession } from '../engines/duckdb-session';
import { literal, quoted } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { copyLanded, copyToParquet, parquetSql, rowsIn } from '../engines/parquet-sink';
import type { Field } from './fields';
import { countLines, countLinesByReturns } from './count-lines';
import { countPlainLines } from './plain-lines';
import {
  fieldsOfLinesSql,
  isFilledSql,
  linesSql,
  plainValueSql,
  plainlyGoodSql,
  problemSql,
  strictObjectsSql,
  typedGoodSql,
  typedObjectsSql,
  valueSql,
} from './json-lines';
import { withoutMarksSql, writeWithMarks } from '../sources/stray-returns';

export interface ReadRequest {
  readonly path: string;
  /** As the column source_file names it. */
  readonly file: string;
  readonly fields: readonly Field[];
  readonly signal?: AbortSignal;
}

export interface Judged {
  readonly good: LocalFile[];
  /** With the columns of a quarantine; empty when every line is good. */
  readonly bad: LocalFile[];
}

const valuesOf = (fields: readonly Field[]): string =>
  fields.map((each) => `${valueSql(each)} AS ${quoted(each.name)}`).join(',\n    ');

/**
 * The objects that are good, with their lines. What is numbered is done by one thread: whatever costs time is done
 * below it, by all of them.
 */
const numberedObjects = (
  session: DuckdbSession,
  { file, fields }: ReadRequest,
  { folder, objects }: { folder: string; objects: string },
) => {
  const names = fields.map(({ name }) => `n.${quoted(name)}`);
  return copyLanded(session, {
    folder: `${folder}-${randomBytes(4).toString('hex')}`,
    select: `SELECT ${names.join(', ')}, ${literal(file)} AS source_file, n.source_line
      FROM (SELECT v.*, row_number() OVER () AS source_line FROM (${objects}) v) n WHERE n._is_good`,
  });
};

/** Of a file whose lines are all plain: they are of their types, and what is left to ask is where values lie. */
const plainObjects = (session: DuckdbSession, request: ReadRequest) => {
  const { path, fields } = request;
  const objects = `SELECT j.*, (${typedGoodSql(fields)}) AS _is_good FROM ${typedObjectsSql(path, fields)} j`;
  return numberedObjects(session, request, { folder: 'plain', objects });
};

const isRefusal = (error: unknown): boolean =>
  String((error as Error | null)?.message).startsWith('Invalid Input Error');

/** Null when the reader refuses the file: which of its lines are at fault has to be found line by line. */
const goodObjects = async (session: DuckdbSession, request: ReadRequest) => {
  const { path, fields } = request;
  const values = fields.map((each) => `${plainValueSql(each)} AS ${quoted(each.name)}`);
  const objects = `SELECT ${values.join(', ')}, (${plainlyGoodSql(fields)}) AS _is_good
    FROM ${strictObjectsSql(path, fields)} j`;
  try {
    return await numberedObjects(session, request, { folder: 'objects', objects });
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
};

/** `numbered`: a relation with source_file, source_line and line. */
export async function judgeLines(
  session: DuckdbSession,
  numbered: string,
  fields: readonly Field[],
): Promise<Judged> {
  const names = fields.map(({ name }) => quoted(name)).join(', ');
  // Lines that could not be read at first are judged a second time in the same session.
  const run = randomBytes(4).toString('hex');
  const judged = await copyToParquet(session, {
    folder: `judged-${run}`,
    select: `SELECT ${valuesOf(fields)}, j.source_file, j.source_line, j.line,
        coalesce(j.line_problem, ${problemSql(fields)}) AS problem
      FROM (${fieldsOfLinesSql(numbered, fields)}) j`,
  });
  const from = parquetSql(judged);
  const good = await copyLanded(session, {
    folder: `good-${run}`,
    select: `SELECT ${names}, source_file, source_line FROM ${from} WHERE problem IS NULL`,
  });
  const bad = await copyToParquet(session, {
    folder: `bad-${run}`,
    select: `SELECT split_part(problem, ':', 1) AS reason,
        nullif(split_part(problem, ':', 2), '') AS detail, source_file, source_line, line AS raw
      FROM ${from} WHERE problem IS NOT NULL`,
  });
  return { good, bad: rowsIn(bad) > 0 ? bad : [] };
}

export interface ReadLines extends Judged {
  /** How many are not blank. */
  readonly lines: number;
}

interface WholeLines {
  /** How many are not blank. */
  readonly filled: number;
  /** A file whose lines DuckDB's reader takes as they are. */
  readonly path: string;
  readonly lineSql: string;
}

async function wholeLines(
  { scratch }: DuckdbSession,
  { path, signal }: ReadRequest,
): Promise<WholeLines> {
  const asTheyAre = { path, lineSql: 'r.line' };
  const { filled, ends } = await countLines(path, { signal });
  if (ends === 'alike') return { ...asTheyAre, filled };
  if (ends === 'returns')
    return { ...asTheyAre, filled: (await countLinesByReturns(path, signal)).filled };
  const marked = join(scratch, `marked-${randomBytes(4).toString('hex')}.json`);
  await writeWithMarks(path, marked, signal);
  return { path: marked, lineSql: withoutMarksSql('r.line'), filled };
}

/** Slower, and exact about every line. */
export async function readLineByLine(
  session: DuckdbSession,
  request: ReadRequest,
): Promise<ReadLines> {
  const { path, lineSql, filled: lines } = await wholeLines(session, request);
  const numbered = `SELECT ${literal(request.file)} AS source_file, l.source_line, l.line
    FROM (SELECT row_number() OVER () AS source_line, ${lineSql} AS line FROM ${linesSql(path)} r) l
    WHERE ${isFilledSql('l.line')}`;
  return { ...(await judgeLines(session, numbered, request.fields)), lines };
}

/** Null when a line has to be looked at more closely. */
async function readPlainLines(
  session: DuckdbSession,
  request: ReadRequest,
): Promise<ReadLines | null> {
  const lines = await countPlainLines(request.path, request.fields, request.signal);
  if (lines === null) return null;
  const good = await plainObjects(session, request);
  if (rowsIn(good) === lines) return { good, bad: [], lines };
  for (const { path } of good) await rm(path);
  return null;
}

export async function readLines(session: DuckdbSession, request: ReadRequest): Promise<ReadLines> {
  const plain = await readPlainLines(session, request);
  if (plain !== null) return plain;
  const lines = await countLines(request.path, request);
  const good = await goodObjects(session, request);
  const isAll = good !== null && rowsIn(good) === lines.filled && lines.filled === lines.all;
  return isAll ? { good, bad: [], lines: lines.filled } : readLineByLine(session, request);
}
