/** Lands one file of a source: its lines in their types, and apart from them those that do not fit. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { quoted, rowsOf, withDuckdb } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { adoptFiles, copyLanded, parquetSql, rowsIn } from '../engines/parquet-sink';
import type { Lake } from '../lake';
import type { Problem } from '../quarantine';
import { describeProblem } from '../quarantine';
import type { Source } from '../sources/source';
import { WITHDRAWN } from '../suppression';
import type { SourceName } from './fields';
import { normalSql } from './fields';
import type { Landed } from './landing-facts';
import { landingColumns } from './landing-tables';
import type { SourceFile } from './layout';
import { readFileLines, unreadable } from './read-file-lines';
import type { ReadLines } from './read-lines';
import { SUBJECTS, addSubjects } from './subject-keys';
import type { Others, Withdrawals } from './withdrawn';
import { otherLinesThan, othersThan } from './withdrawn';

const FIRST_PROBLEMS = 3;

export interface LandingContext {
  readonly withdrawals: Withdrawals;
  readonly keyOf: (email: string) => string;
  /** Key prefix under which the files come to lie. */
  readonly prefix: string;
  readonly signal?: AbortSignal;
}

/** Writes the file again without the rows of those who are left out. */
async function keepOnly(
  session: DuckdbSession,
  files: LocalFile[],
  folder: string,
  others: Others | null,
): Promise<LocalFile[]> {
  if (others === null) return files;
  return copyLanded(session, {
    folder,
    select: `SELECT r.* FROM ${parquetSql(files)} r WHERE ${others.condition}`,
  });
}

/** The landing table's columns in their order; customers get their pseudonym here. */
async function finish(
  session: DuckdbSession,
  source: SourceName,
  good: LocalFile[],
  keyOf: LandingContext['keyOf'],
): Promise<LocalFile[]> {
  if (source !== 'customer') return good;
  await addSubjects(session, good, keyOf);
  const columns = landingColumns(source).map(({ name }) =>
    name === 'subject_key' ? 's.subject_key' : `r.${quoted(name)}`,
  );
  return copyLanded(session, {
    folder: 'rows',
    select: `SELECT ${columns.join(', ')} FROM ${parquetSql(good)} r
      JOIN ${SUBJECTS} s ON s.email = ${normalSql('r.email')} ORDER BY r.source_line`,
  });
}

/** Of files with the columns of a quarantine: how many lines by reason, and the first ones. */
export async function problemsIn(session: DuckdbSession, bad: readonly LocalFile[]) {
  if (bad.length === 0) return { quarantined: {}, firstProblems: [] };
  const from = parquetSql(bad);
  const counts = await rowsOf(
    session,
    `SELECT reason, count(*) AS n FROM ${from} GROUP BY 1 ORDER BY 1`,
  );
  const first = await rowsOf(
    session,
    `SELECT source_file AS file, source_line AS line, reason, detail FROM ${from}
      ORDER BY source_file, source_line LIMIT ${FIRST_PROBLEMS}`,
  );
  return {
    quarantined: Object.fromEntries(counts.map(({ reason, n }) => [reason as string, Number(n)])),
    firstProblems: first.map((row) => describeProblem(row as unknown as Problem)),
  };
}

const keysOf = (left: readonly (Others | null)[]): string[] =>
  [...new Set(left.flatMap((others) => others?.keys ?? []))].sort();

/** From judged lines to objects of the lake. */
export async function settle(
  lake: Lake,
  session: DuckdbSession,
  source: SourceName,
  { good, bad, lines }: ReadLines,
  { withdrawals, keyOf, prefix }: LandingContext,
): Promise<Landed> {
  const others = await othersThan(session, source, good, withdrawals);
  const kept = await keepOnly(session, good, 'kept', others);
  const otherLines = await otherLinesThan(session, source, bad, withdrawals);
  const problems = await keepOnly(session, bad, 'kept-problems', otherLines);
  const rows = await finish(session, source, kept, keyOf);
  const withdrawn = rowsIn(good) + rowsIn(bad) - rowsIn(kept) - rowsIn(problems);
  return {
    lines,
    rows: rowsIn(rows),
    ...(await problemsIn(session, problems)),
    ...(withdrawn > 0
      ? { dropped: { [WITHDRAWN]: withdrawn }, withdrawn: keysOf([others, otherLines]) }
      : { dropped: {} }),
    files: rowsIn(rows) > 0 ? await adoptFiles(lake.store, rows, `${prefix}data/`) : [],
    quarantineFiles:
      rowsIn(problems) > 0 ? await adoptFiles(lake.store, problems, `${prefix}quarantine/`) : [],
  };
}

export async function landFile(
  lake: Lake,
  source: Source,
  file: SourceFile,
  context: LandingContext,
): Promise<Landed> {
  const { store, duckdb } = lake;
  const { signal } = context;
  // Lines are numbered in their order, by one thread; files are landed side by side instead.
  const options = { ...duckdb, threads: 1 };
  try {
    return await withDuckdb({ store, options, signal }, async (session) => {
      const read = await readFileLines(session, source, file, signal).finally(() =>
        // A local file is read where it lies, with nobody to compare its checksum.
        source.checkUnchanged?.(file.member.name),
      );
      return settle(lake, session, file.source, read, context);
    });
  } catch (error) {
    throw unreadable(file.member.name, error);
  }
}
