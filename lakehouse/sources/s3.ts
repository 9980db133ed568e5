/** Brings a source on S3 to the local disk: an archive, or the files of a folder. */
import { mkdir, rename, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WatchlakeError, isWatchlakeError } from '../../core/errors';
import { contentHash } from '../../core/hash';
import { inParallel } from '../in-parallel';
import { asPrefix, parseS3Address } from '../stores/s3/address';
import type { Bucket, S3Access } from '../stores/s3/bucket';
import { openBucket } from '../stores/s3/bucket';
import { listObjects } from '../stores/s3/list';
import { factsOf } from '../stores/s3/read';
import type { DownloadOptions } from './download';
import { errorCode } from './error-code';
import { hasEnding } from './names';
import { downloadPieces } from './s3-pieces';
import type { SourceLimits } from './source';
import { downloadPath } from './spool';

export interface S3SourceOptions {
  readonly limits: SourceLimits;
  /** Endings of the files that belong to a folder. */
  readonly extensions: readonly string[];
  readonly folder?: string;
  readonly access?: S3Access;
  readonly signal?: AbortSignal;
  readonly onProgress?: DownloadOptions['onProgress'];
}

/** An object of the source, and the bucket that has it. */
export interface FoundObject {
  readonly bucket: Bucket;
  readonly key: string;
  /** Below the folder; empty for an archive. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly etag: string;
}

const DOWNLOADS_AT_ONCE = 4;

/** The object of this very key; null when there is none, and it may be a folder. */
async function findArchive(bucket: Bucket, key: string): Promise<FoundObject[] | null> {
  if (key === '' || key.endsWith('/')) return null;
  try {
    return [{ bucket, key, name: '', ...(await factsOf(bucket, key)) }];
  } catch (error) {
    if (isWatchlakeError(error) && error.code === 'OBJECT_NOT_FOUND') return null;
    throw error;
  }
}

function checkName(source: string, member: string): void {
  if (!member.split('/').some((part) => ['', '.', '..'].includes(part))) return;
  throw new WatchlakeError('ARCHIVE_MEMBER_UNSAFE', { source, member });
}

/** What is not wanted is left alone. */
export async function objectsBelow(
  bucket: Bucket,
  source: string,
  prefix: string,
  { limits, isWanted }: { limits: SourceLimits; isWanted: (name: string) => boolean },
): Promise<FoundObject[]> {
  const found: FoundObject[] = [];
  for await (const object of listObjects(bucket, prefix)) {
    const name = object.key.slice(prefix.length);
    if (!isWanted(name)) continue;
    checkName(source, name);
    found.push({ ...object, bucket, name });
    if (found.length <= limits.members) continue;
    const member = `a list of more than ${limits.members} members`;
    throw new WatchlakeError('ARCHIVE_TOO_LARGE', { source, member, limit: limits.members });
  }
  return found;
}

/** Files that are whole already are not fetched again, and of the others no piece twice. */
async function fetchAll(
  found: readonly FoundObject[],
  target: string,
  { signal, onProgress }: S3SourceOptions,
): Promise<void> {
  const total = found.reduce((sum, object) => sum + object.bytes, 0);
  let bytes = 0;
  await inParallel(found, DOWNLOADS_AT_ONCE, async (object) => {
    signal?.throwIfAborted();
    const path = join(target, object.name);
    await mkdir(dirname(path), { recursive: true });
    await downloadPieces(object.bucket, object.key, object, path, {
      signal,
      onBytes: (more) => onProgress?.({ bytes: (bytes += more), total }),
    });
    // The same on every machine: what was opened before is recognised by its time.
    const modified = new Date(object.modifiedMs);
    await utimes(path, modified, modified);
  });
}

/** Both hold for the content: another one is another download. */
const spoolPath = (source: string, found: readonly FoundObject[], folder?: string): string =>
  `${downloadPath(source, folder)}-${contentHash(found.map(({ name, bytes, etag }) => [name, bytes, etag]))}`;

async function spoolNow(
  path: string,
  found: readonly FoundObject[],
  options: S3SourceOptions & { isFolder: boolean },
): Promise<string> {
  if ((await stat(path).catch(() => null)) !== null) return path;
  const partial = `${path}.part`;
  const folder = options.isFolder ? partial : dirname(partial);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await fetchAll(found, partial, options);
  await moveTo(partial, path);
  return path;
}

/** Several who ask for the same at a time share one download. */
const running = new Map<string, Promise<string>>();

/**
 * The path of the downloaded archive or folder; what is already there is not fetched again, and what
 * was fetched in part is gone on with.
 */
export async function spooled(
  source: string,
  found: readonly FoundObject[],
  options: S3SourceOptions & { isFolder: boolean },
): Promise<string> {
  const { limits, folder } = options;
  const bytes = found.reduce((sum, object) => sum + object.bytes, 0);
  if (bytes > limits.downloadBytes) {
    const limit = limits.downloadBytes;
    throw new WatchlakeError('ARCHIVE_TOO_LARGE', { source, member: source, limit });
  }
  const path = spoolPath(source, found, folder);
  const work =
    running.get(path) ?? spoolNow(path, found, options).finally(() => running.delete(path));
  running.set(path, work);
  return work;
}

export async function downloadFromS3(source: string, options: S3SourceOptions): Promise<string> {
  const { extensions, access } = options;
  const { bucket: name, key } = parseS3Address(source);
  const bucket = openBucket({ ...access, bucket: name, prefix: '' });
  let seen = 0;
  const isWanted = (each: string): boolean => {
    seen += 1;
    return hasEnding(each, extensions);
  };
  try {
    const archive = await findArchive(bucket, key);
    const wanted = { ...options, isWanted };
    const found = archive ?? (await objectsBelow(bucket, source, asPrefix(key), wanted));
    if (archive === null && seen === 0) throw new WatchlakeError('SOURCE_NOT_FOUND', { source });
    return await spooled(source, found, { ...options, isFolder: archive === null });
  } finally {
    bucket.client.destroy();
  }
}

/** Another process may have brought the same in the meantime. */
async function moveTo(partial: string, path: string): Promise<void> {
  await rename(partial, path).catch((error: unknown) => {
    if (!['EEXIST', 'ENOTEMPTY', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
  });
}
