/** Looks for a person in every row of our schemas. */
import { foldedSql } from '../core/letters';
import type { Needles } from '../core/needles';
import { FIELD_NAME, escapedPatternsOf, patternsOf } from '../core/needles';
import { ESCAPE } from '../core/spellings';
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

const holds = (line: string): string => `(
  EXISTS (SELECT 1 FROM unnest($1::text[]) pattern WHERE strpos(${line}, pattern) > 0)
  OR (strpos(${line}, '${ESCAPE}') > 0
    AND EXISTS (SELECT 1 FROM unnest($2::text[]) escaped WHERE ${line} ~ escaped)))`;

// Rows as JSON text, as the needles' patterns expect it: columns are names of fields there. The first test is for speed.
const countSql = (table: string): string => `SELECT count(*)::int AS rows,
  (count(*) FILTER (WHERE ${holds('line')}
    AND ${holds(`regexp_replace(line, '${FIELD_NAME}', ' ', 'g')`)}))::int AS found
  FROM (SELECT ${foldedSql('to_jsonb(t)::text')} AS line FROM ${table} t) lines`;

export function createSearch(database: Database) {
  return {
    async searchRows(
      needles: Needles,
      { without = [] }: { without?: readonly Schema[] } = {},
    ): Promise<SearchResult> {
      const patterns = [patternsOf(needles), escapedPatternsOf(needles)];
      const schemas = SCHEMAS.filter((each) => !without.includes(each));
      const { rows: tables } = await database.query<{ name: string }>(TABLES, [schemas]);
      const result: SearchResult = { tables: tables.length, rows: 0, found: [] };
      for (const { name } of tables) {
        const counted = await database.query<{ rows: number; found: number }>(
          countSql(name),
          patterns,
        );
        const { rows, found } = onlyRow(counted);
        result.rows += rows;
        if (found > 0) result.found.push({ place: name, rows: found });
      }
      return result;
    },
  };
}
