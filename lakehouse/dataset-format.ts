/** What a format of datasets has to tell: how an archive lands, and which tables follow from it. */
import type { ErasingFormat } from './erasure/erasing-format';
import type { Lake } from './lake';
import type { OnRead } from './landing/reading';
import type { SnapshotManifest } from './manifest';
import type { RefreshRequest } from './refresh-request';
import type { Snapshot } from './snapshots';
import type { KnownSource, Source } from './sources/source';
import type { Suppression } from './suppression';
import type { TableDeclaration } from './tables';

export const FORMAT_NAMES = ['recordings', 'stedi', 'casas', 'arwise'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** What every plan of an ingest has, whatever its format adds. */
export interface IngestPlanBase {
  /** Absent in plans of earlier versions, which knew recordings alone. */
  readonly format?: FormatName;
  readonly ingestId: string;
  readonly dataset: string;
  readonly source: string;
  readonly known: KnownSource;
}

export interface OpenRequest {
  readonly dataset: string;
  readonly source: Source;
  /** The secret that pseudonyms are made with. */
  readonly secret: string;
  readonly suppression: Suppression;
}

export interface OpenedIngest {
  readonly ingestId: string;
  readonly members: number;
  /** Of the members that land. */
  readonly bytes: number;
  readonly batches: number;
  readonly planKey: string;
  readonly alreadyLanded: boolean;
  /** What is left out, by reason, where that is known before anything is read. */
  readonly dropped?: Record<string, number>;
}

export interface LandRequest<Plan extends IngestPlanBase = IngestPlanBase> extends OpenRequest {
  readonly plan: Plan;
  readonly batch: number;
  readonly signal?: AbortSignal;
  /** Rows that have come since the last time. */
  readonly onRows?: (rows: number) => void;
  /** How far the batch has been read. */
  readonly onRead?: OnRead;
}

export interface LandedBatch {
  readonly members: number;
  readonly rows: number;
  readonly bytes: number;
}

export interface LandedTableSummary {
  readonly snapshotId: string;
  readonly rows: number;
  readonly quarantined: Record<string, number>;
  readonly dropped: Record<string, number>;
  readonly firstProblems: string[];
  /** Whether the table is as it was. */
  readonly reused: boolean;
}

export interface ReplayRequest extends Omit<OpenRequest, 'source'> {
  readonly signal?: AbortSignal;
}

/** A column that the format has no use for; nothing else would tell that its name was mistyped. */
export interface UnreadColumn {
  /** `samples`: the files of the recordings. */
  readonly file: 'recordings.csv' | 'channels.csv' | 'samples';
  readonly column: string;
  /** How many files have it. */
  readonly files: number;
}

export type TimestampUnit = 'seconds' | 'microseconds' | 'nanoseconds';

/** How densely recordings were sampled, in samples a second. */
export interface Sampling {
  /** Of the dataset: what its windows are made at. */
  readonly rateHz: number;
  /** Of the archive, where it is another. */
  readonly archiveHz?: number;
  /** In which its timestamps, read as milliseconds, would be usual ones. */
  readonly likelyUnit?: TimestampUnit;
}

export interface PublishedLanding {
  /** The landing table, or all of them. */
  readonly table: string;
  readonly snapshotId: string;
  readonly rows: number;
  readonly members: number;
  /** Of the members; absent when all have rows. */
  readonly membersWithoutRows?: number;
  /** What of them and of the rows the archive has brought; absent when it is all or nothing. */
  readonly added?: { readonly members: number; readonly rows: number };
  /** In recordings of people; absent where no two samples follow each other. */
  readonly sampling?: Sampling;
  /** How many activities the labels of the dataset name, in recordings of people. */
  readonly labels?: number;
  /** Of the archive, in formats that tell; at most twenty, absent when there are none. */
  readonly unreadColumns?: UnreadColumn[];
  /** How many besides, as far as they were counted. */
  readonly moreUnreadColumns?: number;
  readonly quarantined: Record<string, number>;
  /** Left out by a named rule; in recordings where the format has those. */
  readonly dropped?: Record<string, number>;
  /** Of formats with several landing tables. */
  readonly tables?: Record<string, LandedTableSummary>;
}

/** What every plan of a refresh has, whatever its format adds. */
export interface RefreshPlanBase {
  readonly format?: FormatName;
  readonly dataset: string;
  /** Snapshots that the refresh starts from, by table. */
  readonly sources: Readonly<Record<string, string>>;
}

export interface RowsRequest<Plan extends RefreshPlanBase = RefreshPlanBase> {
  readonly plan: Plan;
  readonly table: TableDeclaration;
  readonly inputs: Readonly<Record<string, SnapshotManifest>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: { windows: number }) => void;
}

/** What may explain that a table has no row. */
export interface Emptiness {
  /** Between successive samples, read as milliseconds; null where no two timestamps are numbers. */
  readonly medianDistanceMs: number | null;
  /** In which the distance would be a usual one. */
  readonly likelyUnit?: TimestampUnit;
}

// Methods, so that a format may ask for its own plans: the registry hands it no others.
export interface DatasetFormat {
  readonly name: FormatName;
  /** Endings of the files in a source that belong to it. */
  readonly extensions: readonly string[];
  /** Tables that an ingest fills; a dataset that has the first is of this format. */
  readonly landingTables: readonly string[];
  /** Names that tables of its sources usually have in a catalogue, by folder; absent where there are none. */
  readonly catalogTables?: Readonly<Record<string, string>>;
  readonly erasing: ErasingFormat;
  /** Of formats whose files are named after people: the recording that a file is of; null for files of another kind. */
  recordingOf?(file: string, of: Pick<OpenRequest, 'dataset' | 'secret'>): string | null;
  openIngest(lake: Lake, request: OpenRequest): Promise<OpenedIngest>;
  landBatch(lake: Lake, request: LandRequest): Promise<LandedBatch>;
  publishLanding(
    lake: Lake,
    plan: IngestPlanBase,
    options: { signal?: AbortSignal },
  ): Promise<PublishedLanding>;
  /** Runs what landing has quarantined through its rules again; formats without such rules have none. */
  replayQuarantine?(
    lake: Lake,
    request: ReplayRequest,
  ): Promise<Record<string, LandedTableSummary>>;
  planRefresh(
    lake: Lake,
    request: RefreshRequest,
  ): Promise<{ plan: RefreshPlanBase; planKey: string }>;
  /** In the order in which they can be built. */
  declaredTables(plan: RefreshPlanBase): TableDeclaration[];
  /** What the manifests of the tables that the plan builds say of it. */
  factsOf?(plan: RefreshPlanBase): Readonly<Record<string, unknown>>;
  /** Asked for a table that was built and has no row. */
  emptinessOf?(lake: Lake, plan: RefreshPlanBase, table: string): Promise<Emptiness | undefined>;
  /** Builds a table whose rows our own code makes. */
  buildRows?(lake: Lake, request: RowsRequest): Promise<Snapshot>;
}
