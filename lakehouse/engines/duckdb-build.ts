/** Runs the SELECT of one declared table in DuckDB, and accounts for every row of its input. */
import type { BuildOutcome, BuildRequest, Store } from '../ports';
import type { Problem } from '../quarantine';
import { describeProblem } from '../quarantine';
import type { RowWiseTransform, SetTransform, SqlTable } from '../tables';
import type { DuckdbSession } from './duckdb-session';
import { createViews, literal, numberOf, quoted, rowsOf, sqlType } from './duckdb-session';
import type { LocalFile } from './parquet-sink';
import { adoptFiles, copyToParquet, rowsIn } from './parquet-sink';

const FIRST_PROBLEMS = 3;

interface Built {
  files: LocalFile[];
  quarantine: LocalFile[];
  inputRows: number;
  usedRows: number;
  quarantined: Record<string, number>;
  dropped: Record<string, number>;
  firstProblems: string[];
}

/** Exactly the declared columns, in the declared types and order. */
function sinkSelect({ columns, orderBy }: SqlTable, from: string, where = ''): string {
  const casts = columns.map(
    (each) => `CAST(made.${quoted(each.name)} AS ${sqlType(each)}) AS ${quoted(each.name)}`,
  );
  const order = orderBy.length > 0 ? ` ORDER BY ${orderBy.map(quoted).join(', ')}` : '';
  return `SELECT ${casts.join(', ')} FROM (${from}) made ${where}${order}`;
}

async function countsOf(session: DuckdbSession, sql: string): Promise<Record<string, number>> {
  const rows = await rowsOf(session, sql);
  return Object.fromEntries(rows.map(({ reason, n }) => [reason as string, Number(n)]));
}

const drivingRows = (session: DuckdbSession, table: SqlTable): Promise<number> =>
  numberOf(session, `SELECT count(*) FROM ${quoted(table.inputs[0] as string)}`);

async function writeQuarantine(session: DuckdbSession, table: SqlTable): Promise<LocalFile[]> {
  const input = quoted(table.inputs[0] as string);
  const files = await copyToParquet(session, {
    folder: 'quarantine',
    // The rejected rows are few: joining them with their input costs less than carrying its text.
    select: `SELECT r._quarantine AS reason, r._detail AS detail, r.source_file, r.source_line,
        CAST(to_json(i) AS VARCHAR) AS raw
      FROM rejected r
      JOIN ${input} i ON i.source_file = r.source_file AND i.source_line = r.source_line
      WHERE r._quarantine IS NOT NULL ORDER BY r.source_file, r.source_line`,
  });
  return rowsIn(files) === 0 ? [] : files;
}

/** The rows that did not make it: counted by reason, the quarantined ones kept with their origin. */
async function sortOut(session: DuckdbSession, table: SqlTable) {
  await session.connection.run(`CREATE TEMP TABLE rejected AS
    SELECT made._quarantine, made._detail, made._drop, made.source_file, made.source_line
    FROM (${table.transform.sql}) made
    WHERE made._quarantine IS NOT NULL OR made._drop IS NOT NULL`);
  const problems = await rowsOf(
    session,
    `SELECT source_file AS file, source_line AS line, _quarantine AS reason, _detail AS detail
      FROM rejected WHERE _quarantine IS NOT NULL
      ORDER BY source_file, source_line LIMIT ${FIRST_PROBLEMS}`,
  );
  return {
    quarantine: await writeQuarantine(session, table),
    quarantined: await countsOf(
      session,
      `SELECT _quarantine AS reason, count(*) AS n FROM rejected
        WHERE _quarantine IS NOT NULL GROUP BY 1 ORDER BY 1`,
    ),
    dropped: await countsOf(
      session,
      `SELECT _drop AS reason, count(*) AS n FROM rejected
        WHERE _quarantine IS NULL GROUP BY 1 ORDER BY 1`,
    ),
    firstProblems: problems.map((row) => describeProblem(row as unknown as Problem)),
  };
}

async function buildRowWise(
  session: DuckdbSession,
  table: SqlTable,
  transform: RowWiseTransform,
): Promise<Built> {
  const files = await copyToParquet(session, {
    folder: 'rows',
    select: sinkSelect(
      table,
      transform.sql,
      'WHERE made._quarantine IS NULL AND made._drop IS NULL',
    ),
    partitions: table.partitions,
  });
  const usedRows = rowsIn(files);
  const made = { files, usedRows, inputRows: await drivingRows(session, table) };
  // Nothing is missing in the usual case, and then the SELECT need not run again.
  return usedRows === made.inputRows
    ? { ...made, quarantine: [], quarantined: {}, dropped: {}, firstProblems: [] }
    : { ...made, ...(await sortOut(session, table)) };
}

async function buildSet(
  session: DuckdbSession,
  table: SqlTable,
  transform: SetTransform,
): Promise<Built> {
  const files = await copyToParquet(session, {
    folder: 'rows',
    select: sinkSelect(table, transform.sql),
    partitions: table.partitions,
  });
  const written = files.map(({ path }) => literal(path)).join(', ');
  const rows = files.length > 0 ? `read_parquet([${written}])` : `(${transform.sql})`;
  await session.connection.run(`CREATE VIEW ${quoted(table.name)} AS SELECT * FROM ${rows}`);
  const balance = (await rowsOf(session, transform.balanceSql)).map((row) => ({
    reason: row.reason as string | null,
    n: Number(row.driving_rows),
  }));
  return {
    files,
    inputRows: await drivingRows(session, table),
    usedRows: balance.reduce((sum, { reason, n }) => sum + (reason === null ? n : 0), 0),
    quarantine: [],
    quarantined: {},
    dropped: Object.fromEntries(
      balance.flatMap(({ reason, n }) => (reason === null ? [] : [[reason, n]])),
    ),
    firstProblems: [],
  };
}

/** Views of the inputs, the files, and their move into the store under the snapshot's prefix. */
export async function buildInSession(
  session: DuckdbSession,
  store: Store,
  { table, inputs, prefix }: BuildRequest,
): Promise<BuildOutcome> {
  await createViews(session, store, inputs);
  const { transform } = table;
  const { files, quarantine, ...counts } =
    transform.type === 'row-wise'
      ? await buildRowWise(session, table, transform)
      : await buildSet(session, table, transform);
  return {
    ...counts,
    rows: rowsIn(files),
    files: await adoptFiles(store, files, `${prefix}data/`),
    quarantineFiles: await adoptFiles(store, quarantine, `${prefix}quarantine/`),
  };
}
