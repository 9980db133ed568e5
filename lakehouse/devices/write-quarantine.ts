/** The quarantine of all landing runs in few files: what was there before, and what this run has rejected. */
import type { DuckdbSession } from '../engines/duckdb-session';
import { relationSql } from '../engines/duckdb-session';
import { copyToParquet, rowsIn } from '../engines/parquet-sink';
import type { Lake } from '../lake';
import type { DataFile } from '../manifest';
import { QUARANTINE_COLUMNS } from '../quarantine';
import { REJECTED } from './stage-events';

const MOST_FILES = 16;
const ORDER = 'ORDER BY source_file, source_line';

export interface QuarantineRequest {
  readonly before: readonly DataFile[];
  readonly folder: string;
}

async function adopt(
  { store }: Lake,
  local: Awaited<ReturnType<typeof copyToParquet>>,
  folder: string,
  first: number,
): Promise<DataFile[]> {
  const written: DataFile[] = [];
  for (const [index, { path, rows, bytes }] of local.entries()) {
    const key = `${folder}${String(first + index).padStart(6, '0')}.parquet`;
    await store.adopt(key, path);
    written.push({ key, rows, bytes });
  }
  return written;
}

async function copyAll({ store }: Lake, { before, folder }: QuarantineRequest) {
  const copied: DataFile[] = [];
  for (const [index, file] of before.entries()) {
    const key = `${folder}${String(index).padStart(6, '0')}.parquet`;
    await store.copy(file.key, key);
    copied.push({ ...file, key });
  }
  return copied;
}

async function merged(session: DuckdbSession, lake: Lake, { before, folder }: QuarantineRequest) {
  const held = { columns: QUARANTINE_COLUMNS, files: before };
  const from = await relationSql(session, lake.store, held);
  const local = await copyToParquet(session, {
    folder: 'quarantine-before',
    select: `SELECT * FROM ${from} ${ORDER}`,
  });
  return adopt(lake, local, folder, 0);
}

interface Written {
  readonly files: DataFile[];
  /** Of them those that hold what this run has rejected, and nothing else. */
  readonly own: DataFile[];
}

/** Small files are taken over until there are many, then they become one; the run's own rows come beside them. */
export async function writeQuarantine(
  session: DuckdbSession,
  lake: Lake,
  request: QuarantineRequest,
): Promise<Written> {
  const { before, folder } = request;
  const merges = before.length >= MOST_FILES;
  const held = merges ? await merged(session, lake, request) : await copyAll(lake, request);
  const rejected = await copyToParquet(session, {
    folder: 'quarantine',
    select: `SELECT * FROM ${REJECTED} ${ORDER}`,
  });
  const own = rowsIn(rejected) === 0 ? [] : await adopt(lake, rejected, folder, held.length);
  return { files: [...held, ...own], own };
}
