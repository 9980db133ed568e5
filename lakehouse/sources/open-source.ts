/** Opens whatever a user names as a source: a zip archive, a folder, or the address of an archive. */
import { rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { download, downloadPath } from './download';
import { openFolderSource } from './folder';
import type { KnownSource, Source, SourceLimits } from './source';
import { DEFAULT_LIMITS } from './source';
import { openZipSource } from './zip';

export interface OpenOptions {
  readonly limits?: Partial<SourceLimits>;
  /** Where downloads are kept between the steps of an ingest; a private temporary folder by default. */
  readonly spoolFolder?: string;
  readonly known?: KnownSource;
  readonly signal?: AbortSignal;
}

const isAddress = (source: string): boolean => /^https?:\/\//i.test(source);

async function localPath(source: string, limits: SourceLimits, options: OpenOptions) {
  if (!isAddress(source)) return resolve(source);
  const { signal, spoolFolder: folder } = options;
  return download(source, { limit: limits.downloadBytes, signal, folder });
}

/** SOURCE_NOT_FOUND, ARCHIVE_EMPTY, ARCHIVE_CORRUPT, ARCHIVE_TOO_LARGE and their like. */
export async function openSource(source: string, options: OpenOptions = {}): Promise<Source> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const path = await localPath(source, limits, options);
  const facts = await stat(path).catch(() => null);
  if (facts === null) throw new WatchlakeError('SOURCE_NOT_FOUND', { source });
  const { known, signal } = options;
  const open = facts.isDirectory() ? openFolderSource : openZipSource;
  const opened = await open({ path, name: source, limits, known, signal });
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
  if (isAddress(source)) await rm(downloadPath(source, spoolFolder), { force: true });
}
