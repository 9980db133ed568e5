/** Engines and parsers quote the values that they stumbled over: those may be personal, and histories and logs keep what is said. */

// DuckDB's errors about data; its others name tables, columns and files.
const ABOUT_DATA =
  /\b((?:Conversion|Invalid Input|Invalid|Out of Range|Constraint|Mismatch Type|Invalid type|Unknown Type|Decimal|Index|Sequence|Serialization|Expression|Executor|INTERNAL|FATAL) Error): (.*)/s;
const TYPE =
  /\bto (?:the destination type )?((?:BOOL|BOOLEAN|U?INT\d+|(?:TINY|SMALL|BIG|HUGE)INT|INTEGER|FLOAT|DOUBLE|DECIMAL|DATE|TIMESTAMP|TIME|INTERVAL|VARCHAR|BLOB|BIT|JSON|UUID)\b(?:\([\d,]+\))?(?:\[\d*\])?)/;
const COLUMN = /when casting from source column (\w+)$/;
// What DuckDB repeats of the statement, whose literals may be values.
const STATEMENT = /\n+LINE \d+:.*$/s;

const OTHERS: readonly [RegExp, string][] = [
  // Spark and Java
  [/The value .*? of the type/gs, 'A value of the type'],
  [/Text '.*?' could not be parsed/gs, 'A text could not be parsed'],
  [/For input string: ".*?"/gs, 'For an input string'],
  [/(Malformed records are detected in record parsing).*/gs, '$1'],
  // PostgreSQL
  [/(invalid input (?:syntax|value) for [^:]*): ".*"/gs, '$1'],
  // JSON.parse, and csv-parse
  [/Unexpected token .*? is not valid JSON/gs, 'It is not valid JSON'],
  [/, value is ".*"/gs, ''],
];

const QUOTED = /(['"`])[^]*?\1/g;

function aboutData(_text: string, kind: string, said: string): string {
  const [type, column] = [TYPE.exec(said)?.[1], COLUMN.exec(said)?.[1]];
  const facts = [type && `to ${type}`, column && `in the column ${column}`].filter(Boolean);
  return `${[kind, ...facts].join(' ')} (the value is left out)`;
}

/** The same text without the values of rows; one that quotes none stays as it is. */
export const withoutValues = (text: string): string =>
  OTHERS.reduce(
    (kept, [pattern, instead]) => kept.replace(pattern, instead),
    text.replace(STATEMENT, '').replace(ABOUT_DATA, aboutData),
  );

/** For texts whose other words are not known: everything in quotes goes. */
export const withoutQuotes = (text: string): string => text.replace(QUOTED, '$1…$1');

/** Whether DuckDB will say the same again, however often it is asked. */
export const isLasting = (text: string): boolean =>
  /^(?:Binder|Catalog|Parser|Not implemented|Conversion|Invalid Input|Out of Range|Constraint|Mismatch Type) Error: /.test(
    text,
  );
