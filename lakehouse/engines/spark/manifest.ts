/** What the runner on Spark is told, and what it answers: SQL and files, nothing else. */
import type { Relation, Store } from '../../ports';
import type { ColumnDeclaration, ColumnType } from '../../tables';

export interface RunnerColumn {
  readonly name: string;
  /** As Spark spells it. */
  readonly type: string;
}

export interface RunnerView {
  readonly columns: readonly RunnerColumn[];
  /** URIs of Parquet files. */
  readonly files: readonly string[];
}

/** `if`: the step is left out when that earlier step `rows` has found none. */
export type RunnerStep = { readonly name: string; readonly if?: string } & (
  | { readonly step: 'view'; readonly sql: string; /** Computed once. */ readonly keep?: boolean }
  | {
      readonly step: 'write';
      readonly sql: string;
      /** URI of a folder; `{attempt}` in it stands for the name of the attempt. */
      readonly to: string;
      readonly partitions?: readonly string[];
    }
  | { readonly step: 'read'; readonly of: string; readonly columns: readonly RunnerColumn[] }
  | { readonly step: 'rows'; readonly sql: string; readonly limit: number }
);

export interface RunnerManifest {
  readonly formatVersion: 1;
  readonly name: string;
  /** Settings of the session, where nobody else has made them. */
  readonly conf?: Readonly<Record<string, string>>;
  readonly views: Readonly<Record<string, RunnerView>>;
  readonly steps: readonly RunnerStep[];
}

export interface WrittenFile {
  readonly uri: string;
  /** Path below the step's folder. */
  readonly name: string;
  readonly bytes: number;
  readonly rows: number;
}

export interface RunnerResult {
  readonly formatVersion: 1;
  readonly spark: string;
  readonly steps: Readonly<
    Record<string, { files?: WrittenFile[]; rows?: Record<string, unknown>[] }>
  >;
}

const TYPES: Record<ColumnType, string> = {
  string: 'STRING',
  bigint: 'BIGINT',
  integer: 'INT',
  double: 'DOUBLE',
  float: 'FLOAT',
  boolean: 'BOOLEAN',
  'float-list': 'ARRAY<FLOAT>',
  'string-list': 'ARRAY<STRING>',
};

export const sparkType = ({ type }: ColumnDeclaration): string => TYPES[type];
export const sparkQuoted = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

export const runnerColumns = (columns: readonly ColumnDeclaration[]): RunnerColumn[] =>
  columns.map((each) => ({ name: each.name, type: sparkType(each) }));

// Hadoop takes a path as it is written: percent signs stand for themselves.
export const fileUri = (path: string): string => `file://${path}`;

export const filePath = (uri: string): string => uri.replace(/^file:(\/\/)?(?=\/)/, '');

/** Local files of the relations; those stay as long as the folder does. */
export async function runnerViews(
  store: Store,
  relations: Readonly<Record<string, Relation>>,
  heldIn: string,
): Promise<Record<string, RunnerView>> {
  const views: Record<string, RunnerView> = {};
  for (const [name, { columns, files }] of Object.entries(relations)) {
    const paths = await Promise.all(files.map(({ key }) => store.localPath(key, heldIn)));
    views[name] = { columns: runnerColumns(columns), files: paths.map(fileUri) };
  }
  return views;
}

/** Rows of the step, which the manifest has. */
export const rowsOfStep = ({ steps }: RunnerResult, name: string): Record<string, unknown>[] =>
  steps[name]?.rows ?? [];

/** Files of the step with rows in them; one without when there are no others: it carries the columns. */
export function filesOfStep({ steps }: RunnerResult, name: string): WrittenFile[] {
  const files = steps[name]?.files ?? [];
  const filled = files.filter(({ rows }) => rows > 0);
  return filled.length > 0 ? filled : files.slice(0, 1);
}
