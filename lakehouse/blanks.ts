/** Blanks around a text. A plain TRIM takes others away in DuckDB than in Spark: which ones is said each time. */

// What forms and copied text leave around a name without anybody seeing it.
const BLANKS =
  ' \u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u202f\u205f\u2060\u3000\ufeff';
const CONTROLS = [9, 10, 13];
const AROUND = `[${BLANKS}${String.fromCharCode(...CONTROLS)}]+`;
const ENDS = new RegExp(`^${AROUND}|${AROUND}$`, 'g');
const BLANKS_SQL = `CONCAT('${BLANKS}', ${CONTROLS.map((code) => `CHR(${code})`).join(', ')})`;

export const withoutBlanks = (text: string): string => text.replace(ENDS, '');

/** The same in SQL, for every engine. */
export const withoutBlanksSql = (expression: string): string =>
  `TRIM(BOTH ${BLANKS_SQL} FROM ${expression})`;

/** Of figures spaces alone: any other blank makes them none. */
export const withoutSpacesSql = (expression: string): string => `TRIM(BOTH ' ' FROM ${expression})`;
