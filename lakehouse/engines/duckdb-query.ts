/** One reading statement over views of published tables, in a DuckDB that can reach nothing else. */
import type { DuckDBPreparedStatement, DuckDBResult } from '@duckdb/node-api';
import { StatementType } from '@duckdb/node-api';
import { WatchlakeError } from '../../core/errors';
import type { QueryRequest, QueryResult, Store } from '../ports';
import type { DuckdbSession } from './duckdb-session';
import { literal, plainValue, quoted, relationSql } from './duckdb-session';

const READING = new Set([StatementType.SELECT, StatementType.EXPLAIN]);

async function createNamedViews(
  session: DuckdbSession,
  store: Store,
  relations: QueryRequest['relations'],
): Promise<void> {
  const { connection } = session;
  for (const [name, relation] of Object.entries(relations)) {
    // A dataset's name may hold dots, a table's never does.
    const at = name.lastIndexOf('.');
    const schema = at < 0 ? 'main' : name.slice(0, at);
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
    const view = `${quoted(schema)}.${quoted(name.slice(at + 1))}`;
    const from = await relationSql(session, store, relation);
    await connection.run(`CREATE VIEW ${view} AS SELECT * FROM ${from}`);
  }
}

/** From here on only the tables' own files can be opened, and nothing can change that. */
async function lockDown(
  { connection, scratch }: DuckdbSession,
  store: Store,
  relations: QueryRequest['relations'],
): Promise<void> {
  const keys = new Set(Object.values(relations).flatMap(({ files }) => files.map((f) => f.key)));
  const paths = await Promise.all([...keys].map((key) => store.localPath(key, scratch)));
  if (paths.length > 0) {
    await connection.run(`SET allowed_paths = [${paths.map(literal).join(', ')}]`);
  }
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

async function prepareReading(
  { connection }: DuckdbSession,
  sql: string,
): Promise<DuckDBPreparedStatement> {
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) {
    const detail = `it holds ${statements.count} statements instead of one`;
    throw new WatchlakeError('QUERY_INVALID', { detail });
  }
  const statement = await statements.prepare(0);
  if (!READING.has(statement.statementType)) {
    const detail = `${StatementType[statement.statementType]} is not a reading statement`;
    throw new WatchlakeError('QUERY_INVALID', { detail });
  }
  return statement;
}

async function readRows(result: DuckDBResult, maximumRows: number): Promise<QueryResult> {
  const columns = result.deduplicatedColumnNames();
  const rows: Record<string, unknown>[] = [];
  for await (const chunk of result.yieldConvertedRows(plainValue)) {
    for (const row of chunk) {
      if (rows.length === maximumRows) return { columns, rows, truncated: true };
      rows.push(Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));
    }
  }
  return { columns, rows, truncated: false };
}

/** QUERY_INVALID for whatever DuckDB refuses, with its own words. */
export async function queryInSession(
  session: DuckdbSession,
  store: Store,
  { relations, sql, maximumRows, timeoutMs }: QueryRequest,
): Promise<QueryResult> {
  await createNamedViews(session, store, relations);
  await lockDown(session, store, relations);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    session.connection.interrupt();
  }, timeoutMs);
  try {
    const statement = await prepareReading(session, sql);
    return await readRows(await statement.stream(), maximumRows);
  } catch (error) {
    if (error instanceof WatchlakeError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    const detail = timedOut ? `it took more than ${timeoutMs} ms` : said.trim();
    throw new WatchlakeError('QUERY_INVALID', { detail }, error);
  } finally {
    clearTimeout(timer);
  }
}
