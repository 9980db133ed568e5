/** What the manifest of the devices' landing table says of how it came about. */
import type { SnapshotManifest } from '../manifest';
import { WITHDRAWN } from '../suppression';

/** Offsets by partition. */
export type Offsets = Readonly<Record<number, number>>;

/** What one landing run did: messages = rows + duplicates + withdrawn + rejected. */
export interface LandingRun {
  readonly topic: string;
  readonly fromOffsets: Offsets;
  readonly messages: number;
  readonly rows: number;
  readonly duplicates: number;
  readonly withdrawn: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** Of the rows those whose date is well before the newest one that had landed, or that came before them. */
  readonly late: number;
  /** Offsets that the topic did not hold any more when they were to be read. */
  readonly skippedOffsets: number;
  /** Partitions that were read from their start, as the topic had been made anew; absent in earlier manifests. */
  readonly restarted?: number;
  /** Keys of the files that hold what it has rejected, and nothing else; absent in earlier manifests. */
  readonly quarantine?: readonly string[];
  /** Dates whose files were written anew; those of all others were taken over as they are. */
  readonly dates: readonly string[];
  /** Ends of the dead-letter topic before any letter of this run can have been sent. */
  readonly deadLetterFrom: Offsets;
}

export interface LandedDate {
  readonly rows: number;
  /** Snapshot that has written the date's files last: while it stays, so does their content. */
  readonly content: string;
}

/** The message by which a topic is told from another one of its name. */
export interface LastRead {
  readonly offset: number;
  readonly fingerprint: string;
}

export interface DeviceFacts {
  /** Where the next reading begins, by topic. */
  readonly offsets: Readonly<Record<string, Offsets>>;
  /** The last message that was read, by topic and partition; absent in earlier manifests. */
  readonly lastRead?: Readonly<Record<string, Readonly<Record<number, LastRead>>>>;
  readonly dates: Readonly<Record<string, LandedDate>>;
  readonly run: LandingRun | null;
  /** Late rows of all runs. */
  readonly late: number;
}

/** Reason of an event that the table has already. */
export const DUPLICATE = 'duplicate';

/** Messages that one run has read and left out, by reason. */
export const droppedBy = ({
  duplicates,
  withdrawn,
}: Pick<LandingRun, 'duplicates' | 'withdrawn'>): Record<string, number> => ({
  [DUPLICATE]: duplicates,
  [WITHDRAWN]: withdrawn,
});

const NOTHING: DeviceFacts = { offsets: {}, dates: {}, run: null, late: 0 };

export const deviceFacts = (manifest: SnapshotManifest | null): DeviceFacts =>
  manifest === null ? NOTHING : (manifest.facts as unknown as DeviceFacts);
