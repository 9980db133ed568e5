/** The manifest that builds one declared table on Spark, and the outcome that its result tells. */
import type { BuildOutcome, BuildRequest, CheckResult } from '../../ports';
import type { Problem } from '../../quarantine';
import { describeProblem, firstProblemsSql, quarantineSql } from '../../quarantine';
import type { RowWiseTransform, SetTransform, SqlTable } from '../../tables';
import { checksOf, fatesSelect } from '../../tables';
import { rowsIn } from '../parquet-sink';
import type { RunnerResult, RunnerStep, WrittenFile } from './manifest';
import { filesOfStep, rowsOfStep, runnerColumns, sparkQuoted, sparkType } from './manifest';

// Reasons are named in the SQL: there are never many.
const MAXIMUM_REASONS = 1000;
type Built = Omit<BuildOutcome, 'files' | 'quarantineFiles'> & {
  readonly files: WrittenFile[];
  readonly quarantine: WrittenFile[];
};

/** URIs of the folders that the files go to. */
export interface BuildFolders {
  readonly rows: string;
  readonly quarantine: string;
}

/** What is built, and what of. */
export type Building = Pick<BuildRequest, 'table' | 'inputs'>;

const inputName = (table: SqlTable): string => sparkQuoted(table.inputs[0] as string);

/** Exactly the declared columns, in the declared types and order. */
function sinkSelect({ columns, orderBy, partitions }: SqlTable, from: string, where = ''): string {
  const casts = columns.map((each) => {
    const name = sparkQuoted(each.name);
    return `CAST(made.${name} AS ${sparkType(each)}) AS ${name}`;
  });
  // Rows of a partition together, so that it does not become a file for each task.
  const order = [...partitions, ...orderBy].map(sparkQuoted);
  const sorted = order.length > 0 ? ` ORDER BY ${order.join(', ')}` : '';
  return `SELECT ${casts.join(', ')} FROM (${from}) made ${where}${sorted}`;
}

const drivingRows = (table: SqlTable): RunnerStep => ({
  step: 'rows',
  name: 'driving',
  sql: `SELECT COUNT(*) AS n FROM ${inputName(table)}`,
  limit: 1,
});

const rowAsJson = (alias: string): string =>
  `to_json(struct(${alias}.*), map('ignoreNullFields', 'false'))`;

function fatesSteps(transform: RowWiseTransform): RunnerStep[] {
  const { notes } = transform;
  const note = notes ? 'made._note' : 'CAST(NULL AS STRING)';
  return [
    {
      step: 'view',
      name: '_fates',
      keep: true,
      sql: `SELECT f.quarantine, f.dropped, f.note, COUNT(*) AS n FROM (
          SELECT made._quarantine AS quarantine, made._drop AS dropped, ${note} AS note FROM (${fatesSelect(transform, rowAsJson)}) made
        ) f GROUP BY f.quarantine, f.dropped, f.note`,
    },
    {
      step: 'rows',
      name: 'fates',
      sql: 'SELECT * FROM _fates f ORDER BY f.quarantine, f.dropped, f.note',
      limit: MAXIMUM_REASONS,
    },
    {
      step: 'rows',
      name: 'rejected',
      sql: 'SELECT f.quarantine FROM _fates f WHERE f.quarantine IS NOT NULL',
      limit: 1,
    },
  ];
}

function quarantineSteps(
  { table, inputs }: Building,
  transform: RowWiseTransform,
  to: string,
): RunnerStep[] {
  const input = inputName(table);
  const raw = transform.fatesSql ? ', made._raw' : '';
  return [
    {
      step: 'view',
      name: '_rejected',
      if: 'rejected',
      keep: true,
      sql: `SELECT made._quarantine, made._detail, made.source_file, made.source_line${raw}
        FROM (${fatesSelect(transform, rowAsJson)}) made WHERE made._quarantine IS NOT NULL`,
    },
    {
      step: 'rows',
      name: 'problems',
      if: 'rejected',
      sql: firstProblemsSql(input, inputs[table.inputs[0] as string]?.columns ?? []),
      limit: MAXIMUM_REASONS,
    },
    {
      step: 'write',
      name: 'quarantine',
      if: 'rejected',
      sql: quarantineSql(input, transform, rowAsJson),
      to,
    },
  ];
}

