/** SQL that reads JSON lines by a declared schema, and says of each line what is wrong with it. */
import { literal, NO_PARTITIONS, quoted } from '../engines/duckdb-session';
import type { Field } from './fields';

// 1973, as milliseconds: as seconds it would be the year 5138.
const EARLIEST_MS = 100_000_000_000;
// 2100.
const LATEST_MS = 4_102_444_800_000;
const LINE_BYTES = 16 * 1024 * 1024;

/** The JSON text of each field is read as it is: what it may become is decided here alone. */
const text = ({ name }: Field): string => `j.${quoted(name)}`;

// What sources write where there is no moment, as of a consent that was taken back.
const NO_MOMENT = '^(-?0([.]0+)?([eE][-+]?[0-9]+)?|" *")$';

function isAbsent(field: Field): string {
  const absent = `${text(field)} IS NULL OR ${text(field)} = 'null'`;
  if (field.required || field.type !== 'epoch') return absent;
  return `${absent} OR regexp_matches(${text(field)}, ${literal(NO_MOMENT)})`;
}

const asEpoch = (field: Field): string => `TRY_CAST(${text(field)} AS BIGINT)`;
const asNumber = (field: Field): string => `TRY_CAST(${text(field)} AS DOUBLE)`;

/** A cast would round 1.5, and read 1e3. */
const isNoInteger = (field: Field): string =>
  `${asEpoch(field)} IS NULL OR contains(${text(field)}, '.') OR contains(lower(${text(field)}), 'e')`;

const WRONG_TYPE: Record<Field['type'], (field: Field) => string> = {
  text: (field) => `${text(field)}[1] <> '"'`,
  epoch: isNoInteger,
  number: (field) => `${asNumber(field)} IS NULL OR NOT isfinite(${asNumber(field)})`,
};

const VALUE: Record<Field['type'], (field: Field) => string> = {
  text: (field) =>
    `CASE WHEN contains(${text(field)}, '\\') THEN json_extract_string(${text(field)}, '$')
      ELSE ${text(field)}[2:-2] END`,
  epoch: asEpoch,
  number: asNumber,
};

/** The value in its type; null stays null. */
export const valueSql = (field: Field): string =>
  `CASE WHEN ${isAbsent(field)} THEN NULL ELSE ${VALUE[field.type](field)} END`;

function problemsOf(field: Field): [string, string][] {
  const present = (condition: string): string => `NOT (${isAbsent(field)}) AND (${condition})`;
  const blank = `starts_with(${text(field)}, '"') AND trim(${text(field)}[2:-2], ' ') = ''`;
  const missing = field.type === 'text' ? `${isAbsent(field)} OR (${blank})` : isAbsent(field);
  const problems: [string, string][] = [['wrong-type', present(WRONG_TYPE[field.type](field))]];
  if (field.required) problems.unshift(['field-missing', missing]);
  if (field.type !== 'epoch') return problems;
  return [
    ...problems,
    ['epoch-in-seconds', present(`${asEpoch(field)} BETWEEN 1 AND ${EARLIEST_MS - 1}`)],
    ['epoch-out-of-range', present(`${asEpoch(field)} NOT BETWEEN 1 AND ${LATEST_MS}`)],
  ];
}

/** `<reason>:<field>` of the first problem, or null for a good line. */
export const problemSql = (fields: readonly Field[]): string => {
  const cases = fields.flatMap((field) =>
    problemsOf(field).map(
      ([reason, condition]) => `WHEN ${condition} THEN ${literal(`${reason}:${field.name}`)}`,
    ),
  );
  return `CASE ${cases.join('\n    ')} END`;
};

const PLAIN: Record<Field['type'], (field: Field) => string> = {
  // Text with escapes, or that begins with a space, is looked at more closely.
  text: (field) =>
    `starts_with(${text(field)}, '"') AND strlen(${text(field)}) > 2
      AND NOT starts_with(${text(field)}, '" ') AND NOT contains(${text(field)}, '\\')
      AND NOT contains(${text(field)}, chr(65533))`,
  epoch: (field) =>
    `${asEpoch(field)} BETWEEN ${EARLIEST_MS} AND ${LATEST_MS} AND strlen(${text(field)}) IN (12, 13)
      AND NOT contains(${text(field)}, '.') AND NOT contains(lower(${text(field)}), 'e')`,
  number: (field) => `isfinite(${asNumber(field)})`,
};

/**
 * True only of objects in which `problemSql` finds nothing either, and cheaper by half. It may miss
 * some: whoever counts on it looks at the rest with the other one.
 */
export const plainlyGoodSql = (fields: readonly Field[]): string =>
  fields
    .map((field) => {
      const plain = PLAIN[field.type](field);
      return field.required ? `(${plain})` : `(${text(field)} IS NULL OR (${plain}))`;
    })
    .join('\n    AND ');

const PLAIN_VALUE: Record<Field['type'], (field: Field) => string> = {
  ...VALUE,
  text: (field) => `${text(field)}[2:-2]`,
};

