/** Writes rows that lie in a table of the session in their declared order, with memory that does not grow with them. */
import { basename, dirname, join } from 'node:path';
import type { TableDeclaration } from '../tables';
import { numberOf, quoted, rowsOf, type DuckdbSession } from './duckdb-session';
import { copyToParquet, rowGroupRowsFor, type LocalFile } from './parquet-sink';

export interface OrderedRows {
  readonly table: Pick<TableDeclaration, 'key' | 'orderBy' | 'partitions'>;
  /** Name of the table that they lie in. */
  readonly from: string;
  /** How many there are, and about how much memory they take. */
  readonly rows: number;
  readonly bytes: number;
  /** Whether of the rows with one key the first alone is written. */
  readonly firstOfKey: boolean;
}

// DuckDB spills what it sorts, yet holds several times a block of 122,880 rows: with features and signals that is
// more than its usual limit. So much of the limit is sorted at once.
const SORTED_SHARE = 1 / 10;
// Each thread holds a row group three times over while it is compressed.
const ROW_GROUP_SHARE = 1 / 64;

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

async function memoryLimitOf(session: DuckdbSession): Promise<number> {
  const [row] = await rowsOf(session, `SELECT current_setting('memory_limit') AS text`);
  const [amount, unit] = (row?.text as string).split(' ');
  return Number(amount) * 1024 ** UNITS.indexOf(unit as string);
}

const listOf = (names: readonly string[]): string => names.map(quoted).join(', ');

async function isInOrder(session: DuckdbSession, { table, from }: OrderedRows): Promise<boolean> {
  if (table.orderBy.length === 0) return true;
  const key = `row(${listOf(table.orderBy)})`;
  const behind = await numberOf(
    session,
    `SELECT count(*) FROM (SELECT ${key} < lag(${key}) OVER () AS is_behind FROM ${quoted(from)})
      WHERE is_behind`,
  );
  return behind === 0;
}

/** Files of several pieces lie beside one another. */
const ofPiece =
  (piece: number) =>
  ({ name, ...file }: LocalFile): LocalFile => ({
    ...file,
    name: join(dirname(name), `${piece}-${basename(name)}`),
  });

/** The order of the files, and of the rows in each, is the declared one. */
export async function copyInOrder(
  session: DuckdbSession,
  request: OrderedRows,
): Promise<LocalFile[]> {
  const { table, rows, bytes, firstOfKey } = request;
  const limit = await memoryLimitOf(session);
  const from = quoted(request.from);
  const order = table.orderBy.length === 0 ? '' : ` ORDER BY ${listOf(table.orderBy)}`;
  // Rows are numbered as they were appended.
  const firsts = firstOfKey
    ? ` WHERE rowid IN (SELECT MIN(rowid) FROM ${from} GROUP BY ${listOf(table.key)})`
    : '';
  const { partitions } = table;
  const options = {
    partitions,
    rowGroupRows: rowGroupRowsFor({ rows, bytes }, limit * ROW_GROUP_SHARE),
  };
  const pieces = Math.ceil(bytes / (limit * SORTED_SHARE));
  const select = `SELECT * FROM ${from}${firsts}`;
  // Several threads write the groups of a file in the order in which they are done.
  if (rows > options.rowGroupRows) await session.connection.run('SET threads = 1');
  if (!firstOfKey && (await isInOrder(session, request))) {
    return copyToParquet(session, { folder: 'rows', select, ...options });
  }
  if (order === '' || pieces <= 1) {
    return copyToParquet(session, { folder: 'rows', select: `${select}${order}`, ...options });
  }
  await session.connection.run(`CREATE TEMP TABLE places AS
    SELECT rowid AS place, ntile(${pieces}) OVER (${order}) - 1 AS piece FROM ${from}${firsts}`);
  const files: LocalFile[] = [];
  for (let piece = 0; piece < pieces; piece += 1) {
    const written = await copyToParquet(session, {
      folder: `rows-${piece}`,
      select: `SELECT made.* FROM ${from} made JOIN places ON places.place = made.rowid
        WHERE places.piece = ${piece}${order}`,
      ...options,
    });
    files.push(...written.filter((file) => file.rows > 0).map(ofPiece(piece)));
  }
  return files;
}
