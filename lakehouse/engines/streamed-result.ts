/** Reads a result piece by piece, and to its end: what breaks off in the middle is an error. */
import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBResult,
  DuckDBValue,
} from '@duckdb/node-api';

type Connection = Pick<DuckDBConnection, 'run' | 'stream'>;

/**
 * A streamed result ends alike when all was read and when its statement has failed, for want of memory above all. Only
 * the transaction tells: nothing can be asked in one that has failed.
 */
async function refuseBroken(connection: Connection): Promise<void> {
  try {
    await connection.run('SELECT 1');
  } catch (error) {
    const message =
      'DuckDB broke off while its result was read, most likely for want of memory: raise DUCKDB_MEMORY_LIMIT';
    throw new Error(message, { cause: error });
  }
}

/** Chunks of what `open` streams on the connection, which serves nothing else meanwhile. */
export async function* chunksOf(
  connection: Connection,
  open: () => Promise<DuckDBResult>,
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
    await refuseBroken(connection);
    isRead = true;
  } finally {
    // What reads no further, or has failed, is over in any case.
    await connection.run(isRead ? 'COMMIT' : 'ROLLBACK').catch(() => undefined);
  }
}

export const streamChunks = (
  connection: Connection,
  sql: string,
): AsyncGenerator<DuckDBDataChunk> => chunksOf(connection, () => connection.stream(sql));

/** Rows of a chunk at a time. */
export async function* streamRows(
  connection: Connection,
  sql: string,
): AsyncGenerator<DuckDBValue[][]> {
  for await (const chunk of streamChunks(connection, sql)) yield chunk.getRows();
}
