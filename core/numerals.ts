/** Names that are spelled like numbers: where in a text such a one names somebody, and where it may be a number. */
import { spelledPattern } from './spellings';

/** One number, with what numbers have besides digits: sign, point, exponent; or a date. `E100234` and `12-34-5678` are none. */
export const isNumeral = (name: string): boolean =>
  /^([+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|\d{4}-\d\d-\d\d)$/i.test(name);

// Regular expressions of JavaScript, DuckDB and PostgreSQL about what stands beside it, in folded texts.

/** What stands around numbers in JSON, in lines of CSV and in tables. */
const AROUND_NUMBERS = ' \\t\\r\\n,;:=|<>(){}\\[\\]';
/** The same, and white space as JSON spells it. */
const SEPARATED = `[${AROUND_NUMBERS}]|\\\\+[nrt]`;

/** Blanks, and the quote that opens before them or closes after them: one that ends the text before, or begins the next, is none. */
const OPENED = `(?:^|${SEPARATED})\\\\*["'] +`;
const CLOSED = ` +\\\\*["'](?:$|${SEPARATED})`;

/** Such as a quote, a slash, a word. A sign or a point is that of a number, unless something is written before it. */
const NAMED_BEFORE = [
  `[^${AROUND_NUMBERS}0-9a-z.+-]`,
  '[a-z_/]\\.',
  '["\']\\+',
  '(?:[0-9a-df-z_)/]|[a-z_]e)[+-]',
  '\\\\+u[0-9a-f]{4}',
  // No letter of an escape, such as that of a new line.
  '(?:^|[^\\\\])[a-z_à-\ud7ff] +',
  OPENED,
].join('|');

/** A point is that of a number when a digit follows. */
const NAMED_AFTER = `[^${AROUND_NUMBERS}0-9a-z.\\\\]|\\.[a-z_]|\\\\+[^nrt\\\\]|\\\\+$|${CLOSED}`;

const BOUND_BEFORE = `^|${SEPARATED}|${NAMED_BEFORE}`;
const BOUND_AFTER = `$|${SEPARATED}|\\.[^0-9]|\\.$|${NAMED_AFTER}`;

/** Finds it where it is no part of a longer number or word. */
export const boundPattern = (numeral: string): string =>
  `(?:${BOUND_BEFORE})${spelledPattern(numeral)}(?:${BOUND_AFTER})`;

/** Finds it where, besides, it is no number: on one side at least stands what stands beside no number. */
export function namedPattern(numeral: string): string {
  const own = spelledPattern(numeral);
  return `(?:(?:${NAMED_BEFORE})${own}(?:${BOUND_AFTER})|(?:${BOUND_BEFORE})${own}(?:${NAMED_AFTER}))`;
}

/** The same for JavaScript, which finds it without what stands beside it. */
export function namedAlonePattern(numeral: string): string {
  const own = spelledPattern(numeral);
  return `(?:(?<=${NAMED_BEFORE})${own}(?=${BOUND_AFTER})|(?<=${BOUND_BEFORE})${own}(?=${NAMED_AFTER}))`;
}
