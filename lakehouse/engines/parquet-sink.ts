/** Writes the result of a SELECT as Parquet files and moves them into the store. */
import { randomBytes } from 'node:crypto';
import { join, relative } from 'node:path';
import type { DataFile } from '../manifest';
import type { Store } from '../ports';
import type { DuckdbSession } from './duckdb-session';
import { literal, parquetRows, quoted, rowsOf } from './duckdb-session';

// Large enough to read well, small enough that engines which read in parallel get several.
const FILE_BYTES = 256 * 1024 * 1024;
const ROW_GROUP_ROWS = 122_880;
const VECTOR_ROWS = 2048;
// Of a column with more different values in a group a dictionary saves little, and to look for one takes a fifth
// of the time of writing.
const ROWS_PER_ENTRY = 16;
// At the first level the files of samples are as small as at the usual one, the third.
const CODECS = { zstd: 'zstd, COMPRESSION_LEVEL 1', snappy: 'snappy' };

export interface LocalFile {
  readonly path: string;
  /** Path under the sink's folder; shows the partitions. */
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

export interface SinkRequest {
  readonly select: string;
  /** Name of a folder in the session's scratch that does not exist yet. */
  readonly folder: string;
  readonly partitions?: readonly string[];
  /** Fewer need less memory while they are written. */
  readonly rowGroupRows?: number;
  /** What is written once and read once or twice is not worth the time that zstd takes. */
  readonly compression?: keyof typeof CODECS;
}

/** As many rows, of those that take `bytes` together, as a group may have that takes `groupBytes`; the usual number at most. */
export function rowGroupRowsFor(made: { rows: number; bytes: number }, groupBytes: number): number {
  const fitting = (groupBytes * made.rows) / Math.max(1, made.bytes);
  const vectors = Math.max(1, Math.floor(fitting / VECTOR_ROWS));
  return Math.min(ROW_GROUP_ROWS, vectors * VECTOR_ROWS);
}

/** Options of COPY; without partitions files end at 256 MB. */
export function parquetOptions({
  partitions = [],
  rowGroupRows = ROW_GROUP_ROWS,
  compression = 'zstd',
}: Omit<SinkRequest, 'select' | 'folder'>): string {
  const layout =
    partitions.length > 0
      ? `PARTITION_BY (${partitions.map(quoted).join(', ')}), WRITE_PARTITION_COLUMNS true`
      : `FILE_SIZE_BYTES ${FILE_BYTES}`;
  return `(FORMAT parquet, COMPRESSION ${CODECS[compression]}, ROW_GROUP_SIZE ${rowGroupRows},
    DICTIONARY_SIZE_LIMIT ${Math.ceil(rowGroupRows / ROWS_PER_ENTRY)}, ${layout}, RETURN_STATS true)`;
}

/** Without partitions there is always a file, also for no rows: it carries the columns. */
export async function copyToParquet(
  session: DuckdbSession,
  request: SinkRequest,
): Promise<LocalFile[]> {
  const { select, folder, ...options } = request;
  const target = join(session.scratch, folder);
  const stats = await rowsOf(
    session,
    `COPY (${select}) TO ${literal(target)} ${parquetOptions(options)}`,
  );
  return stats.map((each) => ({
    path: each.filename as string,
    name: relative(target, each.filename as string),
    rows: Number(each.count),
    bytes: Number(each.file_size_bytes),
  }));
}

/** Rows as archives and JSON land: written once, and read once or twice. */
export const copyLanded = (
  session: DuckdbSession,
  request: Omit<SinkRequest, 'compression'>,
): Promise<LocalFile[]> => copyToParquet(session, { ...request, compression: 'snappy' });

/**
 * Each attempt has a folder of its own: two writers of one snapshot never mix their files, and
 * whoever reads the winner's folder finds nothing that a killed attempt has left.
 */
export async function adoptFiles(
  store: Store,
  files: readonly LocalFile[],
  prefix: string,
): Promise<DataFile[]> {
  const attempt = randomBytes(4).toString('hex');
  const adopted: DataFile[] = [];
  for (const { path, name, rows, bytes } of files) {
    const key = `${prefix}${attempt}/${name}`;
    await store.adopt(key, path);
    adopted.push({ key, rows, bytes });
  }
  return adopted;
}

export const rowsIn = (files: readonly { rows: number }[]): number =>
  files.reduce((sum, { rows }) => sum + rows, 0);

/** A FROM clause over local files. */
export const parquetSql = (files: readonly { path: string }[]): string =>
  parquetRows(files.map(({ path }) => path));
