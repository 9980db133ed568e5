/** Lands slices of members: their rows in one Parquet file, and apart from them the lines that are none. */
import { WatchlakeError } from '../../core/errors';
import type { DuckdbOptions, DuckdbSession } from '../engines/duckdb-session';
import { numberOf, quoted, rowsOf, withDuckdb } from '../engines/duckdb-session';
import type { LocalFile } from '../engines/parquet-sink';
import { adoptFiles, parquetSql, rowsIn } from '../engines/parquet-sink';
import type { Lake } from '../lake';
import type { DataFile } from '../manifest';
import type { Problem } from '../quarantine';
import { byRecording, describeProblem } from '../quarantine';
import type { BulkKind, RowFacts } from './bulk-kind';
import type { ReadSlices, SliceToLand } from './slices-to-parquet';
import { lookAhead, slicesToParquet } from './slices-to-parquet';

// Lines are numbered in their order, by one thread; slices of several members land side by side.
const DUCKDB: DuckdbOptions = { memoryLimit: '160MB', threads: 1 };
const FIRST_PROBLEMS = 3;
// The distance between samples is that of the first ones.
const PERIOD_LINES = 1000;
const MAXIMUM_LABELS = 1000;

/** A slice before anybody has looked behind it. */
export type SliceOfPart = Omit<SliceToLand, 'nextMs'>;

/** What a slice says of one member. */
export interface LandedRows {
  readonly recording: string;
  readonly rows: number;
  readonly quarantined: Readonly<Record<string, number>>;
  readonly periodMs: number | null;
  readonly labels: readonly string[];
}

export interface LandedSlice {
  readonly files: readonly DataFile[];
  readonly quarantineFiles: readonly DataFile[];
  readonly firstProblems: readonly string[];
  readonly members: readonly LandedRows[];
  /** Of the only member, for its next slice: the last row, and the last one that holds. */
  readonly last: RowFacts | null;
  readonly held?: RowFacts | null;
}

/** Rows, labels and the distance between the first samples, by recording. */
async function describeRows(session: DuckdbSession, kind: BulkKind, good: readonly LocalFile[]) {
  const from = parquetSql(good);
  const label = quoted(kind.labelColumn);
  const rows = await rowsOf(
    session,
    `SELECT r.recording, count(*) AS n,
        coalesce(list_sort(list(DISTINCT r.${label}) FILTER (r.${label} IS NOT NULL)), []) AS labels
      FROM ${from} r GROUP BY 1`,
  );
  const periods = await rowsOf(
    session,
    `SELECT d.recording, median(d.period) AS period FROM (
        SELECT r.recording,
          r.time_ms - lag(r.time_ms) OVER (PARTITION BY r.recording ORDER BY r.time_ms) AS period
        FROM ${from} r WHERE r.source_line <= ${PERIOD_LINES}
      ) d WHERE d.period > 0 GROUP BY 1`,
  );
  const periodOf = new Map(periods.map((row) => [row.recording, Number(row.period)]));
  return new Map(
    rows.map(({ recording, n, labels }) => [
      recording as string,
      { rows: Number(n), labels: labels as string[], periodMs: periodOf.get(recording) ?? null },
    ]),
  );
}

async function describeProblems(
  session: DuckdbSession,
  slices: readonly SliceToLand[],
  bad: readonly LocalFile[],
) {
  const byFile = new Map<string, Record<string, number>>();
  if (rowsIn(bad) === 0) return { byFile, firstProblems: [] };
  const from = parquetSql(bad);
  const counts = await rowsOf(
    session,
    `SELECT source_file AS file, reason, count(*) AS n FROM ${from} GROUP BY ALL ORDER BY ALL`,
  );
  for (const { file, reason, n } of counts) {
    const known = byFile.get(file as string) ?? {};
    byFile.set(file as string, { ...known, [reason as string]: Number(n) });
  }
  const first = await rowsOf(
    session,
    `SELECT source_file AS file, source_line AS line, reason, detail FROM ${from}
      ORDER BY source_file, source_line LIMIT ${FIRST_PROBLEMS}`,
  );
  // Files of these formats are named after the person.
  const recordings = new Map(slices.map(({ file, entry }) => [file, entry.recording]));
  const firstProblems = (first as unknown as Problem[]).map((problem) => {
    const file = byRecording(recordings.get(problem.file) ?? '');
    return describeProblem({ ...problem, file });
  });
  return { byFile, firstProblems };
}

