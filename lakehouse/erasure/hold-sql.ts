/** SQL of DuckDB that tells which rows hold a person, in columns of text. */
import type { Needles } from '../../core/needles';
import { patternsOf } from '../../core/needles';
import { inList, literal } from '../engines/duckdb-session';

const anyOf = (tests: readonly string[]): string =>
  tests.length === 0 ? 'false' : `(${tests.join(' OR ')})`;

const contains = (text: string, pattern: string): string =>
  `contains(lower(${text}), ${literal(pattern)})`;

/** `text`: an expression whose value may hold one of them anywhere, as JSON or as it is. */
export const textHoldsSql = (text: string, needles: Needles): string =>
  anyOf(patternsOf(needles).map((pattern) => contains(text, pattern)));

/** The same for a line of JSON, in which `names` stand between quotes. */
export const lineHoldsSql = (line: string, needles: Needles, names: readonly string[]): string =>
  anyOf([
    textHoldsSql(line, needles),
    ...names.map((name) => contains(line, JSON.stringify(name.toLowerCase()))),
  ]);

/** `cell`: a column in which people, devices or recordings are named. */
export const nameHoldsSql = (cell: string, needles: Needles): string =>
  anyOf([
    textHoldsSql(cell, needles),
    `lower(trim(${cell})) IN ${inList(needles.values.map((each) => each.toLowerCase()))}`,
  ]);
