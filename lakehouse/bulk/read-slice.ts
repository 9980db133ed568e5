/** Reads slices of CSV in DuckDB: quickly where every line is plain, line by line where one is not. */
import { literal, quoted } from '../engines/duckdb-session';
import type { BulkField } from './fields';
import { problemSql, valueSql } from './fields';
import type { Slice } from './slice-member';

export interface Header {
  readonly width: number;
  /** Place of each field that the member has. */
  readonly places: ReadonlyMap<string, number>;
}

export interface SliceOfMember {
  /** As the column source_file names it. */
  readonly file: string;
  readonly header: Header;
  readonly slice: Slice;
}

/** Whether lines are split by DuckDB's own reader, or each by an expression that says what is wrong with it. */
export type Reading = 'quick' | 'exact';

const BUFFER_BYTES = 8 * 1024 * 1024;
const MAXIMUM_LINE = 'max_line_size = 2097152';

const QUOTED_FIELDS = `'(?:^|,)("(?:[^"]|"")*"|[^,"]*)'`;
const UNQUOTED = `CASE WHEN starts_with(f, '"') THEN replace(f[2:-2], '""', '"') ELSE f END`;

/** Columns `_0`, `_1`, … of the member as texts, source_line and line_problem. */
function quickSql({ header: { width }, slice }: SliceOfMember): string {
  const columns = Array.from({ length: width }, (_, at) => `'_${at}': 'VARCHAR'`).join(', ');
  return `SELECT *, row_number() OVER () + ${slice.firstLine - 1} AS source_line,
      CAST(NULL AS VARCHAR) AS line_problem
    FROM read_csv(${literal(slice.path)}, columns = {${columns}}, header = false,
      auto_detect = false, delim = ',', quote = '', escape = '', buffer_size = ${BUFFER_BYTES},
      ${MAXIMUM_LINE})`;
}

/** A line is a row: a quote that does not end on it is never closed. */
function exactSql({ header: { width }, slice }: SliceOfMember): string {
  const names = Array.from({ length: width }, (_, at) => `s.texts[${at + 1}] AS _${at}`);
  return `SELECT ${names.join(', ')}, s.source_line, s.line AS _line,
      CASE WHEN contains(s.line, chr(65533)) THEN 'not-utf-8:'
        WHEN s.texts IS NULL THEN 'quote-unclosed:'
        WHEN len(s.texts) <> ${width}
          AND NOT (len(s.texts) = ${width + 1} AND s.texts[${width + 1}] = '') THEN 'field-count:'
      END AS line_problem
    FROM (
      SELECT n.line, n.source_line,
        CASE WHEN NOT contains(n.line, '"') THEN string_split(n.line, ',')
          WHEN regexp_full_match(n.line, '("(?:[^"]|"")*"|[^,"]*)(,("(?:[^"]|"")*"|[^,"]*))*')
          THEN list_transform(regexp_extract_all(n.line, ${QUOTED_FIELDS}, 1), lambda f: ${UNQUOTED})
        END AS texts
      FROM (
        SELECT rtrim(r.line, chr(13)) AS line,
          row_number() OVER () + ${slice.firstLine - 1} AS source_line
        FROM read_csv(${literal(slice.path)}, columns = {'line': 'VARCHAR'},
          delim = '\x01\x02\x03\x04', quote = '', escape = '', header = false, auto_detect = false,
          strict_mode = false, buffer_size = ${BUFFER_BYTES}, ${MAXIMUM_LINE}) r
      ) n WHERE n.line <> ''
    ) s`;
}

/** The line as it stands in the file; the quick way has split it at its commas alone. */
function rawSql(reading: Reading, { width }: Header): string {
  if (reading === 'exact') return 'm._line';
  const texts = Array.from({ length: width }, (_, at) => `coalesce(m._${at}, '')`);
  return `array_to_string([${texts.join(', ')}], ',')`;
}

const linesSql = (of: SliceOfMember, reading: Reading): string =>
  reading === 'quick' ? quickSql(of) : exactSql(of);

/** Fields by name as texts; those that the member has not are null. */
function textsSql(of: SliceOfMember, fields: readonly BulkField[], reading: Reading): string {
  const texts = fields.map(({ name }) => {
    const place = of.header.places.get(name);
    return `${place === undefined ? 'CAST(NULL AS VARCHAR)' : `m._${place}`} AS ${quoted(name)}`;
  });
  return `SELECT ${texts.join(', ')}, m.source_line, m.line_problem, ${rawSql(reading, of.header)} AS raw
    FROM (${linesSql(of, reading)}) m`;
}

const judged = (fields: readonly BulkField[]): string =>
  `coalesce(t.line_problem, ${problemSql(fields)})`;

/** Good lines in the types of their fields, with source_line, in their order. */
export const goodRowsSql = (
  of: SliceOfMember,
  fields: readonly BulkField[],
  reading: Reading,
): string => `SELECT ${fields.map(valueSql).join(', ')}, t.source_line
    FROM (${textsSql(of, fields, reading)}) t WHERE ${judged(fields)} IS NULL`;

/** Lines that are no rows, with the columns of a quarantine. */
export const badLinesSql = (
  of: SliceOfMember,
  fields: readonly BulkField[],
  reading: Reading,
): string => `SELECT split_part(j.problem, ':', 1) AS reason,
      nullif(split_part(j.problem, ':', 2), '') AS detail,
      ${literal(of.file)} AS source_file, j.source_line, j.raw
    FROM (
      SELECT t.source_line, t.raw, ${judged(fields)} AS problem
      FROM (${textsSql(of, fields, reading)}) t
    ) j WHERE j.problem IS NOT NULL`;
