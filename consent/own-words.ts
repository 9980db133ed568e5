/** Words that the database writes by itself, which may be a person's name as well: whoever is called `champion` is not every alias. */
import type { Database } from '../core/postgres';
import { SCHEMAS } from './search';

// Constants of checks and of defaults: what a column takes, the schema itself tells.
const CONSTANTS = `SELECT DISTINCT found[1] AS word FROM (
    SELECT pg_get_constraintdef(c.oid) AS text FROM pg_constraint c
      JOIN pg_namespace schema ON schema.oid = c.connamespace
      WHERE c.contype = 'c' AND schema.nspname = ANY($1)
    UNION ALL
    SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
      JOIN pg_class t ON t.oid = d.adrelid JOIN pg_namespace schema ON schema.oid = t.relnamespace
      WHERE schema.nspname = ANY($1)
  ) written, regexp_matches(written.text, '''([^'']+)''', 'g') found`;

/** Columns that take no check, and into which our code alone writes: fixed words, and sentences with figures. */
export const VOCABULARY: Readonly<Record<string, readonly string[]>> = {
  'consent.ledger': ['purpose'],
  'public.watchlake_migrations': ['name'],
  'registry.alias_moves': ['alias', 'outcome'],
  'registry.aliases': ['alias'],
  'registry.verdicts': ['outcome', 'reason', 'explanation'],
};

export const createOwnWords = (database: Database) => ({
  async ownWords(): Promise<string[]> {
    const { rows: words } = await database.query<{ word: string }>(CONSTANTS, [SCHEMAS]);
    for (const [table, columns] of Object.entries(VOCABULARY)) {
      for (const column of columns) {
        const sql = `SELECT DISTINCT ${column} AS word FROM ${table}`;
        words.push(...(await database.query<{ word: string }>(sql)).rows);
      }
    }
    return words.map(({ word }) => word);
  },
});
