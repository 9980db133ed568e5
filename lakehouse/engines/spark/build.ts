/** The manifest that builds one declared table on Spark, and the outcome that its result tells. */
import type { BuildOutcome } from '../../ports';
import type { Problem } from '../../quarantine';
import { describeProblem } from '../../quarantine';
import type { RowWiseTransform, SetTransform, SqlTable } from '../../tables';
import type { LocalFile } from '../parquet-sink';
import { rowsIn } from '../parquet-sink';
import type { RunnerResult, RunnerStep } from './manifest';
import {
  filePath,
  fileUri,
  filesOfStep,
  rowsOfStep,
  runnerColumns,
  sparkQuoted,
  sparkType,
} from './manifest';

const FIRST_PROBLEMS = 3;
// Reasons are named in the SQL: there are never many.
const MAXIMUM_REASONS = 1000;
const PARTITION = /(^|\/)__partition_/g;

type Built = Omit<BuildOutcome, 'files' | 'quarantineFiles'> & {
  readonly files: LocalFile[];
  readonly quarantine: LocalFile[];
};

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

const folder = (scratch: string, name: string): string => fileUri(`${scratch}/${name}`);

const drivingRows = (table: SqlTable): RunnerStep => ({
  step: 'rows',
  name: 'driving',
  sql: `SELECT COUNT(*) AS n FROM ${inputName(table)}`,
  limit: 1,
});

function fatesSteps({ sql, notes }: RowWiseTransform): RunnerStep[] {
  const note = notes ? 'made._note' : 'CAST(NULL AS STRING)';
  return [
    {
      step: 'view',
      name: '_fates',
      keep: true,
      sql: `SELECT f.quarantine, f.dropped, f.note, COUNT(*) AS n FROM (
          SELECT made._quarantine AS quarantine, made._drop AS dropped, ${note} AS note FROM (${sql}) made
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

function quarantineSteps(table: SqlTable, scratch: string): RunnerStep[] {
  return [
    {
      step: 'view',
      name: '_rejected',
      if: 'rejected',
      keep: true,
      sql: `SELECT made._quarantine, made._detail, made.source_file, made.source_line
        FROM (${table.transform.sql}) made WHERE made._quarantine IS NOT NULL`,
    },
    {
      step: 'rows',
      name: 'problems',
      if: 'rejected',
      sql: `SELECT r.source_file AS file, r.source_line AS line, r._quarantine AS reason,
          r._detail AS detail
        FROM _rejected r ORDER BY r.source_file, r.source_line`,
      limit: FIRST_PROBLEMS,
    },
    {
      step: 'write',
      name: 'quarantine',
      if: 'rejected',
      sql: `SELECT r._quarantine AS reason, r._detail AS detail, r.source_file, r.source_line,
          to_json(struct(i.*), map('ignoreNullFields', 'false')) AS raw
        FROM _rejected r
        JOIN ${inputName(table)} i ON i.source_file = r.source_file AND i.source_line = r.source_line
        ORDER BY r.source_file, r.source_line`,
      to: folder(scratch, 'quarantine'),
    },
  ];
}

function rowWiseSteps(table: SqlTable, transform: RowWiseTransform, scratch: string): RunnerStep[] {
  const kept = 'WHERE made._quarantine IS NULL AND made._drop IS NULL';
  return [
    {
      step: 'write',
      name: 'rows',
      sql: sinkSelect(table, transform.sql, kept),
      to: folder(scratch, 'rows'),
      partitions: table.partitions,
    },
    drivingRows(table),
    ...fatesSteps(transform),
    ...quarantineSteps(table, scratch),
  ];
}

function setSteps(table: SqlTable, transform: SetTransform, scratch: string): RunnerStep[] {
  return [
    {
      step: 'write',
      name: 'rows',
      sql: sinkSelect(table, transform.sql),
      to: folder(scratch, 'rows'),
      partitions: table.partitions,
    },
    { step: 'read', name: table.name, of: 'rows', columns: runnerColumns(table.columns) },
    drivingRows(table),
    { step: 'rows', name: 'balance', sql: transform.balanceSql, limit: MAXIMUM_REASONS },
  ];
}

/** `scratch`: a local folder that the files are written to. */
export const buildSteps = (table: SqlTable, scratch: string): RunnerStep[] =>
  table.transform.type === 'row-wise'
    ? rowWiseSteps(table, table.transform, scratch)
    : setSteps(table, table.transform, scratch);

const localFiles = (result: RunnerResult, step: string): LocalFile[] =>
  filesOfStep(result, step).map(({ uri, name, rows, bytes }) => ({
    path: filePath(uri),
    name: name.replaceAll(PARTITION, '$1'),
    rows,
    bytes,
  }));

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
export function builtOf({ transform }: SqlTable, result: RunnerResult): Built {
  const files = localFiles(result, 'rows');
  const rows = rowsIn(files);
  const quarantine = localFiles(result, 'quarantine').filter((file) => file.rows > 0);
  const inputRows = Number(rowsOfStep(result, 'driving')[0]?.n);
  const problems = rowsOfStep(result, 'problems') as unknown as Problem[];
  const common = { files, rows, inputRows, quarantine };
  if (transform.type === 'set') {
    return { ...common, ...balanceOf(result), quarantined: {}, firstProblems: [] };
  }
  const { noted, ...fates } = fatesOf(result);
  const notes = transform.notes ? { noted } : {};
  const firstProblems = problems.map(describeProblem);
  return { ...common, ...fates, ...notes, usedRows: rows, firstProblems };
}
