/** Finds what a source on S3 is: an archive, or the files of a folder. */
import { WatchlakeError, isWatchlakeError } from '../../core/errors';
import { asPrefix, parseS3Address } from '../stores/s3/address';
import type { Bucket } from '../stores/s3/bucket';
import { openBucket } from '../stores/s3/bucket';
import { listObjects } from '../stores/s3/list';
import { factsOf } from '../stores/s3/read';
import { hasEnding } from './names';
import type { FoundObject, S3SourceOptions } from './s3-spool';
import { spooled } from './s3-spool';
import type { SourceLimits } from './source';

/** The object of this very key; null when there is none, and it may be a folder. */
async function findArchive(bucket: Bucket, key: string): Promise<FoundObject[] | null> {
  if (key === '' || key.endsWith('/')) return null;
  try {
    return [{ bucket: bucket.name, key, name: '', ...(await factsOf(bucket, key)) }];
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
    found.push({ ...object, bucket: bucket.name, name });
    if (found.length <= limits.members) continue;
    const member = `a list of more than ${limits.members} members`;
    throw new WatchlakeError('ARCHIVE_TOO_LARGE', { source, member, limit: limits.members });
  }
  return found;
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
