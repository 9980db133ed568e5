/** A hash of a table's content that does not depend on the order of its rows or on its files. */
import { createViews, quoted, rowsOf, withDuckdb } from '../../lakehouse/engines/duckdb-session';
import type { Lake } from '../../lakehouse/lake';
import type { Relation } from '../../lakehouse/ports';
import type { ColumnDeclaration } from '../../lakehouse/tables';

// Sums of floating-point numbers differ in the last digits between two runs.
const DIGITS = 9;

/** Null is not the empty text, and -0 is 0. */
function canonical({ name, type }: ColumnDeclaration): string {
  const column = quoted(name);
  if (type === 'double' || type === 'float') {
    return `CASE WHEN ${column} IS NULL THEN 'n' ELSE 'v' || (round(${column}, ${DIGITS}) + 0.0)::VARCHAR END`;
  }
  return `CASE WHEN ${column} IS NULL THEN 'n' ELSE 'v' || ${column}::VARCHAR END`;
}

/** Rows and the sum of their 64-bit hashes; `except` names columns that may differ. */
export async function tableContentHash(
  { store, duckdb: options }: Lake,
  relation: Relation,
  { except = [] }: { except?: readonly string[] } = {},
): Promise<string> {
  const columns = relation.columns.filter(({ name }) => !except.includes(name));
  return withDuckdb({ store, options }, async (session) => {
    await createViews(session, store, { content: relation });
    const [row] = await rowsOf(
      session,
      `SELECT count(*)::VARCHAR || '-' ||
          coalesce(sum(hash(concat_ws('|', ${columns.map(canonical).join(', ')}))), 0)::VARCHAR AS hash
        FROM content`,
    );
    return row?.hash as string;
  });
}
