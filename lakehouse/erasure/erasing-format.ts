/** What a format has to tell so that a person can be erased from its datasets. */
import type { RefreshRequest } from '../refresh-request';
import type { Lake } from '../lake';
import type { Person } from './person';

export interface FindRequest {
  readonly dataset: string;
  /** Already as `identifierOf` writes it. */
  readonly identifier: string;
  readonly subjectKey: string;
  readonly signal?: AbortSignal;
}

export interface FoundPerson {
  readonly person: Person;
  /** Rows of the landing tables that are theirs. */
  readonly rows: Readonly<Record<string, number>>;
}

/** A snapshot of a table that leaves the person out. */
export interface RemovedRows {
  readonly table: string;
  readonly snapshotId: string;
  /** Rows, and lines in quarantine, that the table before it had of the person. */
  readonly rows: number;
}

export interface RewriteRequest {
  readonly dataset: string;
  /** The key that the suppression list has of the person. */
  readonly subject: string;
  /** Keyed hash of the person and all that names them. It is among the inputs of what leaves them out: no erasure takes up what one of somebody else has left. */
  readonly erased: string;
  readonly person: Person;
  /** Told before the snapshot is published: whoever is killed then tells nobody else what went. Told again, of no rows, where it was not published. */
  readonly remember?: (removed: RemovedRows) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface ErasingFormat {
  /** The one spelling of an identifier. */
  identifierOf(given: string): string;
  /** Looks into the published landing tables. */
  findPerson(lake: Lake, request: FindRequest): Promise<FoundPerson>;
  /** Publishes the landing tables without the person; rows removed by table. Repeating it is harmless. */
  rewriteLanding(lake: Lake, request: RewriteRequest): Promise<Record<string, number>>;
  /** How the published tables were made; null when there are none. */
  presentRefresh(lake: Lake, dataset: string): Promise<RefreshRequest | null>;
}
