/** Fields of CSV members of any size: declared, never guessed, each judged by one expression. */
import { literal, quoted } from '../engines/duckdb-session';

export interface BulkField {
  readonly name: string;
  /** A moment is `YYYY-MM-DD hh:mm:ss`, with or without a fraction, on some local clock. */
  readonly type: 'number' | 'text' | 'moment';
  /** Whether a row without it is none. */
  readonly required: boolean;
}

// Clocks of watches; a watch that was reset begins in 1970 or 2001.
const EARLIEST_MS = Date.UTC(2005, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

const text = ({ name }: BulkField): string => `t.${quoted(name)}`;
const isBlank = (field: BulkField): string => `${text(field)} IS NULL OR trim(${text(field)}) = ''`;
const asNumber = (field: BulkField): string => `TRY_CAST(${text(field)} AS DOUBLE)`;

/** Milliseconds since 1970 as if the local clock showed UTC. */
export const momentMsSql = (expression: string): string =>
  `epoch_us(TRY_CAST(${expression} AS TIMESTAMP)) / 1000.0`;

/** A cast reads dates, zones and much else as well. */
const isNoMoment = (field: BulkField): string => {
  const t = text(field);
  return `strlen(${t}) NOT BETWEEN 19 AND 29 OR (strlen(${t}) > 19 AND ${t}[20] <> '.')
    OR NOT (${t}[-1] BETWEEN '0' AND '9') OR ${momentMsSql(t)} IS NULL`;
};

/** A cast reads 1_000, nan and inf as numbers. */
const isNoNumber = (field: BulkField): string =>
  `NOT isfinite(${asNumber(field)}) OR contains(${text(field)}, '_') OR ${asNumber(field)} IS NULL`;

function problemsOf(field: BulkField): [string, string][] {
  const present = (condition: string): string => `NOT (${isBlank(field)}) AND (${condition})`;
  const missing: [string, string][] = field.required ? [['field-missing', isBlank(field)]] : [];
  if (field.type === 'text') return missing;
  if (field.type === 'number') return [...missing, ['wrong-type', present(isNoNumber(field))]];
  const outside = `${momentMsSql(text(field))} NOT BETWEEN ${EARLIEST_MS} AND ${LATEST_MS}`;
  return [
    ...missing,
    ['wrong-type', present(isNoMoment(field))],
    ['moment-out-of-range', present(outside)],
  ];
}

/** `<reason>:<field>` of the first problem of a row `t` of texts, or null for a good one. */
export const problemSql = (fields: readonly BulkField[]): string => {
  const cases = fields.flatMap((field) =>
    problemsOf(field).map(
      ([reason, condition]) => `WHEN ${condition} THEN ${literal(`${reason}:${field.name}`)}`,
    ),
  );
  return `CASE ${cases.join('\n    ')} END`;
};

/** The value in its type: numbers as DOUBLE, the rest as text; null when blank. */
export const valueSql = (field: BulkField): string =>
  field.type === 'number'
    ? `${asNumber(field)} AS ${quoted(field.name)}`
    : `nullif(trim(${text(field)}), '') AS ${quoted(field.name)}`;
