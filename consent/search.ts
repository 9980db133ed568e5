/** Looks for a person in every row of our schemas. */
import type { Needles } from '../core/needles';
import { patternsOf } from '../core/needles';
import { onlyRow, type Database } from '../core/postgres';

const SCHEMAS = ['registry', 'annotation', 'consent', 'devices', 'streaming', 'public'] as const;
type Schema = (typeof SCHEMAS)[number];

export interface SearchResult {
  tables: number;
  rows: number;
  /** Tables that hold the person, and in how many rows. */
  found: { place: string; rows: number }[];
}

const TABLES = `SELECT format('%I.%I', table_schema, table_name) AS name
  FROM information_schema.tables
  WHERE table_type = 'BASE TABLE' AND table_schema = ANY($1) ORDER BY 1`;

// Rows as JSON text, as the needles' patterns expect it.
const countSql = (table: string): string => `SELECT count(*)::int AS rows,
  (count(*) FILTER (WHERE EXISTS (
    SELECT 1 FROM unnest($1::text[]) pattern
    WHERE strpos(lower(to_jsonb(t)::text), pattern) > 0)))::int AS found
  FROM ${table} t`;

export function createSearch(database: Database) {
  return {
    async searchRows(
      needles: Needles,
      { without = [] }: { without?: readonly Schema[] } = {},
    ): Promise<SearchResult> {
      const patterns = patternsOf(needles);
      const schemas = SCHEMAS.filter((each) => !without.includes(each));
      const { rows: tables } = await database.query<{ name: string }>(TABLES, [schemas]);
      const result: SearchResult = { tables: tables.length, rows: 0, found: [] };
      for (const { name } of tables) {
        const counted = await database.query<{ rows: number; found: number }>(countSql(name), [
          patterns,
        ]);
        const { rows, found } = onlyRow(counted);
        result.rows += rows;
        if (found > 0) result.found.push({ place: name, rows: found });
      }
      return result;
    },
  };
}
