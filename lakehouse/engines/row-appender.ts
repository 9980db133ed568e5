/** Brings rows made by our own code into a table of a DuckDB session. */
import type { DuckDBAppender, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  FLOAT,
  INTEGER,
  LIST,
  VARCHAR,
  listValue,
} from '@duckdb/node-api';
import type { ColumnDeclaration, ColumnType } from '../tables';
import type { DuckdbSession } from './duckdb-session';
import { quoted, sqlType } from './duckdb-session';

export type Cell = string | number | boolean | null | Float32Array | readonly (string | number)[];

const TYPES: Record<ColumnType, DuckDBType> = {
  string: VARCHAR,
  bigint: BIGINT,
  integer: INTEGER,
  double: DOUBLE,
  float: FLOAT,
  boolean: BOOLEAN,
  'float-list': LIST(FLOAT),
  'string-list': LIST(VARCHAR),
};

// The number of rows that DuckDB keeps in one vector.
const CHUNK_ROWS = 2048;

function toValue(cell: Cell, type: ColumnType): DuckDBValue {
  if (cell === null) return null;
  if (type === 'bigint') return BigInt(cell as number);
  if (typeof cell === 'object') return listValue(Array.from<string | number>(cell));
  return cell;
}

/** About as much as the cell takes in memory: to choose sizes by. */
function bytesOf(cell: Cell): number {
  if (cell === null || typeof cell === 'boolean') return 1;
  if (typeof cell === 'string') return cell.length;
  if (typeof cell === 'number') return 8;
  if (cell instanceof Float32Array) return cell.byteLength;
  return cell.reduce<number>((sum, item) => sum + bytesOf(item), 0);
}

export interface RowAppender {
  append(row: readonly Cell[]): void;
  /** Of all rows so far. */
  readonly bytes: number;
  /** Makes all appended rows visible to the session; nothing can be appended afterwards. */
  finish(): number;
}

export async function createRowAppender(
  { connection }: DuckdbSession,
  table: string,
  columns: readonly ColumnDeclaration[],
  /** Of long rows fewer are to wait in memory. */
  chunkRows = CHUNK_ROWS,
): Promise<RowAppender> {
  const definitions = columns.map((each) => `${quoted(each.name)} ${sqlType(each)}`);
  await connection.run(`CREATE TABLE ${quoted(table)} (${definitions.join(', ')})`);
  const appender: DuckDBAppender = await connection.createAppender(table);
  const types = columns.map(({ type }) => TYPES[type]);
  let buffer: DuckDBValue[][] = columns.map(() => []);
  let buffered = 0;
  let total = 0;
  let bytes = 0;

  function flush(): void {
    if (buffered === 0) return;
    const chunk = DuckDBDataChunk.create(types, buffered);
    buffer.forEach((values, index) => chunk.setColumnValues(index, values));
    appender.appendDataChunk(chunk);
    // DuckDB's own buffer counts rows as well, whatever their size.
    if (chunkRows < CHUNK_ROWS) appender.flushSync();
    buffer = columns.map(() => []);
    buffered = 0;
  }

  return {
    get bytes() {
      return bytes;
    },
    append(row) {
      columns.forEach(({ type }, index) => {
        const cell = row[index] ?? null;
        bytes += bytesOf(cell);
        (buffer[index] as DuckDBValue[]).push(toValue(cell, type));
      });
      buffered += 1;
      total += 1;
      if (buffered === chunkRows) flush();
    },
    finish() {
      flush();
      appender.closeSync();
      return total;
    },
  };
}
