/** What sets the landings of formats apart whose archives hold recordings of people. */
import type { RowsTransform, TableDeclaration } from '../tables';
import type { SamplesFormatName } from './descriptor';
import type { Channel, RecordingEntry } from './recordings-layout';

export interface LandingTableFacts {
  readonly dataset: string;
  readonly channels: readonly Channel[];
  /** Fingerprints of the recordings: what the table holds. */
  readonly fingerprints: readonly string[];
}

export interface LandingKind {
  readonly format: SamplesFormatName;
  /** Name of the landing table. */
  readonly table: string;
  declare(facts: LandingTableFacts): TableDeclaration<RowsTransform>;
  /** Divides what lands into parts: what one retry repeats at most. */
  partsOf(entries: readonly RecordingEntry[]): RecordingEntry[][];
  /** Columns of the landing table, besides those that name a person, in which a person may be described. */
  readonly describing: readonly string[];
  /** Whom a file is called after, in formats where nothing else of a rejected line tells whose it is. */
  readonly subjectOf?: (file: string) => string;
}
