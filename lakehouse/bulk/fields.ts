/** Fields of CSV members of any size: declared, never guessed, each judged by one expression. */
import { LARGEST_VALUE } from '../../models/signal';
import { literal, quoted } from '../engines/duckdb-session';

export interface BulkField {
  readonly name: string;
  /** A moment is `YYYY-MM-DD hh:mm:ss`, with or without a fraction, on some local clock. */
  readonly type: 'number' | 'text' | 'moment';
  /** Whether a row without it is none. */
  readonly required: boolean;
  /** Columns whose numbers make up one list; otherwise the field is the column of its name. */
  readonly series?: readonly string[];
}

// Clocks of watches; a watch that was reset begins in 1970 or 2001.
const EARLIEST_MS = Date.UTC(2005, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

export const columnsOf = ({ name, series }: BulkField): readonly string[] => series ?? [name];

const isBlank = (text: string): string => `${text} IS NULL OR trim(${text}) = ''`;
const asNumber = (text: string): string => `TRY_CAST(${text} AS DOUBLE)`;

/** Milliseconds since 1970 as if the local clock showed UTC. */
export const momentMsSql = (expression: string): string =>
  `epoch_us(TRY_CAST(${expression} AS TIMESTAMP)) / 1000.0`;

/** The column beside a moment that has its milliseconds: it is parsed once. */
export const msColumn = ({ name }: Pick<BulkField, 'name'>): string => `${name}_ms`;

const MOMENT = String.raw`'\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,9})?'`;

/** A cast reads dates alone and other spellings as well, and zones, of which it then thinks nothing. */
const isNoMoment = (text: string, ms: string): string =>
  `NOT regexp_full_match(${text}, ${MOMENT}) OR ${ms} IS NULL`;

// As watches write it: GLOB takes less than half the time of the pattern.
const USUAL_MOMENT = literal('####-##-## ##:##:##.######'.replaceAll('#', '[0-9]'));
const isUsualMoment = (text: string): string => `${text} GLOB ${USUAL_MOMENT}`;

const isOutside = (ms: string): string => `${ms} NOT BETWEEN ${EARLIEST_MS} AND ${LATEST_MS}`;

/** Null of what is no number; NaN is beyond any limit. */
const isPossible = (value: string): string => `(abs(${value}) <= ${LARGEST_VALUE})`;

/** A cast reads 1_000, nan and inf as numbers. */
const isNoNumber = (text: string): string =>
  `${isPossible(asNumber(text))} IS NOT TRUE OR contains(${text}, '_')`;

/** What can be wrong with a text of the field, and when it is. */
function problemsOf({ type, required }: BulkField, text: string): [string, string][] {
  // Blank texts are few among those with a problem: whether it is one is asked last.
  const present = (condition: string): string => `(${condition}) AND NOT (${isBlank(text)})`;
  const missing: [string, string][] = required ? [['field-missing', isBlank(text)]] : [];
  if (type === 'text') return missing;
  if (type === 'number') return [...missing, ['wrong-type', present(isNoNumber(text))]];
  const ms = momentMsSql(text);
  return [
    ...missing,
    ['wrong-type', present(isNoMoment(text, ms))],
    ['moment-out-of-range', present(isOutside(ms))],
  ];
}

const columnCase = (field: BulkField, reason: string, condition: string): string =>
  `WHEN ${condition} THEN ${literal(`${reason}:${field.name}`)}`;

/** Wide files have hundreds of columns: as a list they take one expression and little memory. */
function seriesCase(field: BulkField, reason: string, condition: string): string {
  const place = `list_position(
      list_transform(t.${quoted(field.name)}, lambda v: coalesce(${condition}, false)), true)`;
  const names = columnsOf(field).map(literal).join(', ');
  return `WHEN ${place} > 0 THEN ${literal(`${reason}:`)} || [${names}][${place}]`;
}

const firstOf = (cases: readonly string[]): string => `CASE ${cases.join('\n    ')} END`;

/** `<reason>:<column>` of the first problem of a row `t` of texts, or null for a good one. */
export const problemSql = (fields: readonly BulkField[]): string => {
  const cases = fields.flatMap((field) => {
    const isSeries = field.series !== undefined;
    const asCase = isSeries ? seriesCase : columnCase;
    return problemsOf(field, isSeries ? 'v' : `t.${quoted(field.name)}`).map(
      ([reason, condition]) => asCase(field, reason, condition),
    );
  });
  return firstOf(cases);
};

function isGoodTyped(field: BulkField): string[] {
  const value = `t.${quoted(field.name)}`;
  const present = field.required ? [`${value} IS NOT NULL`] : [];
  if (field.type === 'number') return present;
  if (field.type === 'text') return field.required ? [`NOT (${isBlank(value)})`] : [];
  const ms = `t.${quoted(msColumn(field))}`;
  const good = `(${isUsualMoment(value)} OR NOT (${isNoMoment(value, ms)})) AND NOT (${isOutside(ms)})`;
  return field.required ? [...present, good] : [`(${value} IS NULL OR (${good}))`];
}

/**
 * Whether a row `t` is good beyond doubt whose numbers are DOUBLE and whose moments have their milliseconds beside
 * them, but for the size of its numbers; what is no number has not been read at all.
 */
export const isGoodTypedSql = (fields: readonly BulkField[]): string =>
  ['true', ...fields.flatMap(isGoodTyped)].join(' AND ');

/** The value of a field that was read in its type. */
export const typedValueSql = (field: BulkField): string => {
  const own = (name: string): string => `t.${quoted(name)} AS ${quoted(name)}`;
  if (field.type === 'number') return own(field.name);
  return field.type === 'moment' ? `${own(field.name)}, ${own(msColumn(field))}` : valueSql(field);
};

/**
 * The value in its type: numbers as DOUBLE, a series as a list of them, a moment as text and beside it in
 * milliseconds, the rest as text; null when blank.
 */
export const valueSql = (field: BulkField): string => {
  const text = `t.${quoted(field.name)}`;
  if (field.series !== undefined) {
    return `list_transform(${text}, lambda v: ${asNumber('v')}) AS ${quoted(field.name)}`;
  }
  if (field.type === 'number') return `${asNumber(text)} AS ${quoted(field.name)}`;
  const own = `nullif(trim(${text}), '') AS ${quoted(field.name)}`;
  return field.type === 'moment'
    ? `${own}, ${momentMsSql(text)} AS ${quoted(msColumn(field))}`
    : own;
};
