/** One DuckDB for one piece of work: bounded memory, its own spill folder, gone when the work is done. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DuckDBConnection, DuckDBValueConverter, Json } from '@duckdb/node-api';
import { DuckDBDecimalValue, DuckDBInstance, JsonDuckDBValueConverter } from '@duckdb/node-api';
import { WatchlakeError } from '../../core/errors';
import type { Relation, Store } from '../ports';
import type { ColumnDeclaration, ColumnType } from '../tables';
import { isLasting, withoutValues } from '../../core/without-values';

export interface DuckdbOptions {
  /** Above this, DuckDB spills to the session's folder. */
  readonly memoryLimit: string;
  readonly threads: number;
}

export const DEFAULT_DUCKDB: DuckdbOptions = { memoryLimit: '1GB', threads: 2 };

export interface DuckdbSession {
  readonly connection: DuckDBConnection;
  /** A local folder that is removed with the session. */
  readonly scratch: string;
}

const SQL_TYPES: Record<ColumnType, string> = {
  string: 'VARCHAR',
  bigint: 'BIGINT',
  integer: 'INTEGER',
  double: 'DOUBLE',
  float: 'FLOAT',
  boolean: 'BOOLEAN',
  'float-list': 'FLOAT[]',
  'string-list': 'VARCHAR[]',
};

export const sqlType = ({ type }: ColumnDeclaration): string => SQL_TYPES[type];
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** For `IN`: a list that matches nothing when it is empty. */
export const inList = (values: readonly string[]): string =>
  values.length === 0 ? '(NULL)' : `(${values.map(literal).join(', ')})`;

const isDiskFull = (message: string): boolean =>
  /No space left|ENOSPC|max_temp_directory_size/i.test(message);

/** It calls a full disk, onto which it would spill, alike. */
export const isMemoryShort = (message: string): boolean =>
  /\bOut of Memory Error\b/.test(message) && !isDiskFull(message);

/** DuckDB's own words for a full disk, for want of memory, and for SQL that it will never run, become ours. */
function translated(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  const message = (error as Error | null)?.message ?? '';
  // Without its cause, which quotes the value.
  if (isLasting(message))
    return new WatchlakeError('SQL_FAILED', { detail: withoutValues(message) });
  if (isDiskFull(message))
    return new WatchlakeError('STORE_FULL', { key: 'files of the lake' }, error);
  if (isMemoryShort(message)) return new WatchlakeError('MEMORY_SHORT', {}, error);
  return error;
}

export interface SessionRequest {
  readonly store: Store;
  readonly options: DuckdbOptions;
  readonly signal?: AbortSignal;
}

export interface OpenSession extends DuckdbSession {
  /** Another connection, for statements side by side. */
  readonly connect: () => Promise<DuckDBConnection>;
  readonly close: () => Promise<void>;
}

const INTERRUPT_EVERY_MS = 50;

/**
 * Ends the statement that runs, or the next one: DuckDB forgets an interrupt that comes between two of
 * them. The returned function ends the interrupting.
 */
export function keepInterrupting(connection: DuckDBConnection): () => void {
  connection.interrupt();
  const timer = setInterval(() => connection.interrupt(), INTERRUPT_EVERY_MS);
  return () => clearInterval(timer);
}

