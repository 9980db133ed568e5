/** What a landing table of the format `stedi` says of its files in its manifest. */
import { contentHash } from '../../core/hash';
import type { DataFile, SnapshotManifest } from '../manifest';
import type { SourceMember } from '../sources/source';
import { WITHDRAWN } from '../suppression';

/** What has become of the lines of a file. */
export interface Landed {
  /** Lines that are not blank: as many as became rows, were quarantined or dropped. */
  readonly lines: number;
  readonly rows: number;
  readonly quarantined: Readonly<Record<string, number>>;
  readonly dropped: Readonly<Record<string, number>>;
  readonly files: readonly DataFile[];
  readonly quarantineFiles: readonly DataFile[];
  readonly firstProblems: readonly string[];
  /** Keys of the suppression list that left lines out; absent where none did, and in earlier versions. */
  readonly withdrawn?: readonly string[];
}

/** One file of the source: known by its name; another content under it takes its place. */
export interface LandedFile extends Landed {
  readonly file: string;
  readonly fingerprint: string;
  /** Equal for files of equal length and checksum; absent in tables of earlier versions. */
  readonly content?: string;
  /** The file that it repeats; nothing of it lies in the table then. */
  readonly copyOf?: string;
  /** How often it has landed anew with the same content; absent when never. */
  readonly again?: number;
}

export interface LandingFacts {
  readonly format: 'stedi';
  /** Tells whether the pseudonyms were made with the same key, without telling the key. */
  readonly keyFingerprint: string;
  /** Each file's rows bear its name; absent in tables of versions whose copies kept the name of their original. */
  readonly ownNames?: true;
  readonly files: readonly LandedFile[];
}

export const fingerprintOf = ({ name, bytes, crc32 }: SourceMember): string =>
  contentHash([name, bytes, crc32]);

export const contentOf = ({ bytes, crc32 }: SourceMember): string => contentHash([bytes, crc32]);

export const landingFacts = (manifest: SnapshotManifest): LandingFacts =>
  manifest.facts as unknown as LandingFacts;

const lacksSomebody = ({ dropped }: Landed): boolean => (dropped[WITHDRAWN] ?? 0) > 0;

/**
 * Whether everybody whom the file was landed without is on the suppression list still. Who has left it may land
 * again from the same bytes; tables of earlier versions do not tell whom they lack.
 */
export function isUpToDate(
  file: LandedFile,
  all: readonly LandedFile[],
  listed: ReadonlySet<string>,
): boolean {
  const { copyOf } = file;
  const found = copyOf === undefined ? file : all.find((each) => each.file === copyOf);
  const original = found ?? file;
  const { withdrawn } = original;
  if (!lacksSomebody(original)) return true;
  return withdrawn !== undefined && withdrawn.every((key) => listed.has(key));
}

/** What to say of a file that more people are left out of; where it is unknown whom it lacks it stays so. */
export function withdrawnFrom(
  file: Landed,
  keys: readonly string[] = [],
): Pick<Landed, 'withdrawn'> {
  const { withdrawn = [] } = file;
  if (keys.length === 0 || (lacksSomebody(file) && file.withdrawn === undefined)) return {};
  return { withdrawn: [...new Set([...withdrawn, ...keys])].sort() };
}
