/** Splits a header line into its cells, which may be in quotes as those of any other line. */
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { WatchlakeError } from '../../core/errors';

// A return inside the line ends none.
const READING = { trim: true, record_delimiter: '\n' };

/** CSV_MALFORMED where quotes are not in order; one empty cell for no text. */
export function headerCells(file: string, line: number, text: string): readonly string[] {
  try {
    const [cells = ['']] = parse(text, READING);
    return cells;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new WatchlakeError('CSV_MALFORMED', { file, line, detail: error.message }, error);
  }
}
