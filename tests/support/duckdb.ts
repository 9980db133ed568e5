/** What expressions of SQL are on DuckDB. */
import { DuckDBInstance } from '@duckdb/node-api';

export async function valuesOf(expressions: readonly string[]): Promise<unknown[]> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const [values = []] = (
    await connection.runAndReadAll(`SELECT ${expressions.join(', ')}`)
  ).getRows();
  return values;
}
