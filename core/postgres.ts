/** Queries and transactions on PostgreSQL, with its outages told apart from other failures. */
import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import { isWatchlakeError, WatchlakeError } from './errors';
import { isTlsCode } from './tls-failure';

/** What a query needs: the pool, or the connection of one transaction. */
export interface Queryable {
  query<Row extends QueryResultRow>(
    text: string,
    values?: readonly unknown[],
  ): Promise<QueryResult<Row>>;
}

/** A statement over many rows may take longer than the pool lets a query take. */
export const BULK_STATEMENT_TIMEOUT_MS = 30 * 60_000;

export interface Database extends Queryable {
  /** Runs the work in one transaction: all of it is kept, or nothing. */
  transaction<Result>(work: (connection: Queryable) => Promise<Result>): Promise<Result>;
}

// Codes of Node's sockets and PostgreSQL's SQLSTATE classes: connection (08), shut down (57P).
const OUTAGE_CODE =
  /^(08|57P0[1-5]|53300|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|EAI_AGAIN)/;
const OUTAGE_MESSAGE =
  /connection (terminated|timeout|ended)|not queryable|timeout exceeded when trying/i;

// Wrong user or password (28), no such database (3D000), no right to what is asked (42501).
// What pg says of a server without TLS has no code.
const REFUSAL_CODE = /^(28|3D000|42501)/;
const NO_TLS = /server does not support SSL/i;

interface Failure {
  code?: unknown;
  syscall?: unknown;
  message?: unknown;
  errors?: readonly unknown[];
}

// No `instanceof`: the socket's errors may come from another realm, as they do in a test runner.
function isOutage(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, message, errors } = error as Failure;
  if (typeof code === 'string' && OUTAGE_CODE.test(code)) return true;
  if (Array.isArray(errors) && errors.some(isOutage)) return true;
  return typeof message === 'string' && OUTAGE_MESSAGE.test(message);
}

function isRefusal(error: unknown): boolean {
  const { code, message } = (error ?? {}) as Failure;
  if (typeof message === 'string' && NO_TLS.test(message)) return true;
  return typeof code === 'string' && (REFUSAL_CODE.test(code) || isTlsCode(code));
}

// pg reads the certificates that the address names whenever it connects.
const isOfFile = ({ syscall }: Failure): boolean => syscall === 'open' || syscall === 'read';
const FILE_DETAIL = 'a file that the address names cannot be read';

/** An outage as DATABASE_UNAVAILABLE, a refusal as DATABASE_REFUSED, which may be retried; any other error as it is. */
export function databaseError(error: unknown): unknown {
  if (isWatchlakeError(error)) return error;
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  const detail = message || code;
  if (isOfFile(error ?? {})) {
    return new WatchlakeError('DATABASE_REFUSED', { detail: `${FILE_DETAIL}: ${detail}` }, error);
  }
  if (isOutage(error)) return new WatchlakeError('DATABASE_UNAVAILABLE', { detail }, error);
  if (isRefusal(error)) return new WatchlakeError('DATABASE_REFUSED', { detail }, error);
  return error;
}

async function translated<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw databaseError(error);
  }
}

const queryable = (connection: Pool | PoolClient): Queryable => ({
  query: (text, values = []) => translated(() => connection.query(text, [...values])),
});

async function inTransaction<Result>(
  connection: PoolClient,
  work: (connection: Queryable) => Promise<Result>,
): Promise<Result> {
  await connection.query('BEGIN');
  try {
    const result = await work(queryable(connection));
    await connection.query('COMMIT');
    return result;
  } catch (error) {
    // A broken connection cannot roll back; the server does it when the connection ends.
    await connection.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const ignore = () => undefined;

export function createDatabase(pool: Pool): Database {
  return {
    ...queryable(pool),
    transaction: async (work) => {
      const connection = await translated(() => pool.connect());
      // A connection that breaks between two queries tells its listeners; none would end the process.
      connection.on('error', ignore);
      const release = (broken: boolean) => {
        connection.off('error', ignore);
        connection.release(broken);
      };
      try {
        const result = await translated(() => inTransaction(connection, work));
        release(false);
        return result;
      } catch (error) {
        release(isWatchlakeError(error) && error.code === 'DATABASE_UNAVAILABLE');
        throw error;
      }
    },
  };
}

/** The one row that a statement always returns. */
export function onlyRow<Row extends QueryResultRow>(result: QueryResult<Row>): Row {
  const [row] = result.rows;
  if (row === undefined || result.rows.length > 1)
    throw new Error(`expected one row, got ${result.rows.length}`);
  return row;
}
