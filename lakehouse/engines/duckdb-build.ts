/** Runs the SELECT of one declared table in DuckDB, and accounts for every row of its input. */
import type { BuildOutcome, BuildRequest, Store } from '../ports';
import type { Problem } from '../quarantine';
import { describeProblem, firstProblemsSql, quarantineSql } from '../quarantine';
import type { RowWiseTransform, SetTransform, SqlTable } from '../tables';
import { fatesSelect } from '../tables';
import type { DuckdbSession } from './duckdb-session';
import { createViews, numberOf, quoted, rowsOf, sqlType } from './duckdb-session';
import type { LocalFile } from './parquet-sink';
import { adoptFiles, copyToParquet, parquetSql, rowsIn } from './parquet-sink';

const ROWS_KEPT_IN_MEMORY = 250_000;

type Building = Pick<BuildRequest, 'table' | 'inputs'>;

interface Built {
  files: LocalFile[];
  quarantine: LocalFile[];
  inputRows: number;
  usedRows: number;
  quarantined: Record<string, number>;
  dropped: Record<string, number>;
  noted?: Record<string, number>;
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

const drivingRows = (session: DuckdbSession, table: SqlTable): Promise<number> =>
  numberOf(session, `SELECT count(*) FROM ${quoted(table.inputs[0] as string)}`);

const rowAsJson = (alias: string): string => `CAST(to_json(${alias}) AS VARCHAR)`;

async function writeQuarantine(
  session: DuckdbSession,
  table: SqlTable,
  transform: RowWiseTransform,
): Promise<LocalFile[]> {
  const input = quoted(table.inputs[0] as string);
  const select = quarantineSql(input, transform, rowAsJson);
  const files = await copyToParquet(session, { folder: 'quarantine', select });
  return rowsIn(files) === 0 ? [] : files;
}

interface Fates {
  readonly quarantined: Record<string, number>;
  readonly dropped: Record<string, number>;
  readonly noted: Record<string, number>;
}

/** What became of the rows that are not simply used: one row a reason, and of the rejected ones each with its origin. */
async function decideFates(session: DuckdbSession, transform: RowWiseTransform): Promise<void> {
  const { fatesSql, notes } = transform;
  const fates = ['made._quarantine', 'made._drop', ...(notes ? ['made._note'] : [])];
  const told = ['_detail', 'source_file', 'source_line', ...(fatesSql ? ['_raw'] : [])];
  const origin = told.map(
    (name) => `CASE WHEN made._quarantine IS NOT NULL THEN made.${name} END AS ${name}`,
  );
  await session.connection.run(`CREATE TEMP TABLE _fates AS
    SELECT made._quarantine, made._drop, ${notes ? 'made._note' : 'NULL'} AS _note,
      ${origin.join(', ')}, count(*) AS n
    FROM (${fatesSelect(transform, rowAsJson)}) made
    WHERE ${fates.map((name) => `${name} IS NOT NULL`).join(' OR ')}
    GROUP BY ALL`);
  await session.connection.run(
    'CREATE TEMP VIEW _rejected AS SELECT * FROM _fates WHERE _quarantine IS NOT NULL',
  );
}

async function fatesOf(session: DuckdbSession): Promise<Fates> {
  const fates: Fates = { quarantined: {}, dropped: {}, noted: {} };
  const rows = await rowsOf(
    session,
    `SELECT _quarantine AS quarantine, _drop AS drop, _note AS note, sum(n)::BIGINT AS n
      FROM _fates GROUP BY ALL ORDER BY ALL`,
  );
  const add = (counts: Record<string, number>, reason: string, n: number): void => {
    counts[reason] = (counts[reason] ?? 0) + n;
  };
  for (const { quarantine, drop, note: noted, n } of rows) {
    if (quarantine !== null) add(fates.quarantined, quarantine as string, Number(n));
    else if (drop !== null) add(fates.dropped, drop as string, Number(n));
    else if (noted !== null) add(fates.noted, noted as string, Number(n));
  }
  return fates;
}

/** The rejected rows, kept with their origin. */
async function setApart(
  session: DuckdbSession,
  { table, inputs }: Building,
  transform: RowWiseTransform,
) {
  const name = table.inputs[0] as string;
  const sql = firstProblemsSql(quoted(name), inputs[name]?.columns ?? []);
  const problems = await rowsOf(session, sql);
  return {
    quarantine: await writeQuarantine(session, table, transform),
    firstProblems: problems.map((row) => describeProblem(row as unknown as Problem)),
  };
}

/** The SELECT, or what it gave: of few rows the rejected ones are not worth a second run. */
async function selected(
  { connection }: DuckdbSession,
  transform: RowWiseTransform,
  inputRows: number,
): Promise<RowWiseTransform> {
  if (inputRows > ROWS_KEPT_IN_MEMORY) return transform;
  await connection.run(`CREATE TEMP TABLE _selected AS ${transform.sql}`);
  const { type, notes } = transform;
  return { type, notes, sql: 'SELECT * FROM _selected' };
}

async function buildRowWise(
  session: DuckdbSession,
  building: Building,
  declared: RowWiseTransform,
): Promise<Built> {
  const { table } = building;
  const inputRows = await drivingRows(session, table);
  for (const [name, sql] of Object.entries(declared.prepared ?? {})) {
    await session.connection.run(`CREATE TEMP TABLE ${quoted(name)} AS ${sql}`);
  }
  const transform = await selected(session, declared, inputRows);
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
  const nothing = { quarantined: {}, dropped: {}, quarantine: [], firstProblems: [] };
  const made = { files, usedRows, inputRows, ...nothing };
  // Nothing is missing in the usual case, and then the SELECT need not run again.
  if (usedRows === inputRows && !transform.notes) return made;
  await decideFates(session, transform);
  const fates = await fatesOf(session);
  if (Object.keys(fates.quarantined).length === 0) return { ...made, ...fates };
  return { ...made, ...fates, ...(await setApart(session, building, transform)) };
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
  const rows = files.length > 0 ? parquetSql(files) : `(${transform.sql})`;
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
      ? await buildRowWise(session, { table, inputs }, transform)
      : await buildSet(session, table, transform);
  return {
    ...counts,
    rows: rowsIn(files),
    files: await adoptFiles(store, files, `${prefix}data/`),
    quarantineFiles: await adoptFiles(store, quarantine, `${prefix}quarantine/`),
  };
}
