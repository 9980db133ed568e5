/** How JSON may spell a text: any letter of it as an escape such as `\u00d6`, and once more within a text of JSON. */
import { folded } from './letters';

/** Stands in every folded text in which a letter is an escape. */
export const ESCAPE = '\\u';

/** What a letter takes at most: six characters, with the backslashes of JSON within JSON within JSON. */
export const LONGEST_LETTER = 13;

// The last letter that has another case lies below.
const CODES = 0x20000;

const SHORT: Readonly<Record<string, string>> = {
  ...{ '"': '\\\\*"', '\\': '\\\\+', '/': '\\\\*/' },
  ...{ '\b': '\\\\+b', '\f': '\\\\+f', '\n': '\\\\+n', '\r': '\\\\+r', '\t': '\\\\+t' },
};

let others: ReadonlyMap<string, readonly string[]> | undefined;

function foldedAlike(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (let code = 0; code < CODES; code += 1) {
    const letter = String.fromCodePoint(code);
    const small = folded(letter);
    if (small !== letter) found.set(small, [...(found.get(small) ?? []), letter]);
  }
  return found;
}

const escaped = (letter: string): string =>
  Array.from(
    { length: letter.length },
    (_unit, at) => `\\\\+u${letter.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');

const asItIs = (letter: string): string => letter.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');

function letterPattern(letter: string): string {
  others ??= foldedAlike();
  const alike = [letter, ...(others.get(letter) ?? [])];
  const spellings = [SHORT[letter] ?? [], asItIs(letter), alike.map(escaped)].flat();
  return `(?:${spellings.join('|')})`;
}

/** A regular expression of JavaScript, DuckDB and PostgreSQL that finds the text, however it is spelled, in a folded one. */
export const spelledPattern = (text: string): string =>
  [...folded(text)].map(letterPattern).join('');
