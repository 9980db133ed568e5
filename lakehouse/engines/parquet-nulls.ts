/** What Parquet files say of themselves: their statistics count the nulls of each column. */
import type { Relation, Store } from '../ports';
import type { DuckdbSession } from './duckdb-session';
import { inList, literal, rowsOf } from './duckdb-session';

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
  const list = `[${paths.map(literal).join(', ')}]`;
  // A column whose path is not its name is a list: its nulls are those of its elements.
  const [row] = await rowsOf(
    session,
    `SELECT
      (SELECT count(*) FROM parquet_metadata(${list}) m
        WHERE m.path_in_schema IN ${inList(columns)} AND m.stats_null_count = 0) AS good,
      (SELECT sum(f.num_row_groups)::BIGINT FROM parquet_file_metadata(${list}) f) AS groups`,
  );
  return Number(row?.good) === Number(row?.groups) * columns.length;
}
