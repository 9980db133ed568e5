/** Writes slices as Parquet: in their types at once, or where a line is no row as texts that are judged, or line by line. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { LARGEST_VALUE } from '../../models/signal';
import type { DuckdbSession } from '../engines/duckdb-session';
import { quoted, rowsOf } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { isWithinBounds } from '../engines/parquet-statistics';
import { copyLanded, copyToParquet, rowsIn } from '../engines/parquet-sink';
import type { BulkKind, MemberOfSlice } from './bulk-kind';
import { msColumn } from './fields';
import { LineReader } from './line-facts';
import type { Reading, SliceOfMember } from './read-slice';
import { badLinesSql, goodRowsSql, typedRowsSql } from './read-slice';
import { writeWithMarks } from '../sources/stray-returns';

// A group is held in memory until it is written, beside what DuckDB counts: 60,000 rows took 60 MB more.
const ROW_GROUP_ROWS = 16_384;
// DuckDB's reader needs memory for each column, 400 MB for the 802 of ArWISE.
const WIDEST_QUICK_COLUMNS = 100;

export interface SliceToLand extends SliceOfMember, MemberOfSlice {}

export interface ReadSlices {
  readonly good: LocalFile[];
  readonly bad: LocalFile[];
  /** How many lines they are in all. */
  readonly lines: number;
}

const linesIn = (slices: readonly SliceToLand[]): number =>
  slices.reduce((sum, { slice }) => sum + slice.lines, 0);

/** The rows of all slices, in the landing table's columns. */
const writeGood = (
  session: DuckdbSession,
  kind: BulkKind,
  slices: readonly SliceToLand[],
  { folder, rowsOfSlice }: { folder: string; rowsOfSlice: (slice: SliceToLand) => string },
): Promise<LocalFile[]> =>
  copyLanded(session, {
    folder,
    rowGroupRows: ROW_GROUP_ROWS,
    select: slices.map((each) => `(${kind.rowsSql(rowsOfSlice(each), each)})`).join(' UNION ALL '),
  });

async function read(
  session: DuckdbSession,
  kind: BulkKind,
  slices: readonly SliceToLand[],
  reading: Reading,
): Promise<ReadSlices> {
  const good = await writeGood(session, kind, slices, {
    folder: `good-${reading}`,
    rowsOfSlice: (each) => goodRowsSql(each, kind.fields, reading),
  });
  const lines = rowsIn(good) / kind.rowsInLine;
  if (lines === linesIn(slices)) return { good, bad: [], lines };
  const bad = await copyToParquet(session, {
    folder: `bad-${reading}`,
    select: slices.map((each) => badLinesSql(each, kind.fields)).join(' UNION ALL '),
  });
  return { good, bad, lines: lines + rowsIn(bad) };
}

const messageOf = (error: unknown): string => String((error as Error | null)?.message);

/** DuckDB's words for a line that its reader cannot split. */
const isUnreadable = (error: unknown): boolean =>
  /^(Invalid Input|CSV) Error/.test(messageOf(error));

const isNoNumber = (error: unknown): boolean => /^Conversion Error/.test(messageOf(error));

/** What cannot be read line by line either is the files' fault, and does not get better by trying again. */
function malformed(slices: readonly SliceToLand[], detail: string, cause?: unknown) {
  const [first, ...others] = slices;
  const where = { file: first?.file, line: first?.slice.firstLine };
  const among = others.length > 0 ? ` (in this file or the ${others.length} after it)` : '';
  return new WatchlakeError('CSV_MALFORMED', { ...where, detail: `${detail}${among}` }, cause);
}

const isPlain = ({ slice, header }: SliceToLand): boolean =>
  !(slice.quoted || slice.strayReturns) &&
  slice.blankLines === 0 &&
  header.width <= WIDEST_QUICK_COLUMNS;

/** Null when the lines are not all accounted for. */
async function unlessUnreadable(
  slices: readonly SliceToLand[],
  reading: () => Promise<ReadSlices>,
): Promise<ReadSlices | null> {
  try {
    const found = await reading();
    return found.lines === linesIn(slices) ? found : null;
  } catch (error) {
    if (isUnreadable(error) || isNoNumber(error)) return null;
    throw error;
  }
}

