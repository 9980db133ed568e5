/** Opens whatever a user names as a source: a zip archive, a folder, a file, or the address of one. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { WatchlakeError, isWatchlakeError } from '../../core/errors';
import { isS3Address } from '../stores/s3/address';
import type { S3Access } from '../stores/s3/bucket';
import type { DownloadOptions } from './download';
import { download } from './download';
import { openFileSource, openFolderSource } from './files';
import { downloadFromGlue, isGlueAddress } from './glue';
import { hasEnding, nameAtAddress, withoutGzip } from './names';
import { beginsAsGzip } from './other-archives';
import { downloadFromS3 } from './s3';
import type { KnownSource, OnHashed, Source, SourceLimits, SourceOptions } from './source';
import { DEFAULT_EXTENSIONS, DEFAULT_LIMITS } from './source';
import { isHttpAddress, refuseSecrets, shownAddress } from './source-address';
import { forgetAddress } from './spool';
import { openZipSource } from './zip';

export interface OpenOptions {
  readonly limits?: Partial<SourceLimits>;
  /** Where downloads are kept between the steps of an ingest; a private temporary folder by default. */
  readonly spoolFolder?: string;
  readonly known?: KnownSource;
  readonly signal?: AbortSignal;
  /** Files of a folder with other endings, but for `.gz` after them, are left alone; `.csv` by default. */
  readonly extensions?: readonly string[];
  /** How addresses such as `s3://bucket/folder/` are reached. */
  readonly s3?: S3Access;
  /** For addresses such as `glue://database`: usual names of the tables, by the folder of their files. */
  readonly catalogTables?: Readonly<Record<string, string>>;
  /** What a person should know of a download, and how far it is. */
  readonly onNote?: DownloadOptions['onNote'];
  readonly onProgress?: DownloadOptions['onProgress'];
  /** How far the content has been read that its id follows from. */
  readonly onHashed?: OnHashed;
}

/** Where it lies on this machine; the version of a download names its content. */
async function bring(
  source: string,
  limits: SourceLimits,
  options: OpenOptions,
): Promise<Pick<SourceOptions, 'path' | 'version'> & { isDecoded?: boolean }> {
  const { signal, spoolFolder: folder, extensions = DEFAULT_EXTENSIONS, s3: access } = options;
  const { onNote, onProgress, known } = options;
  const fromAws = { limits, extensions, folder, access, signal, onNote, onProgress };
  if (isS3Address(source)) return { path: await downloadFromS3(source, fromAws) };
  if (isGlueAddress(source)) {
    const tables = options.catalogTables ?? {};
    return { path: await downloadFromGlue(source, { ...fromAws, tables }) };
  }
  if (!isHttpAddress(source)) return { path: resolve(source) };
  const { stamp } = known ?? {};
  const limit = limits.downloadBytes;
  return download(source, { limit, stamp, signal, folder, onNote, onProgress });
}

/** Downloads are kept under other names: what it is, the address says, but for what its server has compressed. */
async function openByKind(
  opening: SourceOptions,
  { isFolder, isDecoded = false }: { isFolder: boolean; isDecoded?: boolean },
): Promise<Source> {
  if (isFolder) return openFolderSource(opening);
  const { address, extensions, path } = opening;
  const named = isHttpAddress(address) ? nameAtAddress(address) : address;
  const fileName = isDecoded && !(await beginsAsGzip(path)) ? withoutGzip(named) : named;
  return hasEnding(fileName, extensions)
    ? openFileSource(opening, fileName)
    : openZipSource(opening);
}

async function openHere(source: string, options: OpenOptions): Promise<Source> {
  refuseSecrets(source);
  const name = shownAddress(source);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { path, version, isDecoded } = await bring(source, limits, options);
  const facts = await stat(path).catch(() => null);
  if (facts === null) throw new WatchlakeError('SOURCE_NOT_FOUND', { source: name });
  const { known, signal, onHashed, extensions = DEFAULT_EXTENSIONS } = options;
  const place = { path, version, name, address: source };
  const opening = { ...place, limits, extensions, known, signal, onHashed };
  const opened = await openByKind(opening, { isFolder: facts.isDirectory(), isDecoded });
  if (known === undefined || known.contentHash === opened.contentHash) return opened;
  await opened.close();
  throw new WatchlakeError('SOURCE_CHANGED', { source: name });
}

/** INPUT_INVALID for an address with a secret, SOURCE_NOT_FOUND, SOURCE_REFUSED, ARCHIVE_EMPTY, ARCHIVE_CORRUPT, ARCHIVE_TOO_LARGE and their like. */
export async function openSource(source: string, options: OpenOptions = {}): Promise<Source> {
  try {
    return await openHere(source, options);
  } catch (error) {
    await forgetSpoilt(source, error, options.spoolFolder);
    throw error;
  }
}

/** The id of the content, which names the ingest. */
export async function sourceHash(source: string, options: OpenOptions = {}): Promise<string> {
  const opened = await openSource(source, options);
  await opened.close();
  return opened.contentHash;
}

/** A download that is landed is not needed any more. */
export async function forgetDownload(source: string, spoolFolder?: string): Promise<void> {
  if (![isHttpAddress, isS3Address, isGlueAddress].some((each) => each(source))) return;
  await forgetAddress(source, spoolFolder);
}

/** What the archive itself is to blame for; a limit can be raised, and then the download is of use. */
const isSpoilt = (error: unknown): boolean =>
  isWatchlakeError(error) &&
  error.code !== 'ARCHIVE_TOO_LARGE' &&
  (error.code.startsWith('ARCHIVE_') || error.code === 'SOURCE_CHANGED');

/** A download that cannot be used is fetched anew by the next attempt, which may find a mended one. */
export async function forgetSpoilt(
  source: string,
  error: unknown,
  spoolFolder?: string,
): Promise<void> {
  if (isSpoilt(error)) await forgetDownload(source, spoolFolder);
}
