/** Opens whatever a user names as a source: a zip archive, a folder, a file, or the address of one. */
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { isS3Address } from '../stores/s3/address';
import type { S3Access } from '../stores/s3/bucket';
import type { DownloadOptions } from './download';
import { download, downloadPath } from './download';
import { openFileSource, openFolderSource } from './files';
import { downloadFromGlue, isGlueAddress } from './glue';
import { hasEnding } from './names';
import { downloadFromS3 } from './s3';
import type { KnownSource, Source, SourceLimits, SourceOptions } from './source';
import { DEFAULT_EXTENSIONS, DEFAULT_LIMITS } from './source';
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
}

const isAddress = (source: string): boolean => /^https?:\/\//i.test(source);

async function localPath(source: string, limits: SourceLimits, options: OpenOptions) {
  const { signal, spoolFolder: folder, extensions = DEFAULT_EXTENSIONS, s3: access } = options;
  const { onNote, onProgress } = options;
  const fromAws = { limits, extensions, folder, access, signal, onProgress };
  if (isS3Address(source)) return downloadFromS3(source, fromAws);
  if (isGlueAddress(source)) {
    return downloadFromGlue(source, { ...fromAws, tables: options.catalogTables ?? {} });
  }
  if (!isAddress(source)) return resolve(source);
  return download(source, { limit: limits.downloadBytes, signal, folder, onNote, onProgress });
}

/** Downloads are kept under other names: what it is, the address says. */
function openByKind(opening: SourceOptions, isFolder: boolean): Promise<Source> {
  if (isFolder) return openFolderSource(opening);
  const { name, extensions } = opening;
  const fileName = isAddress(name) ? new URL(name).pathname : name;
  return hasEnding(fileName, extensions)
    ? openFileSource(opening, fileName)
    : openZipSource(opening);
}

/** SOURCE_NOT_FOUND, ARCHIVE_EMPTY, ARCHIVE_CORRUPT, ARCHIVE_TOO_LARGE and their like. */
export async function openSource(source: string, options: OpenOptions = {}): Promise<Source> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const path = await localPath(source, limits, options);
  const facts = await stat(path).catch(() => null);
  if (facts === null) throw new WatchlakeError('SOURCE_NOT_FOUND', { source });
  const { known, signal, extensions = DEFAULT_EXTENSIONS } = options;
  const opening = { path, name: source, limits, extensions, known, signal };
  const opened = await openByKind(opening, facts.isDirectory());
  if (known === undefined || known.contentHash === opened.contentHash) return opened;
  await opened.close();
  throw new WatchlakeError('SOURCE_CHANGED', { source });
}

/** The id of the content, which names the ingest. */
export async function sourceHash(source: string, options: OpenOptions = {}): Promise<string> {
  const opened = await openSource(source, options);
  await opened.close();
  return opened.contentHash;
}

/** A download that is landed is not needed any more. */
export async function forgetDownload(source: string, spoolFolder?: string): Promise<void> {
  if (![isAddress, isS3Address, isGlueAddress].some((each) => each(source))) return;
  const path = downloadPath(source, spoolFolder);
  const spool = dirname(path);
  const names = (await readdir(spool).catch(() => [])).filter(
    // Half of another version may be on its way.
    (name) => name.startsWith(basename(path)) && !name.includes('.part'),
  );
  for (const name of names) {
    await rm(join(spool, name), { recursive: true, force: true });
  }
}
