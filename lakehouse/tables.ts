/** What a declared table is: its columns, inputs, one SELECT, its checks; and what names its snapshots. */
import { contentHash } from '../core/hash';

export const ZONES = ['landing', 'trusted', 'curated'] as const;
export type Zone = (typeof ZONES)[number];

/** Engines spell these in their own way. */
export type ColumnType =
  'string' | 'bigint' | 'integer' | 'double' | 'float' | 'boolean' | 'float-list' | 'string-list';

export interface ColumnDeclaration {
  readonly name: string;
  readonly type: ColumnType;
  readonly required: boolean;
  /** Personal columns never reach the curated zone. */
  readonly personal: boolean;
  readonly comment: string;
}

/** SQL with one row and one number: how many rows offend. */
export interface TableCheck {
  readonly name: string;
  readonly sql: string;
  /** Where it counts the rows that have a null in one of these columns: the files' statistics may tell that there are none. */
  readonly nullsIn?: { readonly relation: string; readonly columns: readonly string[] };
}

/**
 * One portable SELECT that gives back every row of the first input, with three more columns:
 * `_quarantine` (reason or null), `_detail` (what exactly, or null), `_drop` (named rule or null).
 * Wherever a reason for the quarantine is given, (source_file, source_line) names one row of the first input.
 */
export interface RowWiseTransform {
  readonly type: 'row-wise';
  readonly sql: string;
  /** Relations, by name, that the SELECT reads beside its inputs: made once for the rows and for what becomes of them. */
  readonly prepared?: Readonly<Record<string, string>>;
  /** Whether there is a `_note` as well: the name of what was mended in a row that is used, or null. */
  readonly notes?: true;
  /**
   * The same rows with source_file, source_line, what becomes of each and `_raw`, the row as it was read, where that
   * takes less than the SELECT does; rows that are simply used may be missing. The balance of the rows shows when their
   * numbers differ; that the reasons are the same, a test.
   */
  readonly fatesSql?: (asJson: RowAsJson) => string;
}

/** How an engine spells a row of that alias as a text of JSON. */
export type RowAsJson = (alias: string) => string;

/** What tells the fates of the rows: a SELECT of their own where there is one. */
export const fatesSelect = ({ sql, fatesSql }: RowWiseTransform, asJson: RowAsJson): string =>
  fatesSql?.(asJson) ?? sql;

/** The SELECT with all that it reads beside its inputs. */
export function wholeSelect(transform: RowWiseTransform | SetTransform): string {
  const prepared = Object.entries((transform.type === 'row-wise' && transform.prepared) || {});
  if (prepared.length === 0) return transform.sql;
  const relations = prepared.map(([name, sql]) => `${name} AS (\n${sql}\n)`);
  return `WITH ${relations.join(', ')}\nSELECT * FROM (\n${transform.sql}\n) made`;
}

/**
 * A SELECT whose rows are not those of its input. `balanceSql` accounts for every row of the first
 * input: (reason, driving_rows), reason null for the rows that were used.
 */
export interface SetTransform {
  readonly type: 'set';
  readonly sql: string;
  readonly balanceSql: string;
}

/** Rows made by our own code; `recipe` changes whenever the same inputs would give other rows. */
export interface RowsTransform {
  readonly type: 'rows';
  readonly recipe: unknown;
}

export type Transform = RowWiseTransform | SetTransform | RowsTransform;

export interface TableDeclaration<T extends Transform = Transform> {
  readonly dataset: string;
  readonly name: string;
  readonly zone: Zone;
  /** Key prefix of its snapshots, with a slash at the end; by default `<zone>/<dataset>/<name>/`. */
  readonly location?: string;
  readonly comment: string;
  readonly columns: readonly ColumnDeclaration[];
  /** Columns that name a row; empty when nothing does. */
  readonly key: readonly string[];
  readonly partitions: readonly string[];
  /** Order of the rows in the files, so that readers of a range skip the rest. */
  readonly orderBy: readonly string[];
  /** Tables, and `<table>_quarantine` for what a table has rejected. */
  readonly inputs: readonly string[];
  readonly transform: T;
  readonly checks: readonly TableCheck[];
  /** What may become of a row besides being used; for the reference, it decides nothing. */
  readonly reasons?: readonly Reason[];
}

