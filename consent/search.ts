/** Looks for a person in every row of our schemas. */
import { foldedSql } from '../core/letters';
import type { Needles, Patterns } from '../core/needles';
import { FIELD_NAME, NO_NAME, hintsOf, patternsOf } from '../core/needles';
import { ESCAPE } from '../core/spellings';
import {
  BULK_STATEMENT_TIMEOUT_MS,
  onlyRow,
  type Database,
  type Queryable,
} from '../core/postgres';

export const SCHEMAS = [
  'registry',
  'annotation',
  'consent',
  'devices',
  'streaming',
  'public',
] as const;
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

// What numbers, dates, times, truths and bytes may hold are no names; in the digits of bytes a short one turns up by chance.
const COLUMNS = `SELECT format('t.%I', a.attname) AS column
  FROM pg_attribute a JOIN pg_type type ON type.oid = a.atttypid
  WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
    AND type.typcategory NOT IN ('N', 'D', 'T', 'B') AND type.typname <> 'bytea' ORDER BY a.attnum`;

const anyOf = (parameter: string, test: string): string =>
  `EXISTS (SELECT 1 FROM unnest(${parameter}::text[]) pattern WHERE ${test})`;

const holds = (
  line: string,
  { plain, escaped, named }: Record<keyof Patterns, string>,
): string => `(
  ${anyOf(plain, `strpos(${line}, pattern) > 0`)} OR ${anyOf(named, `${line} ~ pattern`)}
  OR (strpos(${line}, '${ESCAPE}') > 0 AND ${anyOf(escaped, `${line} ~ pattern`)}))`;

const HINTS = { plain: '$3', escaped: '$4', named: '$5' };
const PATTERNS = { plain: '$6', escaped: '$7', named: '$8' };

// Rows as JSON text, as the needles' patterns expect it: columns are names of fields there. The first test is for speed;
// without OFFSET the text would be made anew for each test.
const countSql = (table: string, columns: readonly string[]): string => `SELECT
  count(*)::int AS rows, (count(*) FILTER (WHERE ${holds('line', HINTS)}
    AND ${holds(`regexp_replace(line, '${FIELD_NAME}', '${NO_NAME}', 'g')`, PATTERNS)}))::int AS found
  FROM (SELECT ${foldedSql('to_jsonb(named)::text')} AS line
    FROM (SELECT ${columns.join(', ')} FROM ${table} t
      WHERE t.ctid >= $1::tid AND t.ctid < $2::tid) named OFFSET 0) lines`;

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
  const { rows: named } = await connection.query<{ column: string }>(COLUMNS, [table]);
  const count = countSql(
    table,
    named.map(({ column }) => column),
  );
  for (let from = 0; from < blocks; from += blocksAtOnce) {
    const slice = [`(${from},0)`, `(${from + blocksAtOnce},0)`];
    yield onlyRow(await connection.query<Counted>(count, [...slice, ...patterns]));
  }
}

export function createSearch(database: Database) {
  return {
    async searchRows(
      needles: Needles,
      { without = [], signal, onRows, blocksAtOnce = BLOCKS_AT_ONCE }: SearchOptions = {},
    ): Promise<SearchResult> {
      const patterns = [hintsOf(needles), patternsOf(needles)].flatMap(
        ({ plain, escaped, named }) => [plain, escaped, named],
      );
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
