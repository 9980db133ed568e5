/** Where recordings come from: named members that can be opened one by one, and a hash of them all. */
import type { Readable } from 'node:stream';

export interface SourceMember {
  readonly name: string;
  readonly bytes: number;
  readonly crc32: number;
}

/** What an earlier opening found; where the stamp is still the same, nothing is read again. */
export interface KnownSource {
  /** Sizes and modification times, hashed. */
  readonly stamp: string;
  /** Hash of the whole content: the ingest's id. */
  readonly contentHash: string;
  readonly members: readonly SourceMember[];
}

export interface Source extends KnownSource {
  /** As the user named it. */
  readonly name: string;
  /** Fails with ARCHIVE_CORRUPT when the content is not what the member list says. */
  open(member: string): Promise<Readable>;
  /** Where a member lies that is a local file as it is: it need not be copied to be read. */
  readonly pathOf?: (member: string) => string | null;
  close(): Promise<void>;
}

export interface SourceLimits {
  readonly members: number;
  readonly memberBytes: number;
  readonly totalBytes: number;
  readonly downloadBytes: number;
}

const GIB = 1024 ** 3;

export const DEFAULT_LIMITS: SourceLimits = {
  members: 100_000,
  memberBytes: 16 * GIB,
  totalBytes: 256 * GIB,
  downloadBytes: 64 * GIB,
};

export const DEFAULT_EXTENSIONS: readonly string[] = ['.csv'];

export interface SourceOptions {
  /** A local path. */
  readonly path: string;
  /** As the user named it. */
  readonly name: string;
  readonly limits: SourceLimits;
  /** Endings of the files that belong to it; each of them may be compressed, with `.gz` after it. */
  readonly extensions: readonly string[];
  readonly known?: KnownSource;
  readonly signal?: AbortSignal;
}
