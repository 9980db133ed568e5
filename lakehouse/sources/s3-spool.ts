/** Fetches objects of S3 into a folder or a file of the local disk, of which nobody sees anything before it is whole. */
import { mkdir, rename, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WatchlakeError } from '../../core/errors';
import { contentHash } from '../../core/hash';
import { inParallel } from '../in-parallel';
import type { Bucket, S3Access } from '../stores/s3/bucket';
import { openBucket } from '../stores/s3/bucket';
import { errorCode } from './error-code';
import { removeHalf, withHalf } from './halves';
import { downloadPieces } from './s3-pieces';
import type { DownloadListener } from './shared-downloads';
import { createSharedDownloads } from './shared-downloads';
import type { SourceLimits } from './source';
import { downloadPath, keepFresh } from './spool';

export interface S3SourceOptions extends DownloadListener {
  readonly limits: SourceLimits;
  /** Endings of the files that belong to a folder. */
  readonly extensions: readonly string[];
  readonly folder?: string;
  readonly access?: S3Access;
}

/** An object of the source. */
export interface FoundObject {
  /** The name of the one that has it. */
  readonly bucket: string;
  readonly key: string;
  /** Below the folder; empty for an archive. */
  readonly name: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly etag: string;
}

const DOWNLOADS_AT_ONCE = 4;

/** By name, and of this download alone: whoever has found the objects may leave before it ends. */
function openBuckets(found: readonly FoundObject[], access?: S3Access): Map<string, Bucket> {
  const names = new Set(found.map(({ bucket }) => bucket));
  return new Map(
    [...names].map((bucket) => [bucket, openBucket({ ...access, bucket, prefix: '' })]),
  );
}

/** Files that are whole already are not fetched again, and of the others no piece twice. */
async function fetchAll(
  found: readonly FoundObject[],
  target: string,
  buckets: ReadonlyMap<string, Bucket>,
  { signal, onProgress }: S3SourceOptions,
): Promise<void> {
  const total = found.reduce((sum, object) => sum + object.bytes, 0);
  let bytes = 0;
  await inParallel(found, DOWNLOADS_AT_ONCE, async (object) => {
    signal?.throwIfAborted();
    const path = join(target, object.name);
    await mkdir(dirname(path), { recursive: true });
    await downloadPieces(buckets.get(object.bucket) as Bucket, object.key, object, path, {
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
): Promise<void> {
  if ((await stat(path).catch(() => null)) !== null) return;
  const buckets = openBuckets(found, options.access);
  try {
    await withHalf(path, async (half) => {
      const folder = options.isFolder ? half.path : half.folder;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await fetchAll(found, half.path, buckets, options);
      await moveTo(half.path, path);
      await removeHalf(half);
    });
  } finally {
    for (const { client } of buckets.values()) client.destroy();
  }
}

const foldersAbove = (name: string): string[] =>
  name.split('/').flatMap((_, at, parts) => (at > 0 ? [parts.slice(0, at).join('/')] : []));

/** A bucket may have an object `a.csv` and others below `a.csv/`; a disk may not, and one of them would be left out. */
function refuseFileAsFolder(source: string, found: readonly FoundObject[]): void {
  const files = new Set(found.map(({ name }) => name));
  for (const { name } of found) {
    const member = foldersAbove(name).find((folder) => files.has(folder));
    if (member === undefined) continue;
    throw new WatchlakeError('ARCHIVE_MEMBER_DUPLICATE', { source, member });
  }
}

const share = createSharedDownloads<void>();

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
  refuseFileAsFolder(source, found);
  const path = spoolPath(source, found, folder);
  await share(path, options, (told) => spoolNow(path, found, { ...options, ...told }));
  await keepFresh(path);
  return path;
}

/** Another process may have brought the same in the meantime. */
async function moveTo(partial: string, path: string): Promise<void> {
  await rename(partial, path).catch((error: unknown) => {
    if (!['EEXIST', 'ENOTEMPTY'].includes(errorCode(error) ?? '')) throw error;
  });
}