async function openDuckdb({ store, options, signal }: SessionRequest): Promise<OpenSession> {
  signal?.throwIfAborted();
  const scratch = await store.scratch();
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: options.memoryLimit,
    threads: String(options.threads),
    temp_directory: join(scratch, 'spill'),
    autoinstall_known_extensions: 'false',
  });
  const connection = await instance.connect();
  let stop = () => undefined as void;
  const interrupt = () => (stop = keepInterrupting(connection));
  signal?.addEventListener('abort', interrupt);
  return {
    connection,
    scratch,
    connect: () => instance.connect(),
    async close(): Promise<void> {
      signal?.removeEventListener('abort', interrupt);
      stop();
      connection.closeSync();
      instance.closeSync();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

/** For readers that hand out rows as they are asked for; it ends with them. */
export async function* streamDuckdb<T>(
  request: SessionRequest,
  read: (session: OpenSession) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const session = await openDuckdb(request);
  try {
    yield* read(session);
  } catch (error) {
    throw translated(error, request.signal);
  } finally {
    await session.close();
  }
}

export async function withDuckdb<T>(
  request: SessionRequest,
  work: (session: DuckdbSession) => Promise<T>,
): Promise<T> {
  const session = await openDuckdb(request);
  try {
    return await work(session);
  } catch (error) {
    throw translated(error, request.signal);
  } finally {
    await session.close();
  }
}

const PARTITION_FOLDER = /\/([^/=]+)=[^/]*(?=\/)/g;

const partitionsIn = (path: string): string =>
  [...path.matchAll(PARTITION_FOLDER)].map(([, name]) => name).join('/');

/** For readers of files that hold all their columns: DuckDB takes a folder `user=ann` for a column, in place of theirs. */
export const NO_PARTITIONS = 'hive_partitioning = false';

/** A FROM clause over local files that hold all their columns. */
export const parquetRows = (paths: readonly string[]): string =>
  `read_parquet([${paths.map(literal).join(', ')}], ${NO_PARTITIONS})`;

/**
 * What stands in the folders' names is of its declared type, and not of the one it looks like. The lake itself may lie
 * in a folder that is called like a partition: then the columns are read that the files hold as well.
 */
function partitionTypes(
  columns: readonly ColumnDeclaration[],
  files: readonly { readonly key: string; readonly path: string }[],
): string {
  const [first = '', ...others] = files.map(({ path }) => partitionsIn(path));
  const isOfLake = files.some(({ key, path }) => partitionsIn(`/${key}`) !== partitionsIn(path));
  const names = first.split('/').filter((name) => columns.some((each) => each.name === name));
  if (isOfLake || names.length === 0 || others.some((each) => each !== first)) return NO_PARTITIONS;
  const types = columns
    .filter(({ name }) => names.includes(name))
    .map((each) => `${literal(each.name)}: ${sqlType(each)}`);
  return `hive_partitioning = true, hive_types = {${types.join(', ')}}`;
}

/** A FROM clause of the declared columns, and no row: `where` is false, or fails for whoever reads it. */
export function noRowsSql(columns: readonly ColumnDeclaration[], where = 'false'): string {
  const empty = columns.map((each) => `CAST(NULL AS ${sqlType(each)}) AS ${quoted(each.name)}`);
  return `(SELECT ${empty.join(', ')} WHERE ${where})`;
}

/** A FROM clause over the relation's files with exactly the declared columns, also when it is empty. */
export async function relationSql(
  { scratch }: Pick<DuckdbSession, 'scratch'>,
  store: Store,
  { columns, files }: Relation,
): Promise<string> {
  if (files.length === 0) return noRowsSql(columns);
  const local = await Promise.all(
    files.map(async ({ key }) => ({ key, path: await store.localPath(key, scratch) })),
  );
  const names = columns.map(({ name }) => quoted(name)).join(', ');
  const list = `[${local.map(({ path }) => literal(path)).join(', ')}]`;
  return `(SELECT ${names} FROM read_parquet(${list}, ${partitionTypes(columns, local)}))`;
}

export async function createViews(
  session: Pick<DuckdbSession, 'connection' | 'scratch'>,
  store: Store,
  relations: Readonly<Record<string, Relation>>,
): Promise<void> {
  for (const [name, relation] of Object.entries(relations)) {
    const from = await relationSql(session, store, relation);
    await session.connection.run(`CREATE OR REPLACE VIEW ${quoted(name)} AS SELECT * FROM ${from}`);
  }
}

/** JSON values; whole numbers as numbers where those are exact, else as text. */
export const plainValue: DuckDBValueConverter<Json> = (value, type, converter) => {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  }
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  return JsonDuckDBValueConverter(value, type, converter);
};

/** All rows of a small result. */
export async function rowsOf(
  { connection }: Pick<DuckdbSession, 'connection'>,
  sql: string,
): Promise<Record<string, Json | null>[]> {
  const result = await connection.run(sql);
  return result.convertRowObjects(plainValue);
}

/** The one number of a result with one row and one column. */
export async function numberOf(
  session: Pick<DuckdbSession, 'connection'>,
  sql: string,
): Promise<number> {
  const [row] = await rowsOf(session, sql);
  return Number(Object.values(row ?? {})[0] ?? 0);
}