/** The rows as they were written, read again under the table's name. */
function writeSteps(table: SqlTable, select: string, to: string): RunnerStep[] {
  const columns = runnerColumns(table.columns);
  return [
    { step: 'write', name: 'rows', sql: select, to, partitions: table.partitions },
    { step: 'read', name: table.name, of: 'rows', columns },
    drivingRows(table),
  ];
}

function rowWiseSteps(building: Building, transform: RowWiseTransform, to: BuildFolders) {
  const { table } = building;
  const kept = 'WHERE made._quarantine IS NULL AND made._drop IS NULL';
  const prepared = Object.entries(transform.prepared ?? {}).map(([name, sql]): RunnerStep => ({
    step: 'view',
    name,
    sql,
    keep: true,
  }));
  return [
    ...prepared,
    ...writeSteps(table, sinkSelect(table, transform.sql, kept), to.rows),
    ...fatesSteps(transform),
    ...quarantineSteps(building, transform, to.quarantine),
  ];
}

const setSteps = (table: SqlTable, transform: SetTransform, to: BuildFolders): RunnerStep[] => [
  ...writeSteps(table, sinkSelect(table, transform.sql), to.rows),
  { step: 'rows', name: 'balance', sql: transform.balanceSql, limit: MAXIMUM_REASONS },
];

const nameOfCheck = (name: string): string => `check ${name}`;

/** The table's checks in the same go: none of them is worth a job of its own. */
const checkSteps = (table: SqlTable): RunnerStep[] =>
  checksOf(table).map(({ name, sql }) => ({
    step: 'rows',
    name: nameOfCheck(name),
    sql,
    limit: 1,
  }));

export const buildSteps = ({ table, inputs }: Building, to: BuildFolders): RunnerStep[] => [
  ...(table.transform.type === 'row-wise'
    ? rowWiseSteps({ table, inputs }, table.transform, to)
    : setSteps(table, table.transform, to)),
  ...checkSteps(table),
];

/** The number that a check has given. */
export function offendingIn(result: RunnerResult, step: string): number {
  const [row] = rowsOfStep(result, step);
  return Number(Object.values(row ?? {})[0] ?? 0);
}

const checkedIn = (table: SqlTable, result: RunnerResult): CheckResult[] =>
  checksOf(table).map(({ name }) => ({ name, offending: offendingIn(result, nameOfCheck(name)) }));

type Counts = Record<string, number>;

function add(counts: Counts, reason: unknown, n: unknown): void {
  counts[reason as string] = (counts[reason as string] ?? 0) + Number(n);
}

function fatesOf(result: RunnerResult) {
  const [quarantined, dropped, noted]: [Counts, Counts, Counts] = [{}, {}, {}];
  for (const row of rowsOfStep(result, 'fates')) {
    if (row.quarantine !== null) add(quarantined, row.quarantine, row.n);
    else if (row.dropped !== null) add(dropped, row.dropped, row.n);
    else if (row.note !== null) add(noted, row.note, row.n);
  }
  return { quarantined, dropped, noted };
}

function balanceOf(result: RunnerResult) {
  const dropped: Counts = {};
  let usedRows = 0;
  for (const { reason, driving_rows: n } of rowsOfStep(result, 'balance')) {
    if (reason === null) usedRows += Number(n);
    else add(dropped, reason, n);
  }
  return { usedRows, dropped };
}

/** What the runner has written and counted for these steps. */
export function builtOf(table: SqlTable, result: RunnerResult): Built {
  const { transform } = table;
  const files = filesOfStep(result, 'rows');
  const rows = rowsIn(files);
  const quarantine = filesOfStep(result, 'quarantine').filter((file) => file.rows > 0);
  const inputRows = Number(rowsOfStep(result, 'driving')[0]?.n);
  const problems = rowsOfStep(result, 'problems') as unknown as Problem[];
  const checked = checkedIn(table, result);
  const common = { files, rows, inputRows, quarantine, checked };
  if (transform.type === 'set') {
    return { ...common, ...balanceOf(result), quarantined: {}, firstProblems: [] };
  }
  const { noted, ...fates } = fatesOf(result);
  const notes = transform.notes ? { noted } : {};
  const firstProblems = problems.map(describeProblem);
  return { ...common, ...fates, ...notes, usedRows: rows, firstProblems };
}
