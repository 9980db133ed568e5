/** Reads CSV members row by row with their line numbers; a broken row fails by file and line. */
import { on } from 'node:events';
import { pipeline } from 'node:stream';
import type { Parser } from 'csv-parse';
import { CsvError, parse } from 'csv-parse';
import { isWatchlakeError, WatchlakeError } from '../../core/errors';
import { fewOf } from '../../core/few-of';
import { counted } from '../../core/figures';
import type { Source } from '../sources/source';

const READING = {
  bom: true,
  relax_column_count: true,
  max_record_size: 1024 * 1024,
  // All of them: otherwise the first line's would be every line's, and rows that others have added keep a stray return.
  record_delimiter: ['\r\n', '\n', '\r'],
};

export interface CsvRow {
  readonly cells: readonly string[];
  /** The line on which the row ends. */
  readonly line: number;
}

const malformed = (file: string, line: unknown, detail: string, cause?: unknown) =>
  new WatchlakeError('CSV_MALFORMED', { file, line, detail }, cause);

const isMalformed = (error: unknown): boolean =>
  isWatchlakeError(error) && error.code === 'CSV_MALFORMED';

const isBlank = (cells: readonly string[]): boolean => cells.length === 1 && cells[0] === '';

const breaksIn = (cell: string): number =>
  cell.includes('\n') || cell.includes('\r') ? (cell.match(/\r\n|\n|\r/g) ?? []).length : 0;

/** Numbers the rows, leaves blank lines out, and refuses a row that is not as wide as the header. */
function createNumbering(file: string): (cells: readonly string[]) => CsvRow | null {
  let line = 0;
  let width = 0;
  return (cells) => {
    // The parser can tell the line too, at a third more time for every row.
    line += 1;
    for (const cell of cells) line += breaksIn(cell);
    if (isBlank(cells)) return null;
    if (width === 0) width = cells.length;
    if (cells.length === width) return { cells, line };
    throw malformed(
      file,
      line,
      `it has ${counted(cells.length, 'field')}, the header has ${width}`,
    );
  };
}

/** In batches as they come off the disk; the first row is the header. */
export async function* csvBatches(
  source: Source,
  member: string,
  file: string,
): AsyncGenerator<readonly CsvRow[]> {
  const parser = parse(READING);
  const numbered = createNumbering(file);
  const ready = on(parser, 'readable', { close: ['end'] });
  let header: readonly string[] | null = null;
  // What the member's own stream reports reaches the loop below through the parser.
  pipeline(await source.open(member), parser, () => undefined);
  try {
    for await (const _ of ready) {
      const batch: CsvRow[] = [];
      for (let cells = read(parser); cells !== null; cells = read(parser)) {
        header ??= cells;
        const row = numbered(cells);
        if (row !== null) batch.push(row);
      }
      if (batch.length > 0) yield batch;
    }
  } catch (error) {
    const isOfFile = error instanceof CsvError || isMalformed(error);
    // Rows that came before the broken one may not have been read yet.
    header ??= read(parser);
    if (isOfFile && header !== null && isSeparatedOtherwise(header)) {
      throw separatedOtherwise(file, header, error);
    }
    if (!(error instanceof CsvError)) throw error;
    throw malformed(file, error.lines, error.message, error);
  } finally {
    parser.destroy();
  }
}

const read = (parser: Parser): string[] | null => parser.read() as string[] | null;

/** Row by row, for small files. */
async function* csvRows(source: Source, member: string, file: string): AsyncGenerator<CsvRow> {
  for await (const batch of csvBatches(source, member, file)) yield* batch;
}

/** Spreadsheets of many countries write semicolons, and call that CSV. */
const isSeparatedOtherwise = ([first = '', ...others]: readonly string[]): boolean =>
  others.length === 0 && /[;\t|]/.test(first);

// A file of windows has hundreds.
const MOST_SHOWN = 24;

const SEPARATORS: Readonly<Record<string, string>> = {
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'vertical bars',
};

function separatedOtherwise(file: string, [header = '']: readonly string[], cause?: unknown) {
  const [separator = ''] = /[;\t|]/.exec(header) ?? [];
  const shown = header
    .split(separator)
    .slice(0, MOST_SHOWN)
    .join(separator === '\t' ? ' ' : separator);
  const detail = `the header has ${SEPARATORS[separator]} between its columns (${shown}): commas have to separate them`;
  return malformed(file, 1, detail, cause);
}

/** The place of each wanted column, by name; COLUMN_MISSING names those that are not there, CSV_MALFORMED other separators. */
export function columnPlaces(
  file: string,
  header: readonly string[],
  wanted: readonly string[],
): Map<string, number> {
  const names = header.map((name) => name.trim());
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw malformed(file, 1, `the column ${repeated} is there twice`);
  }
  const [column, ...others] = wanted.filter((name) => !names.includes(name));
  if (column !== undefined) {
    if (isSeparatedOtherwise(names)) throw separatedOtherwise(file, names);
    const also = fewOf(others);
    const found = fewOf(names, MOST_SHOWN) || 'no columns';
    throw new WatchlakeError('COLUMN_MISSING', { file, column, also, found });
  }
  return new Map(names.map((name, index) => [name, index]));
}

/** METADATA_INVALID for a name in which the decoder put a mark for bytes it could not read: two names may come to be the same. */
export function refuseReplaced(file: string, line: number, name: string): void {
  if (!name.includes('\uFFFD')) return;
  const detail = 'it has bytes that are no UTF-8: save the file as UTF-8';
  throw new WatchlakeError('METADATA_INVALID', { file, line, detail });
}

export interface CsvObject {
  readonly values: Readonly<Record<string, string>>;
  readonly line: number;
}

/** A small CSV file as objects, trimmed; bounded by the caller's limit. */
export async function readSmallCsv(
  source: Source,
  member: string,
  options: { file: string; wanted: readonly string[]; maximumRows: number },
): Promise<CsvObject[]> {
  const { file, wanted, maximumRows } = options;
  let places: Map<string, number> | undefined;
  const rows: CsvObject[] = [];
  for await (const { cells, line } of csvRows(source, member, file)) {
    if (places === undefined) {
      places = columnPlaces(file, cells, wanted);
      continue;
    }
    if (rows.length === maximumRows) {
      const detail = `there are more than ${maximumRows} rows`;
      throw new WatchlakeError('METADATA_INVALID', { file, line, detail });
    }
    for (const cell of cells) refuseReplaced(file, line, cell);
    const values = [...places].map(([name, at]) => [name, (cells[at] ?? '').trim()]);
    rows.push({ line, values: Object.fromEntries(values) as Record<string, string> });
  }
  if (places === undefined) columnPlaces(file, [], wanted);
  return rows;
}
