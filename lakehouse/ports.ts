/** The three ports of the lakehouse: where objects lie, what runs SQL, and what is published. */
import type { Readable } from 'node:stream';
import type { DataPlace } from './data-place';
import type { DataFile, JobFacts, SnapshotManifest } from './manifest';
import type { ColumnDeclaration, SqlTable, TableCheck, Zone } from './tables';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Objects under keys such as `curated/watch/windows/<snapshot>/manifest.json`; never half-written. */
export interface Store {
  uriOf(key: string): string;
  /** All or nothing. With `ifAbsent` the first writer wins, the others get OBJECT_EXISTS. */
  put(
    key: string,
    body: string | Uint8Array | AsyncIterable<Uint8Array>,
    options?: { ifAbsent?: boolean },
  ): Promise<void>;
  /** Takes over a finished local file, which is gone from its place afterwards. */
  adopt(key: string, localFile: string): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  /** OBJECT_NOT_FOUND when there is none. */
  get(key: string): Promise<Buffer>;
  stream(key: string): Promise<Readable>;
  has(key: string): Promise<boolean>;
  /** In the order of the keys. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** The folders directly under the prefix, which is empty or ends with a slash; in the order of their names. */
  folders(prefix: string): Promise<string[]>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
  /**
   * Gives up an object that nobody refers to: removed now, or by the store's own rules later, until
   * then still listed. False when it was given up before.
   */
  retire(key: string): Promise<boolean>;
  /** Whether `retire` would change nothing: it was given up, or is not there. */
  isRetired(key: string): Promise<boolean>;
  /** Removes the object for good, in every version that the store has kept of it. */
  removeVersions(key: string): Promise<{ objects: number; bytes: number }>;
  /** The same for all objects under the prefix, also those that are removed already. */
  removeAllVersions(prefix: string): Promise<{ objects: number; bytes: number }>;
  /** Of all objects under the prefix the versions that are not the present one, also of removed objects. */
  removeOldVersions(prefix: string): Promise<{ objects: number; bytes: number }>;
  /**
   * A local file with the object's content, to be read only: embedded engines need one. It stays as
   * long as the folder `heldIn` does; without one it is to be opened soon.
   */
  localPath(key: string, heldIn?: string): Promise<string>;
  /** A new, empty local folder for unfinished work; who asked for it removes it. */
  scratch(): Promise<string>;
  /** Removes what killed processes left unfinished longer ago than this. */
  sweep(olderThanMs: number): Promise<{ objects: number; bytes: number }>;
}

/** Files that hold the rows of one table, as an engine sees them. */
export interface Relation {
  readonly columns: readonly ColumnDeclaration[];
  readonly files: readonly DataFile[];
}

/** For engines that have the work done by a service elsewhere: on whose behalf, and who hears of it. */
export interface JobContext {
  /** What is started carries this name, and ends with it at the latest. */
  readonly session: string;
  /** Who starts it: the same for every attempt of one activity. */
  readonly holder: string;
  /** Ids and states, for whoever watches. */
  readonly report: (facts: Readonly<Record<string, unknown>>) => void;
  /** Whether the work itself is to end: a worker that shuts down only stops to look at it. */
  readonly isCancelled: () => boolean;
}

export interface BuildRequest {
  readonly table: SqlTable;
  /** By table name, the names that the SELECT uses. */
  readonly inputs: Readonly<Record<string, SnapshotManifest>>;
  /** Key prefix of the new snapshot; ends with a slash. */
  readonly prefix: string;
  readonly signal?: AbortSignal;
  readonly job?: JobContext;
}

export interface CheckResult {
  readonly name: string;
  readonly offending: number;
}

export interface BuildOutcome {
  readonly rows: number;
  /** Rows of the driving input: as many as were used, quarantined or dropped, else nothing is published. */
  readonly inputRows: number;
  readonly usedRows: number;
  readonly quarantined: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  /** Used rows in which something was mended, by its name. */
  readonly noted?: Readonly<Record<string, number>>;
  readonly files: readonly DataFile[];
  readonly quarantineFiles: readonly DataFile[];
  /** A few quarantined rows as «file, line n: reason». */
  readonly firstProblems: readonly string[];
  /** Of engines that run the table's checks with the build. */
  readonly checked?: readonly CheckResult[];
  /** Of engines that have the work done elsewhere: somebody else may count on the same files. */
  readonly job?: JobFacts;
}

export interface CheckRequest {
  readonly relations: Readonly<Record<string, Relation>>;
  readonly checks: readonly TableCheck[];
  readonly signal?: AbortSignal;
}

export interface QueryRequest {
  /** By view name; a name with a dot becomes a view in the schema of that name. */
  readonly relations: Readonly<Record<string, Relation>>;
  readonly sql: string;
  readonly maximumRows: number;
  readonly timeoutMs: number;
}

export interface QueryResult {
  readonly columns: string[];
  readonly rows: Record<string, unknown>[];
  /** Whether there were more rows than asked for. */
  readonly truncated: boolean;
}

/** Runs the declared SQL: the same text gives the same content on every engine. */
export interface Engine {
  readonly name: string;
  build(request: BuildRequest): Promise<BuildOutcome>;
  check(request: CheckRequest): Promise<CheckResult[]>;
  query(request: QueryRequest): Promise<QueryResult>;
}

export interface TablePointer {
  readonly dataset: string;
  readonly table: string;
  readonly zone: Zone;
  readonly snapshotId: string;
  /** Key prefix of the snapshot. */
  readonly prefix: string;
  /** The snapshot's data files alone; absent in pointers of earlier versions. */
  readonly data?: DataPlace;
  readonly columns: readonly ColumnDeclaration[];
  readonly publishedAt: string;
}

export interface VersionedPointer extends TablePointer {
  /** Raised by every publication; a publisher names the one that it replaces. */
  readonly version: number;
}

export interface Release {
  readonly formatVersion: 1;
  readonly releaseId: string;
  readonly dataset: string;
  /** Snapshot id by table. */
  readonly snapshots: Readonly<Record<string, string>>;
  readonly publishedAt: string;
}

/** Says which snapshot of each table readers see. */
export interface Catalog {
  /** Tells this catalogue from any other one: versions compare within one alone. */
  identity(): Promise<string>;
  pointer(of: { dataset: string; table: string }): Promise<VersionedPointer | null>;
  /** Moves the pointer from `expectedVersion` (0: there is none yet), else CATALOG_CONFLICT. */
  publish(pointer: TablePointer, expectedVersion: number): Promise<VersionedPointer>;
  /** Forgets the table, not its files; what is not there is no error. */
  drop(of: { dataset: string; table: string }): Promise<void>;
  list(of?: { dataset?: string }): Promise<VersionedPointer[]>;
  addRelease(release: Release): Promise<void>;
  /** Newest first. */
  releases(of: { dataset: string }): Promise<Release[]>;
}
