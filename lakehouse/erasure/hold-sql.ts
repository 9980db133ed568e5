/** SQL of DuckDB that tells which rows hold a person, in columns of text. */
import { folded, foldedSql } from '../../core/letters';
import type { Needles, Patterns } from '../../core/needles';
import { FIELD_NAME, NO_NAME, hintsOf, patternsOf, wholePattern } from '../../core/needles';
import { isNumeral } from '../../core/numerals';
import { ESCAPE, spelledPattern } from '../../core/spellings';
import { inList, literal } from '../engines/duckdb-session';

const anyOf = (tests: readonly string[]): string =>
  tests.length === 0 ? 'false' : `(${tests.join(' OR ')})`;

const contains = (text: string, pattern: string): string =>
  `contains(${foldedSql(text)}, ${literal(pattern)})`;

const withoutFieldNames = (text: string): string =>
  `regexp_replace(${text}, ${literal(FIELD_NAME)}, ${literal(NO_NAME)}, 'g')`;

const matches = (text: string, pattern: string): string =>
  `regexp_matches(${foldedSql(text)}, ${literal(pattern)})`;

const holdsAny = (text: string, { plain, escaped, named }: Patterns): string =>
  anyOf([
    ...plain.map((pattern) => contains(text, pattern)),
    ...named.map((pattern) => matches(text, pattern)),
    `(${contains(text, ESCAPE)} AND ${anyOf(escaped.map((each) => matches(text, each)))})`,
  ]);

/** The first test is for speed: few texts pass it. */
const holds = (text: string, hints: Patterns, patterns: Patterns): string =>
  hints.plain.length === 0
    ? 'false'
    : `(${holdsAny(text, hints)} AND ${holdsAny(withoutFieldNames(text), patterns)})`;

/** `text`: an expression whose value may hold one of them anywhere, as JSON or as it is. */
export const textHoldsSql = (text: string, needles: Needles): string =>
  holds(text, hintsOf(needles), patternsOf(needles));

/** The same for a line of JSON, in which `names` stand between quotes. */
export function lineHoldsSql(line: string, needles: Needles, names: readonly string[]): string {
  const withNames = ({ plain, escaped, named }: Patterns): Patterns => ({
    plain: [...plain, ...names.map((name) => JSON.stringify(folded(name)))],
    escaped: [...escaped, ...names.map(wholePattern)],
    named,
  });
  return holds(line, withNames(hintsOf(needles)), withNames(patternsOf(needles)));
}

/** Columns, and fields of rows, in which even a short text, or what is spelled like a number, is somebody's name. */
const NAMING = [
  ...['subject', 'subject_key', 'user', 'user_id', 'email', 'customerName', 'phone'],
  ...['serialNumber', 'device', 'device_id', 'recording', 'key'],
];

const isNaming = new RegExp(`^(?:${NAMING.join('|')})$`, 'i');
const NAMING_FIELD = `"(?:${NAMING.map(folded).join('|')})"\\s*:\\s*`;

/** A field of nothing but a number, as sources of text have them. */
const FIGURE_FIELD = '"[A-Za-z_]\\w*"\\s*:\\s*" *[0-9.eE+-]* *"';

const namesOf = ({ texts, values }: Needles): string[] =>
  [...values, ...texts.filter(isNumeral)].map(folded);

/** A row as JSON, as quarantine keeps it: its fields are columns. */
function rowHoldsSql(row: string, needles: Needles): string {
  const numerals = namesOf(needles).filter(isNumeral);
  if (numerals.length === 0) return textHoldsSql(row, needles);
  const others = `regexp_replace(${row}, ${literal(FIGURE_FIELD)}, ' ', 'g')`;
  return anyOf([
    textHoldsSql(others, needles),
    ...numerals.map((each) => matches(row, `${NAMING_FIELD}" *${spelledPattern(each)} *"`)),
  ]);
}

/** `cell`: the value of a column, as text. */
export function cellHoldsSql(column: string, cell: string, needles: Needles): string {
  if (column === 'raw') return rowHoldsSql(cell, needles);
  const holds = textHoldsSql(cell, needles);
  if (!isNaming.test(column)) return holds;
  return anyOf([holds, `${foldedSql(`trim(${cell})`)} IN ${inList(namesOf(needles))}`]);
}