/** The value of a plainly good field. */
export const plainValueSql = (field: Field): string => PLAIN_VALUE[field.type](field);

/** Whether there is more than white space; by the same rule lines are counted. */
export const isFilledSql = (line: string): string => `regexp_matches(${line}, '[^\\x00-\\x20]')`;

/** Every line of the file as it is, or null for a blank one. */
export const linesSql = (path: string): string =>
  `read_csv(${literal(path)}, columns = {'line': 'VARCHAR'}, delim = '\x01\x02\x03\x04', quote = '',
    escape = '', header = false, auto_detect = false, strict_mode = false, ${NO_PARTITIONS},
    max_line_size = ${LINE_BYTES}, buffer_size = ${4 * LINE_BYTES})`;

const DUCKDB_TYPES: Record<Field['type'], string> = {
  text: 'VARCHAR',
  epoch: 'BIGINT',
  number: 'DOUBLE',
};

const newlineDelimited = (
  path: string,
  typeOf: (field: Field) => string,
  fields: readonly Field[],
  ignoreErrors = true,
) =>
  `read_json(${literal(path)}, format = 'newline_delimited', ignore_errors = ${ignoreErrors},
    columns = {${fields.map((field) => `${literal(field.name)}: '${typeOf(field)}'`).join(', ')}},
    maximum_object_size = ${LINE_BYTES}, ${NO_PARTITIONS})`;

/** Objects of the file in the types of their fields: the reader takes much for a number that is none. */
export const typedObjectsSql = (path: string, fields: readonly Field[]): string =>
  newlineDelimited(path, ({ type }) => DUCKDB_TYPES[type], fields);

const TYPED_GOOD: Record<Field['type'], (name: string) => string> = {
  text: (name) => `${name} IS NOT NULL`,
  epoch: (name) => `${name} BETWEEN ${EARLIEST_MS} AND ${LATEST_MS}`,
  number: (name) => `isfinite(${name})`,
};

/** Of rows `j` of plain lines, none of whose fields may be absent. */
export const typedGoodSql = (fields: readonly Field[]): string =>
  fields.map(({ name, type }) => TYPED_GOOD[type](`j.${quoted(name)}`)).join(' AND ');

/** A JSON value compares and indexes as JSON: as text it is what stands in the file. */
const asText = (expression: string, { name }: Field): string =>
  `CAST(${expression} AS VARCHAR) AS ${quoted(name)}`;

const withTexts = (objects: string, fields: readonly Field[]): string => {
  const texts = fields.map((field) => asText(`o.${quoted(field.name)}`, field)).join(', ');
  return `(SELECT ${texts} FROM ${objects} o)`;
};

const asJson = (): string => 'JSON';

/** Objects of the file, a line each; what is no object is a row of nulls, and of a repeated field the first counts. */
export const objectsSql = (path: string, fields: readonly Field[]): string =>
  withTexts(newlineDelimited(path, asJson, fields), fields);

/** The same where each line is an object that has no field twice; else the reader refuses the file. */
export const strictObjectsSql = (path: string, fields: readonly Field[]): string =>
  withTexts(newlineDelimited(path, asJson, fields, false), fields);

const paths = (fields: readonly Field[]): string =>
  fields.map(({ name }) => literal(`$."${name}"`)).join(', ');

/** Readers of JSON differ in which of them counts; null when no field is there twice. */
const repeatedSql = (names: string, fields: readonly Field[]): string => {
  const declared = fields.map(({ name }) => literal(name)).join(', ');
  return `list_filter([${declared}], lambda f: len(list_filter(${names}, lambda k: k = f)) > 1)[1]`;
};

/**
 * From (source_file, source_line, line): the line's fields as JSON text, and what is wrong with the line itself.
 * JSON functions fail for a whole vector when one line is malformed: those see valid lines alone.
 */
export const fieldsOfLinesSql = (numbered: string, fields: readonly Field[]): string => {
  const columns = fields.map((field, at) => asText(`t.texts[${at + 1}]`, field));
  return `SELECT t.source_file, t.source_line, t.line,
    coalesce(t.line_problem, 'field-repeated:' || ${repeatedSql('t.names', fields)}) AS line_problem,
    ${columns.join(', ')} FROM (
    SELECT n.source_file, n.source_line, n.line,
      CASE WHEN contains(n.line, chr(65533)) THEN 'not-utf-8:'
        WHEN NOT json_valid(n.line) AND contains(n.line, chr(13)) THEN 'carriage-return:'
        WHEN NOT json_valid(n.line) THEN 'json-malformed:'
        WHEN json_type(n.line) <> 'OBJECT' THEN 'not-an-object:' END AS line_problem,
      CASE WHEN json_valid(n.line) THEN json_keys(n.line) END AS names,
      CASE WHEN json_valid(n.line) THEN json_extract(n.line, [${paths(fields)}]) END AS texts
    FROM (${numbered}) n
  ) t`;
};
