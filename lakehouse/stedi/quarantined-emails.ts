/** SQL that finds the e-mails in quarantined lines, of which one may hold many records. */
import { normalSql } from './fields';

const BACKSLASH = 'CHR(92)';
const KEY = '"email"';

// Patterns without a backslash mean the same to every engine. A line that was cut off is no JSON, and may name its person.
const VALUE = '^[^",]*"([^"]*)"';

// What encoders of JSON write as an escape although they need not; letters of ASCII none does.
const PUNCTUATION = [..."@.+-_'&=/!#$%*?^`{|}~"];

const codeOf = (letter: string): string => letter.charCodeAt(0).toString(16).padStart(4, '0');

const unescapedSql = (text: string, escape: string, letter: string): string =>
  `REPLACE(${text}, CONCAT(${BACKSLASH}, '${escape}'), '${letter.replace("'", "''")}')`;

/** A line of JSON within JSON names its fields between escaped quotes. */
export const lineSql = (raw: string): string => unescapedSql(raw, '"', '"');

/** How many letters of the text are names of this field. */
const lettersSql = (text: string, name: string): string =>
  `LENGTH(${text}) - LENGTH(REPLACE(${text}, '${name}', ''))`;

export const isRepeatedSql = (text: string, name: string): string =>
  `${lettersSql(text, name)} > ${name.length}`;

export const isCrowdedSql = (text: string): string => isRepeatedSql(text, KEY);

/** The nth e-mail of a text as it is spelled there, or nothing. */
export const spelledEmailSql = (text: string, nth: string): string =>
  `REGEXP_EXTRACT(SPLIT_PART(${text}, '${KEY}', ${nth} + 1), '${VALUE}', 1)`;

// As encoders write what stands around an e-mail unseen.
const BLANKS = ['t', 'n', 'r', 'u00a0', 'u00A0', 'ufeff', 'uFEFF'];

const withoutBlanksSql = (spelled: string): string =>
  BLANKS.reduce((text, blank) => unescapedSql(text, blank, ' '), spelled);

/** In the one spelling, in which escapes are in lower case, too; other escapes than of punctuation and blanks stay. */
export const emailSql = (spelled: string): string =>
  PUNCTUATION.reduce(
    (text, letter) => unescapedSql(text, `u${codeOf(letter)}`, letter),
    unescapedSql(unescapedSql(normalSql(withoutBlanksSql(spelled)), '/', '/'), 'u0130', 'i'),
  );

const LETTERS = `abcdefghijklmnopqrstuvwxyz0123456789${PUNCTUATION.join('').replace("'", "''")} "(),:;<>[]`;
const MOST_ESCAPES = 12;
const ESCAPE_LETTERS = 5;

const marked = (parts: readonly string[]): string => `CONCAT(${[BACKSLASH, ...parts].join(', ')})`;

/** What a line is found by: its e-mail, or one without the letters that are escapes, for which the engines share no function. */
export function keySql(email: string): string {
  const part = (nth: number): string => `SPLIT_PART(${email}, ${BACKSLASH}, ${nth})`;
  const others = Array.from(
    { length: MOST_ESCAPES },
    (_, at) => `SUBSTR(${part(at + 2)}, ${ESCAPE_LETTERS + 1})`,
  );
  return `CASE WHEN POSITION(${BACKSLASH} IN ${email}) > 0 THEN ${marked([part(1), ...others])} ELSE ${email} END`;
}

/** What lines that spell letters beyond ASCII as escapes find a person by; null for whom there are none. */
export const escapedKeySql = (email: string): string =>
  `CASE WHEN REGEXP_EXTRACT(${email}, '[^ -~]', 0) <> '' THEN ${marked([
    `TRANSLATE(${email}, TRANSLATE(${email}, '${LETTERS}', ''), '')`,
  ])} END`;

// A crowded line may be as long as a whole file: it is cut until no e-mail is looked for in more than a piece.
const AT_ONCE = 100;
const WIDTHS = [2_500_000, 25_000, 250] as const;
// More than the field of an e-mail takes, which is whole in the piece in which it begins.
const OVERLAP = 750;
const MOST_IN_PIECE = Math.ceil(WIDTHS[2] / KEY.length);

const DIGITS = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS digit`).join(
  ' UNION ALL ',
);

const piecesSql = (from: string, width: number): string => `
  SELECT SUBSTR(p.line, n.n * ${width} + 1, ${width + OVERLAP}) AS line,
    LEAST(p.size - n.n * ${width}, ${width + OVERLAP}) AS size
  FROM ${from} p CROSS JOIN numbers n WHERE n.n * ${width} < p.size`;

/** Common table expressions, the last one `crowds`: each e-mail as it is spelled in a crowded line of `unread`. */
export const CROWDS_SQL = `digits AS (${DIGITS}),
numbers AS (
  SELECT ${AT_ONCE / 10} * t.digit + o.digit AS n FROM digits t CROSS JOIN digits o
), crowded AS (
  SELECT l.*, LENGTH(l.line) AS size FROM unread l WHERE ${isCrowdedSql('l.line')}
), pieces_0 AS (${piecesSql('crowded', WIDTHS[0])}
), pieces_1 AS (${piecesSql('pieces_0', WIDTHS[1])}
), pieces_2 AS (${piecesSql('pieces_1', WIDTHS[2])}
), crowds AS (
  SELECT ${spelledEmailSql('c.line', 'n.n')} AS spelled
  FROM (SELECT p.*, ${lettersSql('p.line', KEY)} AS letters FROM pieces_2 p) c
  CROSS JOIN numbers n
  WHERE n.n BETWEEN 1 AND ${MOST_IN_PIECE} AND n.n * ${KEY.length} <= c.letters
)`;
