/** What is written beside a snapshot's files: where they came from, how many rows, which checks. */
import type { ColumnDeclaration, Zone } from './tables';
import { defaultLocation } from './tables';

export interface DataFile {
  readonly key: string;
  readonly bytes: number;
  readonly rows: number;
}

/** The job of a service that has built a snapshot. */
export interface JobFacts {
  readonly service: string;
  /** The cluster, or the definition of the job. */
  readonly place: string;
  /** The step, or the run of the job. */
  readonly id: string;
  /** Which try it was for this snapshot, from 1. */
  readonly generation: number;
  readonly session: string;
  /** Others of the same try, which were stopped or have ended without touching data. */
  readonly duplicates: number;
  readonly seconds: number;
}

export interface SnapshotManifest {
  readonly formatVersion: 1;
  readonly dataset: string;
  readonly table: string;
  readonly zone: Zone;
  readonly snapshotId: string;
  /** Key prefix of the snapshot; absent in manifests of earlier versions. */
  readonly prefix?: string;
  readonly createdAt: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** Hash of the declaration: SELECT, columns, checks. */
  readonly recipeHash: string;
  readonly engine: string;
  readonly columns: readonly ColumnDeclaration[];
  readonly rows: number;
  readonly inputRows: number;
  readonly usedRows: number;
  readonly quarantined: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly noted?: Readonly<Record<string, number>>;
  readonly checks: readonly { name: string; offending: number }[];
  readonly files: readonly DataFile[];
  readonly quarantineFiles: readonly DataFile[];
  readonly firstProblems: readonly string[];
  readonly job?: JobFacts;
  /** What else readers of this table need to know, such as the feature schema. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export interface SnapshotPlace {
  readonly dataset: string;
  readonly table: string;
  readonly zone: Zone;
  readonly snapshotId: string;
  /** Key prefix; without one it lies below its zone. */
  readonly prefix?: string;
}

export const snapshotPrefix = ({ prefix, snapshotId, ...of }: SnapshotPlace): string =>
  prefix ?? `${defaultLocation(of)}${snapshotId}/`;

export const manifestKey = (prefix: string): string => `${prefix}manifest.json`;

/** Snapshot id by table: what names the inputs of another snapshot. */
export const snapshotsOf = (
  manifests: Readonly<Record<string, SnapshotManifest>>,
): Record<string, string> =>
  Object.fromEntries(Object.entries(manifests).map(([table, m]) => [table, m.snapshotId]));
