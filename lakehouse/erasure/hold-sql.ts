/** SQL of DuckDB that tells which rows hold a person, in columns of text. */
import { folded, foldedSql } from '../../core/letters';
import type { Needles } from '../../core/needles';
import { FIELD_NAME, escapedPatternsOf, patternsOf, wholePattern } from '../../core/needles';
import { ESCAPE } from '../../core/spellings';
import { inList, literal } from '../engines/duckdb-session';

const anyOf = (tests: readonly string[]): string =>
  tests.length === 0 ? 'false' : `(${tests.join(' OR ')})`;

const contains = (text: string, pattern: string): string =>
  `contains(${foldedSql(text)}, ${literal(pattern)})`;

const withoutFieldNames = (text: string): string =>
  `regexp_replace(${text}, ${literal(FIELD_NAME)}, ' ', 'g')`;

const matches = (text: string, pattern: string): string =>
  `regexp_matches(${foldedSql(text)}, ${literal(pattern)})`;

interface Patterns {
  readonly plain: readonly string[];
  /** Regular expressions for texts with escapes. */
  readonly escaped: readonly string[];
}

const holdsAny = (text: string, { plain, escaped }: Patterns): string =>
  anyOf([
    ...plain.map((pattern) => contains(text, pattern)),
    `(${contains(text, ESCAPE)} AND ${anyOf(escaped.map((each) => matches(text, each)))})`,
  ]);

/** The first test is for speed: few texts pass it. */
const holds = (text: string, patterns: Patterns): string =>
  patterns.plain.length === 0
    ? 'false'
    : `(${holdsAny(text, patterns)} AND ${holdsAny(withoutFieldNames(text), patterns)})`;

/** `text`: an expression whose value may hold one of them anywhere, as JSON or as it is. */
export const textHoldsSql = (text: string, needles: Needles): string =>
  holds(text, { plain: patternsOf(needles), escaped: escapedPatternsOf(needles) });

/** The same for a line of JSON, in which `names` stand between quotes. */
export const lineHoldsSql = (line: string, needles: Needles, names: readonly string[]): string =>
  holds(line, {
    plain: [...patternsOf(needles), ...names.map((name) => JSON.stringify(folded(name)))],
    escaped: [...escapedPatternsOf(needles), ...names.map(wholePattern)],
  });

/** `cell`: a column in which people, devices or recordings are named. */
export const nameHoldsSql = (cell: string, needles: Needles): string =>
  anyOf([
    textHoldsSql(cell, needles),
    `${foldedSql(`trim(${cell})`)} IN ${inList(needles.values.map(folded))}`,
  ]);
