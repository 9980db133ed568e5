/** Moves many rows between PostgreSQL and CSV files, in one transaction with other statements. */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Pool, PoolClient } from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { BULK_STATEMENT_TIMEOUT_MS, databaseError, type Queryable } from '../core/postgres';

export interface BulkConnection extends Queryable {
  /** Writes the rows of a SELECT to a new file: CSV without a header, null as nothing. */
  copyOut(select: string, file: string): Promise<void>;
  /** Appends the rows of such a file, which has the named columns in their order. */
  copyIn(target: { table: string; columns: readonly string[] }, file: string): Promise<void>;
}

const OPTIONS = '(FORMAT csv)';

const bulkConnection = (client: PoolClient): BulkConnection => ({
  query: (text, values = []) => client.query(text, [...values]),
  copyOut: (select, file) =>
    pipeline(
      client.query(copyTo(`COPY (${select}) TO STDOUT ${OPTIONS}`)),
      createWriteStream(file),
    ),
  copyIn: ({ table, columns }, file) =>
    pipeline(
      createReadStream(file),
      client.query(copyFrom(`COPY ${table} (${columns.join(', ')}) FROM STDIN ${OPTIONS}`)),
    ),
});

const ignore = () => undefined;

/** All of it is kept, or nothing; an outage is DATABASE_UNAVAILABLE, which may be retried. */
export async function bulkTransaction<Result>(
  pool: Pool,
  work: (connection: BulkConnection) => Promise<Result>,
): Promise<Result> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw databaseError(error);
  }
  // A connection that breaks between two statements tells its listeners; none would end the process.
  client.on('error', ignore);
  let broken = true;
  try {
    await client.query('BEGIN');
    await client.query(`SET LOCAL statement_timeout = ${BULK_STATEMENT_TIMEOUT_MS}`);
    const result = await work(bulkConnection(client));
    await client.query('COMMIT');
    broken = false;
    return result;
  } catch (error) {
    broken = !(await client.query('ROLLBACK').then(
      () => true,
      () => false,
    ));
    throw databaseError(error);
  } finally {
    client.off('error', ignore);
    client.release(broken);
  }
}
