/** What a landing table of the format `stedi` says of its files in its manifest. */
import { contentHash } from '../../core/hash';
import type { SnapshotManifest } from '../manifest';
import type { SourceMember } from '../sources/source';
import type { Landed } from './land-file';

/** One file of the source: known by its name; another content under it takes its place. */
export interface LandedFile extends Landed {
  readonly file: string;
  readonly fingerprint: string;
  /** Equal for files of equal length and checksum; absent in tables of earlier versions. */
  readonly content?: string;
  /** The file that it repeats; nothing of it lies in the table then. */
  readonly copyOf?: string;
}

export interface LandingFacts {
  readonly format: 'stedi';
  /** Tells whether the pseudonyms were made with the same key, without telling the key. */
  readonly keyFingerprint: string;
  readonly files: readonly LandedFile[];
}

export const fingerprintOf = ({ name, bytes, crc32 }: SourceMember): string =>
  contentHash([name, bytes, crc32]);

export const contentOf = ({ bytes, crc32 }: SourceMember): string => contentHash([bytes, crc32]);

export const landingFacts = (manifest: SnapshotManifest): LandingFacts =>
  manifest.facts as unknown as LandingFacts;