export interface Reason {
  readonly fate: 'quarantined' | 'dropped' | 'mended';
  readonly reason: string;
  readonly meaning: string;
}

export const defaultLocation = (of: { dataset: string; table: string; zone: Zone }): string =>
  `${of.zone}/${of.dataset}/${of.table}/`;

export type SqlTable = TableDeclaration<RowWiseTransform | SetTransform>;

export const isSqlTable = (table: TableDeclaration): table is SqlTable =>
  table.transform.type !== 'rows';

export const reason = (fate: Reason['fate'], name: string, meaning: string): Reason => ({
  ...{ fate, meaning },
  reason: name,
});

interface ColumnOptions {
  required?: boolean;
  personal?: boolean;
}

export const column = (
  name: string,
  type: ColumnType,
  comment: string,
  { required = true, personal = false }: ColumnOptions = {},
): ColumnDeclaration => ({ name, type, required, personal, comment });

/** Refuses what no table may be: a curated one with personal columns, a key or order it has not. */
export function declareTable<T extends Transform>(table: TableDeclaration<T>): TableDeclaration<T> {
  const names = new Set(table.columns.map(({ name }) => name));
  const personal = table.columns.filter((each) => each.personal).map(({ name }) => name);
  if (table.zone === 'curated' && personal.length > 0) {
    throw new Error(`${table.name} is curated and has personal columns: ${personal.join(', ')}`);
  }
  const unknown = [...table.key, ...table.partitions, ...table.orderBy].filter(
    (name) => !names.has(name),
  );
  if (unknown.length > 0) throw new Error(`${table.name} has no column ${unknown.join(', ')}`);
  return table;
}

/** The declared checks and those that follow from the columns. */
export function checksOf(table: TableDeclaration): TableCheck[] {
  const required = table.columns.filter((each) => each.required);
  const checks = [...table.checks];
  if (required.length > 0) {
    const missing = required.map(({ name }) => `t.${name} IS NULL`).join(' OR ');
    checks.push({
      name: 'required-columns',
      sql: `SELECT count(*) AS offending FROM ${table.name} t WHERE ${missing}`,
      nullsIn: { relation: table.name, columns: required.map(({ name }) => name) },
    });
  }
  if (table.key.length > 0) {
    const key = table.key.map((name) => `t.${name}`).join(', ');
    checks.push({
      name: 'unique-key',
      sql: `SELECT count(*) AS offending FROM (SELECT ${key} FROM ${table.name} t GROUP BY ${key} HAVING count(*) > 1) repeated`,
    });
  }
  return checks;
}

/** Without what only says how the same is done with less. */
function recipeOf(transform: Transform): unknown {
  if (transform.type !== 'row-wise') return transform;
  const { fatesSql: _, ...recipe } = transform;
  return recipe;
}

/** Changes whenever the same inputs would give another table. */
export const recipeHash = (table: TableDeclaration): string =>
  contentHash({
    transform: recipeOf(table.transform),
    columns: table.columns.map(({ name, type, required }) => ({ name, type, required })),
    partitions: table.partitions,
    orderBy: table.orderBy,
    checks: checksOf(table).map(({ name, sql }) => ({ name, sql })),
  });

export interface SnapshotFacts {
  readonly table: TableDeclaration;
  /** Snapshot id (or another content hash) by input. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly engine: string;
}

export const isSnapshotId = (name: string): boolean => /^[0-9a-f]{16}$/.test(name);

export const snapshotId = ({ table, inputs, engine }: SnapshotFacts): string =>
  contentHash({
    dataset: table.dataset,
    table: table.name,
    inputs,
    recipe: recipeHash(table),
    engine,
  });
