/** One reading statement over views of published tables, in a DuckDB that can reach nothing else. */
import type { DuckDBConnection, DuckDBPreparedStatement } from '@duckdb/node-api';
import { StatementType } from '@duckdb/node-api';
import { WatchlakeError } from '../../core/errors';
import type { QueryRequest, QueryResult, Relation, Store } from '../ports';
import type { DuckdbSession } from './duckdb-session';
import {
  isMemoryShort,
  keepInterrupting,
  literal,
  noRowsSql,
  plainValue,
  quoted,
  relationSql,
} from './duckdb-session';
import { chunksOf } from './streamed-result';

type Relations = QueryRequest['relations'];

const READING = new Set([StatementType.SELECT, StatementType.EXPLAIN]);

interface Place {
  readonly schema: string;
  readonly table: string;
}

// A dataset's name may hold dots, a table's never does.
function placeOf(name: string): Place {
  const at = name.lastIndexOf('.');
  return { schema: at < 0 ? 'main' : name.slice(0, at), table: name.slice(at + 1) };
}

/** Whether the statement may read the table: to read it is to name it, its dataset as well if need be. */
function isNamedIn(sql: string): (name: string) => boolean {
  const text = sql.toLowerCase();
  const words = new Set(text.match(/\w+/g));
  return (name) => {
    const { schema, table } = placeOf(name);
    return (
      words.has(table.toLowerCase()) && (schema === 'main' || text.includes(schema.toLowerCase()))
    );
  };
}

/** Shown and described like the others; its files are not fetched from the store. */
function unopened({ columns }: Relation, table: string): string {
  const detail = `The statement reads ${table} without naming it`;
  return noRowsSql(columns, `error(${literal(detail)})`);
}

// DuckDB's own catalogues and schemas: nothing can be made in them, or found in a schema that is called alike.
const TAKEN = new Set(['main', 'temp', 'system', 'memory', 'information_schema', 'pg_catalog']);

/** A dataset of such a name is read by plain names alone, as the chosen one; of the others it takes nothing. */
const canBeMade = (name: string): boolean =>
  !name.includes('.') || !TAKEN.has(placeOf(name).schema.toLowerCase());

/** Else the rows of the chosen dataset would be given for those of the one that is called as DuckDB calls its own. */
function refuseTaken({ relations, sql }: QueryRequest): void {
  for (const [name, relation] of Object.entries(relations)) {
    const { schema, table } = placeOf(name);
    if (canBeMade(name) || relations[table] === relation) continue;
    if (!new RegExp(`\\b${schema}"?\\s*\\.\\s*"?${table}\\b`, 'i').test(sql)) continue;
    const detail = `DuckDB has a ${schema} of its own: choose that dataset, and name ${table} alone`;
    throw new WatchlakeError('QUERY_INVALID', { detail });
  }
}

async function createNamedViews(
  session: DuckdbSession,
  store: Store,
  { relations, opened }: { relations: Relations; opened: Relations },
): Promise<void> {
  const { connection } = session;
  for (const [name, relation] of Object.entries(relations)) {
    if (!canBeMade(name)) continue;
    const { schema, table } = placeOf(name);
    await connection.run(`CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`);
    const from =
      name in opened ? await relationSql(session, store, relation) : unopened(relation, table);
    await connection.run(`CREATE VIEW ${quoted(schema)}.${quoted(table)} AS SELECT * FROM ${from}`);
  }
}

/** From here on only the tables' own files can be opened, and nothing can change that. */
async function lockDown(
  { connection, scratch }: DuckdbSession,
  store: Store,
  opened: Relations,
): Promise<void> {
  const keys = new Set(Object.values(opened).flatMap(({ files }) => files.map((f) => f.key)));
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
  // DuckDB has no words for it.
  if (sql.trim() === '') throw new WatchlakeError('QUERY_INVALID', { detail: 'it is empty' });
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

async function readRows(
  connection: DuckDBConnection,
  statement: DuckDBPreparedStatement,
  { sql, maximumRows }: Pick<QueryRequest, 'sql' | 'maximumRows'>,
): Promise<QueryResult> {
  const rows: Record<string, unknown>[] = [];
  let columns: string[] = [];
  const open = async () => {
    const result = await statement.stream();
    columns = result.deduplicatedColumnNames();
    return result;
  };
  for await (const chunk of chunksOf(connection, sql, open)) {
    for (const row of chunk.convertRows(plainValue)) {
      if (rows.length === maximumRows) return { columns, rows, truncated: true };
      rows.push(Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));
    }
  }
  return { columns, rows, truncated: false };
}

// What the client was at: of no use beside DuckDB's own words.
const CLIENT_STEP = /^Failed to [a-z ]+: /;

/** QUERY_INVALID for whatever DuckDB refuses, with its own words. */
export async function queryInSession(
  session: DuckdbSession,
  store: Store,
  request: QueryRequest,
): Promise<QueryResult> {
  refuseTaken(request);
  const { relations, sql, maximumRows, timeoutMs } = request;
  const isNamed = isNamedIn(sql);
  const named = Object.entries(relations).filter(([name]) => isNamed(name));
  const opened = Object.fromEntries(named);
  await createNamedViews(session, store, { relations, opened });
  await lockDown(session, store, opened);
  let timedOut = false;
  let stop = () => undefined as void;
  const timer = setTimeout(() => {
    timedOut = true;
    stop = keepInterrupting(session.connection);
  }, timeoutMs);
  try {
    const statement = await prepareReading(session, sql);
    return await readRows(session.connection, statement, { sql, maximumRows });
  } catch (error) {
    if (error instanceof WatchlakeError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    if (isMemoryShort(said)) throw new WatchlakeError('MEMORY_SHORT', {}, error);
    const detail = timedOut
      ? `it took more than ${timeoutMs / 1000} s; one that reads less may not`
      : said.replace(CLIENT_STEP, '').trim();
    throw new WatchlakeError('QUERY_INVALID', { detail }, error);
  } finally {
    clearTimeout(timer);
    stop();
  }
}
