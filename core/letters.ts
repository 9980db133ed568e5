/** Texts whose case does not matter: one rule for JavaScript, DuckDB and PostgreSQL. */

// Each of them lowers these differently: İ into one letter or two, Σ by its place in the word.
const ALIKE = { from: 'İΣς', to: 'iσσ' };

/** Of the same length as the text. */
export const folded = (text: string): string =>
  text.replace(/[İΣς]/g, (letter) => ALIKE.to[ALIKE.from.indexOf(letter)] as string).toLowerCase();

/** The same of an SQL expression of a text. */
export const foldedSql = (expression: string): string =>
  `lower(translate(${expression}, '${ALIKE.from}', '${ALIKE.to}'))`;

/** A name or label in one of the two ways in which Unicode writes an accent: names of files on a Mac come in the other one. */
export const composed = (name: string): string => name.normalize('NFC');

/** Both ways. */
export const accentSpellings = (name: string): string[] => [composed(name), name.normalize('NFD')];
