/** Where recordings come from: named members that can be opened one by one, and a hash of them all. */
import type { Readable } from 'node:stream';
import { contentHash } from '../../core/hash';

export interface SourceMember {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
}

export type OnBytes = (bytes: number) => void;

/** How much of all the bytes has been read so that the content is known. */
export type OnHashed = (hashed: { bytes: number; total: number }) => void;

/** What an earlier opening found; where the stamp is still the same, nothing is read again. */
export interface KnownSource {
  /** Sizes and modification times, or the version of a download, hashed. */
  readonly stamp: string;
  /** Hash of the whole content: the ingest's id. */
  readonly contentHash: string;
  readonly members: readonly SourceMember[];
}

export interface Source extends KnownSource {
  /** As messages call it. */
  readonly name: string;
  /** As the user named it: where it is opened again. */
  readonly address: string;
  /** Fails with ARCHIVE_CORRUPT when the content is not what the member list says; tells how much comes by. */
  open(member: string, onBytes?: OnBytes): Promise<Readable>;
  /** Where a member lies that is a local file as it is: it need not be copied to be read. */
  readonly pathOf?: (member: string) => string | null;
  /** For whoever has read such a file: SOURCE_CHANGED when it has been written to since the source was opened. */
  readonly checkUnchanged?: (member: string) => Promise<void>;
  close(): Promise<void>;
}

export interface SourceLimits {
  readonly members: number;
  readonly memberBytes: number;
  readonly totalBytes: number;
  readonly downloadBytes: number;
}

const GIB = 1024 ** 3;

/** Archives of CASAS have up to 38 GB and inflate sevenfold. */
export const DEFAULT_LIMITS: SourceLimits = {
  members: 100_000,
  memberBytes: 64 * GIB,
  totalBytes: 1024 * GIB,
  downloadBytes: 128 * GIB,
};

export const DEFAULT_EXTENSIONS: readonly string[] = ['.csv'];

export interface SourceOptions {
  /** A local path. */
  readonly path: string;
  /** As messages call it. */
  readonly name: string;
  /** As the user named it. */
  readonly address: string;
  readonly limits: SourceLimits;
  /** Endings of the files that belong to it; each of them may be compressed, with `.gz` after it. */
  readonly extensions: readonly string[];
  readonly known?: KnownSource;
  readonly signal?: AbortSignal;
  readonly onHashed?: OnHashed;
  /** Of a download; names its content. */
  readonly version?: string;
}

/** The same on every machine, unlike the time at which it was fetched. */
export const stampOfVersion = (bytes: number, version: string): string =>
  contentHash([bytes, version]);
