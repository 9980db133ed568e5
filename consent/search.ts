/** Looks for a person in every row of our schemas. */
import { foldedSql } from '../core/letters';
import type { Needles } from '../core/needles';
import { FIELD_NAME, escapedPatternsOf, patternsOf } from '../core/needles';
import { ESCAPE } from '../core/spellings';
import {
  BULK_STATEMENT_TIMEOUT_MS,
  onlyRow,
  type Database,
  type Queryable,
} from '../core/postgres';

const SCHEMAS = ['registry', 'annotation', 'consent', 'devices', 'streaming', 'public'] as const;
type Schema = (typeof SCHEMAS)[number];

export interface SearchResult {
  tables: number;
  rows: number;
  /** Tables that hold the person, and in how many rows. */
  found: { place: string; rows: number }[];
}

// Tables that have rows of their own: what a partitioned one shows lies in its partitions.
const TABLES = `SELECT format('%I.%I', schema.nspname, t.relname) AS name
  FROM pg_class t JOIN pg_namespace schema ON schema.oid = t.relnamespace
  WHERE t.relkind = 'r' AND schema.nspname = ANY($1) ORDER BY 1`;

const holds = (line: string): string => `(
  EXISTS (SELECT 1 FROM unnest($1::text[]) pattern WHERE strpos(${line}, pattern) > 0)
  OR (strpos(${line}, '${ESCAPE}') > 0
    AND EXISTS (SELECT 1 FROM unnest($2::text[]) escaped WHERE ${line} ~ escaped)))`;

// Rows as JSON text, as the needles' patterns expect it: columns are names of fields there. The first test is for speed;
// without OFFSET the text would be made anew for each test.
const countSql = (table: string): string => `SELECT count(*)::int AS rows,
  (count(*) FILTER (WHERE ${holds('line')}
    AND ${holds(`regexp_replace(line, '${FIELD_NAME}', ' ', 'g')`)}))::int AS found
  FROM (SELECT ${foldedSql('to_jsonb(t)::text')} AS line FROM ${table} t
    WHERE t.ctid >= $3::tid AND t.ctid < $4::tid OFFSET 0) lines`;

const BLOCKS = `SELECT (pg_relation_size($1::regclass) / current_setting('block_size')::int)::int AS blocks`;

// What one statement reads: some seconds of work, after which a search tells that it lives, or ends.
const BLOCKS_AT_ONCE = 2_000;

export interface SearchOptions {
  readonly without?: readonly Schema[];
  readonly signal?: AbortSignal;
  /** Told of the rows that were read so far. */
  readonly onRows?: (rows: number) => void;
  readonly blocksAtOnce?: number;
}

interface Counted {
  readonly rows: number;
  readonly found: number;
}

/** One slice after the other, all as the table was when the first one was read. */
async function* slicesOf(
  connection: Queryable,
  table: string,
  patterns: readonly unknown[],
  blocksAtOnce: number,
): AsyncGenerator<Counted> {
  await connection.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
  await connection.query(`SET LOCAL statement_timeout = ${BULK_STATEMENT_TIMEOUT_MS}`);
  await connection.query(`LOCK TABLE ${table} IN ACCESS SHARE MODE`);
  const { blocks } = onlyRow(await connection.query<{ blocks: number }>(BLOCKS, [table]));
  for (let from = 0; from < blocks; from += blocksAtOnce) {
    const slice = [`(${from},0)`, `(${from + blocksAtOnce},0)`];
    yield onlyRow(await connection.query<Counted>(countSql(table), [...patterns, ...slice]));
  }
}

export function createSearch(database: Database) {
  return {
    async searchRows(
      needles: Needles,
      { without = [], signal, onRows, blocksAtOnce = BLOCKS_AT_ONCE }: SearchOptions = {},
    ): Promise<SearchResult> {
      const patterns = [patternsOf(needles), escapedPatternsOf(needles)];
      const schemas = SCHEMAS.filter((each) => !without.includes(each));
      const { rows: tables } = await database.query<{ name: string }>(TABLES, [schemas]);
      const result: SearchResult = { tables: tables.length, rows: 0, found: [] };
      for (const { name } of tables) {
        let held = 0;
        await database.transaction(async (connection) => {
          for await (const slice of slicesOf(connection, name, patterns, blocksAtOnce)) {
            result.rows += slice.rows;
            held += slice.found;
            onRows?.(result.rows);
            signal?.throwIfAborted();
          }
        });
        if (held > 0) result.found.push({ place: name, rows: held });
      }
      return result;
    },
  };
}
