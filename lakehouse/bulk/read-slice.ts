/** Reads slices of CSV in DuckDB: quickly where every line is plain, line by line where one is not. */
import { literal, NO_PARTITIONS, quoted } from '../engines/duckdb-session';
import type { BulkField } from './fields';
import {
  columnsOf,
  isGoodTypedSql,
  momentMsSql,
  msColumn,
  problemSql,
  typedValueSql,
  valueSql,
} from './fields';
import type { Slice } from './slice-member';
import { hasMarkSql, withoutMarksSql } from '../sources/stray-returns';

export interface Header {
  readonly width: number;
  /** Place of each column of a field that the member has. */
  readonly places: ReadonlyMap<string, number>;
}

export interface SliceOfMember {
  /** As the column source_file names it. */
  readonly file: string;
  readonly header: Header;
  readonly slice: Slice;
}

/** How lines of texts are split: by DuckDB's own reader, or each by an expression that says what is wrong with it. */
export type Reading = 'quick' | 'exact';

// Twice the longest line; with 8 MB two conversions side by side held 25 MB more, and were no faster.
const BUFFER_BYTES = 4 * 1024 * 1024;
const MAXIMUM_LINE = 'max_line_size = 2097152';

/** Each with a comma before it, also the first: an empty match at the beginning would swallow the first comma. */
const QUOTED_FIELDS = `',("(?:[^"]|"")*"|[^,"]*)'`;
const UNQUOTED = `CASE WHEN starts_with(f, '"') THEN replace(f[2:-2], '""', '"') ELSE f END`;

/** Columns `_0`, `_1`, … of the member. */
function plainLines(
  { header: { width }, slice }: SliceOfMember,
  typeAt: (place: number) => string,
): string {
  const columns = Array.from({ length: width }, (_, at) => `'_${at}': '${typeAt(at)}'`).join(', ');
  return `read_csv(${literal(slice.path)}, columns = {${columns}}, header = false,
      auto_detect = false, skip = ${slice.skip}, delim = ',', quote = '', escape = '',
      buffer_size = ${BUFFER_BYTES}, ${MAXIMUM_LINE}, ${NO_PARTITIONS})`;
}

const lineNumber = ({ slice }: SliceOfMember): string =>
  `row_number() OVER () + ${slice.firstLine - 1} AS source_line`;

/** Columns `_0`, `_1`, … of the member, source_line and line_problem. */
const quickSql = (of: SliceOfMember): string =>
  `SELECT *, ${lineNumber(of)}, CAST(NULL AS VARCHAR) AS line_problem
    FROM ${plainLines(of, () => 'VARCHAR')}`;

/** Fields as a list; a line is a row: a quote that does not end on it is never closed. */
function exactSql({ header: { width }, slice }: SliceOfMember): string {
  const [line, ifMarked] = slice.strayReturns
    ? [withoutMarksSql('s.line'), `WHEN ${hasMarkSql('s.line')} THEN 'carriage-return:'`]
    : ['s.line', ''];
  return `SELECT s.texts, s.source_line, ${line} AS line,
      CASE ${ifMarked} WHEN contains(s.line, chr(65533)) THEN 'not-utf-8:'
        WHEN s.texts IS NULL THEN 'quote-unclosed:'
        WHEN len(s.texts) <> ${width}
          AND NOT (len(s.texts) = ${width + 1} AND s.texts[${width + 1}] = '') THEN 'field-count:'
      END AS line_problem
    FROM (
      SELECT n.line, n.source_line,
        CASE WHEN NOT contains(n.line, '"') THEN string_split(n.line, ',')
          WHEN regexp_full_match(n.line, '("(?:[^"]|"")*"|[^,"]*)(,("(?:[^"]|"")*"|[^,"]*))*')
          THEN list_transform(regexp_extract_all(',' || n.line, ${QUOTED_FIELDS}, 1), lambda f: ${UNQUOTED})
        END AS texts
      FROM (
        SELECT r.line,
          row_number() OVER () + ${slice.firstLine - 1} AS source_line
        FROM read_csv(${literal(slice.path)}, columns = {'line': 'VARCHAR'},
          delim = '\x01\x02\x03\x04', quote = '', escape = '', header = false, auto_detect = false,
          skip = ${slice.skip}, strict_mode = false, buffer_size = ${BUFFER_BYTES}, ${MAXIMUM_LINE},
          ${NO_PARTITIONS}) r
      ) n WHERE n.line <> ''
    ) s`;
}

