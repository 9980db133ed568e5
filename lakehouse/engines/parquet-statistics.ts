/** What Parquet files say of themselves: their statistics count the nulls of each column, and tell its least and largest value. */
import type { Relation, Store } from '../ports';
import type { DuckdbSession } from './duckdb-session';
import { inList, literal, rowsOf } from './duckdb-session';
import type { LocalFile } from './parquet-sink';

/**
 * Whether no row of the relation has a null in these columns, by the files' statistics alone, which does not show
 * that their pages can be read; false where they do not say so: then the rows have to be looked at.
 */
export async function isWithoutNulls(
  session: DuckdbSession,
  store: Store,
  { files }: Relation,
  columns: readonly string[],
): Promise<boolean> {
  if (files.length === 0) return true;
  // The value of a partition is that of its folder's name, not the one in the file.
  const isPartition = (name: string): boolean => files.some(({ key }) => key.includes(`/${name}=`));
  if (columns.some(isPartition)) return false;
  const paths = await Promise.all(files.map(({ key }) => store.localPath(key, session.scratch)));
  // A column whose path is not its name is a list: its nulls are those of its elements.
  return doAllGroupsSay(session, paths, columns, 'm.stats_null_count = 0');
}

/**
 * Whether all numbers of these columns lie within `largest` of zero, by the files' statistics alone; false where they
 * do not say so: of a group with a NaN or an infinity they say nothing.
 */
export const isWithinBounds = (
  session: DuckdbSession,
  files: readonly LocalFile[],
  columns: readonly string[],
  largest: number,
): Promise<boolean> =>
  doAllGroupsSay(
    session,
    files.map(({ path }) => path),
    columns,
    `(m.stats_null_count = m.num_values OR (TRY_CAST(m.stats_min_value AS DOUBLE) >= ${-largest}
      AND TRY_CAST(m.stats_max_value AS DOUBLE) <= ${largest}))`,
  );

/** Whether it holds of each of the columns in every group of rows. */
async function doAllGroupsSay(
  session: DuckdbSession,
  paths: readonly string[],
  columns: readonly string[],
  condition: string,
): Promise<boolean> {
  const list = `[${paths.map(literal).join(', ')}]`;
  const [row] = await rowsOf(
    session,
    `SELECT
      (SELECT count(*) FROM parquet_metadata(${list}) m
        WHERE m.path_in_schema IN ${inList(columns)} AND ${condition}) AS good,
      (SELECT sum(f.num_row_groups)::BIGINT FROM parquet_file_metadata(${list}) f) AS groups`,
  );
  return Number(row?.good) === Number(row?.groups) * columns.length;
}
