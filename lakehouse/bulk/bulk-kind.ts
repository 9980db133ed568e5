/** What a format of CSV members of any size has to tell so that they land. */
import type { LandingKind } from '../landing/landing-kind';
import type { Channel, RecordingEntry } from '../landing/recordings-layout';
import type { BulkField } from './fields';
import type { Header } from './read-slice';

export type RowFacts = Readonly<Record<string, string | number | null>>;

export interface MemberOfSlice {
  readonly entry: RecordingEntry;
  readonly subjectKey: string;
  /** The last row of the slice before, or of the last one that had any, where the slice is not its first. */
  readonly before: RowFacts | null;
  /** The last of those that hold: of a kind without such a condition it is the same. */
  readonly held: RowFacts | null;
  /** What the first good row behind the slice shows, in milliseconds, of a kind that looks ahead; null behind the last. */
  readonly nextMs: number | null;
}

export interface BulkKind extends LandingKind {
  readonly headerLines: number;
  readonly fields: readonly BulkField[];
  /** Rows of the landing table that a good line gives. */
  readonly rowsInLine: number;
  /** The column of the landing table that says what a person did. */
  readonly labelColumn: string;
  /** Field of the moment that the first row behind a slice is asked for, where the rows before depend on it. */
  readonly looksAheadAt?: BulkField;
  /** Column of the landing table that is largest on the row which the next slice goes on from; that of the lines without it. */
  readonly lastBy?: string;
  /** Of rows of the landing table: which of them later rows go on from; without it each does. */
  readonly holdsSql?: string;
  /** COLUMN_MISSING or CSV_MALFORMED when the first lines are not those of the format. */
  readHeader(file: string, lines: readonly string[], channels: readonly Channel[]): Header;
  /**
   * A SELECT of the landing table's columns in their order from `good`: rows with the fields, beside a
   * moment its milliseconds, and source_line, in the order of the member, on one thread. Each row's time is its `time_ms`.
   */
  rowsSql(good: string, member: MemberOfSlice): string;
}