const linesSql = (of: SliceOfMember, reading: Reading): string =>
  reading === 'quick' ? quickSql(of) : exactSql(of);

/** A text, or a list of them; null for each column that the member has not. */
function textSql(field: BulkField, { places }: Header, reading: Reading): string {
  const known = columnsOf(field).map((column) => places.get(column));
  const isAbsent = known.every((place) => place === undefined);
  if (isAbsent) return `CAST(NULL AS ${field.series === undefined ? 'VARCHAR' : 'VARCHAR[]'})`;
  if (field.series !== undefined && reading === 'exact' && !known.includes(undefined)) {
    const at = known.map((place) => (place as number) + 1);
    return `list_select(m.texts, [${at.join(', ')}])`;
  }
  const texts = known.map((place) => {
    if (place === undefined) return 'NULL';
    return reading === 'quick' ? `m._${place}` : `m.texts[${place + 1}]`;
  });
  return field.series === undefined ? texts.join('') : `[${texts.join(', ')}]`;
}

/** Fields by name as texts. */
function textsSql(of: SliceOfMember, fields: readonly BulkField[], reading: Reading): string {
  const texts = fields.map(
    (field) => `${textSql(field, of.header, reading)} AS ${quoted(field.name)}`,
  );
  return `SELECT ${texts.join(', ')}, m.source_line, m.line_problem${reading === 'exact' ? ', m.line AS raw' : ''}
    FROM (${linesSql(of, reading)}) m`;
}

/**
 * Rows of a slice in which every line is good: numbers are read as such at once. It fails, or gives fewer rows than
 * there are lines, where one is not; without underscores behind digits it gives none that the texts would not.
 */
export function typedRowsSql(of: SliceOfMember, fields: readonly BulkField[]): string {
  const { places } = of.header;
  const numbers = new Set(
    fields.filter(({ type }) => type === 'number').map(({ name }) => places.get(name)),
  );
  const columns = fields.flatMap((field) => {
    const place = places.get(field.name);
    const absent = `CAST(NULL AS ${field.type === 'number' ? 'DOUBLE' : 'VARCHAR'})`;
    const value = place === undefined ? absent : `m._${place}`;
    const own = `${value} AS ${quoted(field.name)}`;
    return field.type === 'moment'
      ? [own, `${momentMsSql(value)} AS ${quoted(msColumn(field))}`]
      : [own];
  });
  const lines = plainLines(of, (place) => (numbers.has(place) ? 'DOUBLE' : 'VARCHAR'));
  // The lines are numbered above the columns: a condition does not sink below that and parse a moment again.
  return `SELECT ${fields.map(typedValueSql).join(', ')}, t.source_line
    FROM (SELECT n.*, ${lineNumber(of)} FROM (SELECT ${columns.join(', ')} FROM ${lines} m) n) t
    WHERE ${isGoodTypedSql(fields)}`;
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

/** Lines that are no rows, with the columns of a quarantine. DuckDB's own reader forgets how a line was written. */
export const badLinesSql = (
  of: SliceOfMember,
  fields: readonly BulkField[],
): string => `SELECT split_part(j.problem, ':', 1) AS reason,
      nullif(split_part(j.problem, ':', 2), '') AS detail,
      ${literal(of.file)} AS source_file, j.source_line, j.raw
    FROM (
      SELECT t.source_line, t.raw, ${judged(fields)} AS problem
      FROM (${textsSql(of, fields, 'exact')}) t
    ) j WHERE j.problem IS NOT NULL`;