/** Asked of the statistics: of every row it takes an eighth of the time of reading it. */
const hasPossibleNumbers = (
  session: DuckdbSession,
  { fields }: BulkKind,
  good: readonly LocalFile[],
): Promise<boolean> => {
  const numbers = fields.filter(({ type }) => type === 'number').map(({ name }) => name);
  return isWithinBounds(session, good, numbers, LARGEST_VALUE);
};

/** Null when a line is no row, and has to be found among the texts. */
async function readTyped(
  session: DuckdbSession,
  kind: BulkKind,
  slices: readonly SliceToLand[],
): Promise<ReadSlices | null> {
  const isTypable = (each: SliceToLand): boolean => isPlain(each) && !each.slice.grouped;
  const hasSeries = kind.fields.some(({ series }) => series !== undefined);
  if (hasSeries || !slices.every(isTypable)) return null;
  const found = await unlessUnreadable(slices, async () => {
    const good = await writeGood(session, kind, slices, {
      folder: 'good-typed',
      rowsOfSlice: (each) => typedRowsSql(each, kind.fields),
    });
    return { good, bad: [], lines: rowsIn(good) / kind.rowsInLine };
  });
  const isGood = found !== null && (await hasPossibleNumbers(session, kind, found.good));
  return isGood ? found : null;
}

/** Null when a line cannot be split at its commas: each has to be looked at by itself. */
const readQuickly = async (
  session: DuckdbSession,
  kind: BulkKind,
  slices: readonly SliceToLand[],
): Promise<ReadSlices | null> =>
  slices.every(isPlain)
    ? unlessUnreadable(slices, () => read(session, kind, slices, 'quick'))
    : null;

async function readExactly(
  session: DuckdbSession,
  kind: BulkKind,
  slices: readonly SliceToLand[],
): Promise<ReadSlices> {
  const readable = await Promise.all(slices.map((each) => asReadable(session, each)));
  const found = await read(session, kind, readable, 'exact').catch((error: unknown) => {
    if (!isUnreadable(error)) throw error;
    throw malformed(slices, messageOf(error).split('\n')[0] as string, error);
  });
  if (found.lines === linesIn(slices)) return found;
  throw malformed(slices, `${found.lines} of ${linesIn(slices)} lines were found again`);
}

/** Bytes that are not UTF-8 become U+FFFD, which marks their lines, and so are returns inside a line marked. */
async function asReadable<T extends SliceOfMember>(session: DuckdbSession, each: T): Promise<T> {
  const path = join(session.scratch, `${randomBytes(4).toString('hex')}.csv`);
  await writeWithMarks(each.slice.path, path);
  return { ...each, slice: { ...each.slice, path } };
}

/** What the first row behind the slice shows; null behind the last, and where the next lines are none. */
export async function lookAhead(
  session: DuckdbSession,
  { fields, looksAheadAt }: BulkKind,
  each: SliceOfMember,
): Promise<number | null> {
  const { ahead } = each.slice;
  if (looksAheadAt === undefined || ahead.length === 0) return null;
  const path = join(session.scratch, `${randomBytes(4).toString('hex')}.csv`);
  await writeFile(path, ahead, { mode: 0o600 });
  const lines = new LineReader();
  lines.add(ahead);
  const slice = { ...each.slice, ...lines.end(), path, skip: 0 };
  const rows = goodRowsSql(await asReadable(session, { ...each, slice }), fields, 'exact');
  const select = `SELECT a.${quoted(msColumn(looksAheadAt))} AS ms FROM (${rows}) a
    ORDER BY a.source_line LIMIT 1`;
  const found = await rowsOf(session, select).catch((error: unknown) => {
    // Whoever lands the next slice says what is wrong with it.
    if (isUnreadable(error)) return [];
    throw error;
  });
  return (found[0]?.ms ?? null) as number | null;
}

/** Every line becomes a row or one that is put aside; CSV_MALFORMED when that cannot be told. */
export const slicesToParquet = async (
  session: DuckdbSession,
  kind: BulkKind,
  slices: readonly SliceToLand[],
): Promise<ReadSlices> =>
  (await readTyped(session, kind, slices)) ??
  (await readQuickly(session, kind, slices)) ??
  (await readExactly(session, kind, slices));