/** The last row, of those that the condition holds of. */
async function lastRow(
  session: DuckdbSession,
  { lastBy = 'source_line' }: BulkKind,
  good: readonly LocalFile[],
  condition = 'true',
): Promise<RowFacts | null> {
  const from = parquetSql(good);
  const last = `SELECT max(${lastBy}) FROM ${from} WHERE ${condition}`;
  // As a number of its own it leaves all row groups but the last one unread.
  const [row] = await rowsOf(
    session,
    `SELECT * FROM ${from} WHERE ${lastBy} = ${await numberOf(session, last)}
      ORDER BY time_ms DESC LIMIT 1`,
  );
  return (row ?? null) as RowFacts | null;
}

/** What the next slice of the member has to know. */
async function lastKnown(
  session: DuckdbSession,
  kind: BulkKind,
  { before, held }: SliceToLand,
  good: readonly LocalFile[],
): Promise<Pick<LandedSlice, 'last' | 'held'>> {
  const { holdsSql } = kind;
  const last = (await lastRow(session, kind, good)) ?? before;
  if (holdsSql === undefined) return { last };
  return { last, held: (await lastRow(session, kind, good, holdsSql)) ?? held };
}

async function describe(
  session: DuckdbSession,
  kind: BulkKind,
  slices: readonly SliceToLand[],
  { good, bad }: ReadSlices,
): Promise<Pick<LandedSlice, 'firstProblems' | 'members' | 'last' | 'held'>> {
  const rows = await describeRows(session, kind, good);
  const { byFile, firstProblems } = await describeProblems(session, slices, bad);
  const nothing = { rows: 0, labels: [], periodMs: null };
  const members = slices.map(({ entry, file }) => ({
    recording: entry.recording,
    quarantined: byFile.get(file) ?? {},
    ...(rows.get(entry.recording) ?? nothing),
  }));
  const many = members.find(({ labels }) => labels.length > MAXIMUM_LABELS);
  if (many !== undefined) {
    const detail = `there are more than ${MAXIMUM_LABELS} different labels`;
    throw new WatchlakeError('CSV_MALFORMED', { file: slices[0]?.file, line: 1, detail });
  }
  const [only, ...others] = slices;
  const isOnly = only !== undefined && others.length === 0;
  const known = isOnly ? await lastKnown(session, kind, only, good) : { last: null };
  return { firstProblems, members, ...known };
}

/** Files of the lake under the prefix; the slices' own local files stay. */
export async function landSlices(
  lake: Lake,
  kind: BulkKind,
  slices: readonly SliceOfPart[],
  { prefix, signal }: { prefix: string; signal?: AbortSignal },
): Promise<LandedSlice> {
  const { store } = lake;
  return withDuckdb({ store, options: DUCKDB, signal }, async (session) => {
    const toLand: SliceToLand[] = [];
    for (const each of slices) {
      toLand.push({ ...each, nextMs: await lookAhead(session, kind, each) });
    }
    const found = await slicesToParquet(session, kind, toLand);
    const told = await describe(session, kind, toLand, found);
    const adopt = (files: LocalFile[], folder: string) =>
      rowsIn(files) > 0 ? adoptFiles(store, files, `${prefix}${folder}/`) : [];
    return {
      ...told,
      files: await adopt(found.good, 'data'),
      quarantineFiles: await adopt(found.bad, 'quarantine'),
    };
  });
}
