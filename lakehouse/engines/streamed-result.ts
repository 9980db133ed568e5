/** Reads a result piece by piece, and to its end: what breaks off in the middle is an error. */
import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBResult,
  DuckDBValue,
} from '@duckdb/node-api';
import { WatchlakeError } from '../../core/errors';

type Connection = Pick<DuckDBConnection, 'run' | 'stream'>;

/** Nothing can be asked in a transaction in which a statement has failed. */
const isWhole = (connection: Connection): Promise<boolean> =>
  connection.run('SELECT 1').then(
    () => true,
    () => false,
  );

/** The result itself does not say why it has ended: the statement is run again, without its rows. */
async function reasonOf(connection: Connection, sql: string): Promise<unknown> {
  try {
    await connection.run(`EXPLAIN ANALYZE ${sql}`);
  } catch (error) {
    return error;
  }
  return new WatchlakeError('MEMORY_SHORT');
}

/**
 * Chunks of what `open` streams of the statement, on the connection, which serves nothing else meanwhile. A streamed result ends
 * alike when all was read and when its statement has failed, for want of memory above all. Only the transaction tells.
 */
export async function* chunksOf(
  connection: Connection,
  sql: string,
  open: () => Promise<DuckDBResult> = () => connection.stream(sql),
): AsyncGenerator<DuckDBDataChunk> {
  await connection.run('BEGIN TRANSACTION');
  let isRead = false;
  try {
    const result = await open();
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      yield chunk;
    }
    isRead = await isWhole(connection);
  } finally {
    // What reads no further, or has failed, is over in any case.
    await connection.run(isRead ? 'COMMIT' : 'ROLLBACK').catch(() => undefined);
  }
  if (!isRead) throw await reasonOf(connection, sql);
}

/** Rows of a chunk at a time. */
export async function* streamRows(
  connection: Connection,
  sql: string,
): AsyncGenerator<DuckDBValue[][]> {
  for await (const chunk of chunksOf(connection, sql)) yield chunk.getRows();
}
