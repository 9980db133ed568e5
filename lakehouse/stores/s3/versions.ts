/** Removal for good: every version of an object, and what was uploaded of it and never completed. */
import type {
  ListObjectVersionsCommandInput,
  ListObjectVersionsCommandOutput,
  ObjectIdentifier,
} from '@aws-sdk/client-s3';
import { DeleteObjectsCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import { WatchlakeError } from '../../../core/errors';
import { counted } from '../../../core/figures';
import type { Bucket } from './bucket';
import { abortUploads } from './uploads';

interface Version {
  readonly key: string;
  readonly id: ObjectIdentifier;
  readonly bytes: number;
  /** What a reader is shown: this version, or with a marker that there is no object. */
  readonly present: boolean;
  readonly isMarker: boolean;
}

/** A page at a time, at most as many as one request can remove; delete markers are among them. */
async function* versionsOf(bucket: Bucket, prefix: string): AsyncGenerator<Version[]> {
  const place = { ...bucket.self, Prefix: `${bucket.prefix}${prefix}` };
  let request: ListObjectVersionsCommandInput | null = place;
  while (request !== null) {
    const command = new ListObjectVersionsCommand(request);
    const page: ListObjectVersionsCommandOutput = await bucket.call(
      's3:ListBucketVersions',
      prefix,
      () => bucket.client.send(command),
    );
    const versions = (page.Versions ?? []).map((each) => ({ ...each, isMarker: false }));
    const markers = (page.DeleteMarkers ?? []).map((each) => ({
      ...each,
      Size: 0,
      isMarker: true,
    }));
    yield [...versions, ...markers].map(
      ({ Key = '', VersionId, Size = 0, IsLatest = false, isMarker }) => ({
        key: Key.slice(bucket.prefix.length),
        id: { Key, VersionId },
        bytes: Size,
        present: IsLatest,
        isMarker,
      }),
    );
    request = page.IsTruncated
      ? { ...place, KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : null;
  }
}

async function removeVersions(bucket: Bucket, versions: readonly Version[]): Promise<void> {
  const action = 's3:DeleteObjectVersion';
  const key = versions[0]?.key ?? '';
  const Delete = { Objects: versions.map(({ id }) => id), Quiet: true };
  const { Errors = [] } = await bucket.call(action, key, () =>
    bucket.client.send(new DeleteObjectsCommand({ ...bucket.self, Delete })),
  );
  const [first] = Errors;
  if (first === undefined) return;
  const detail = `${first.Code ?? ''}: ${first.Message ?? ''} (${counted(Errors.length, 'object')})`;
  const code = first.Code === 'AccessDenied' ? 'AWS_DENIED' : 'AWS_UNAVAILABLE';
  throw new WatchlakeError(code, { action: `${action} at s3://${bucket.name}`, detail });
}

async function removeChosen(
  bucket: Bucket,
  prefix: string,
  isChosen: (version: Version) => boolean,
): Promise<{ objects: number; bytes: number }> {
  let [objects, bytes] = [0, 0];
  let chosen: Version[] = [];
  async function removePage(): Promise<void> {
    if (chosen.length > 0) await removeVersions(bucket, chosen);
    objects += chosen.length;
    bytes += chosen.reduce((sum, version) => sum + version.bytes, 0);
  }
  for await (const page of versionsOf(bucket, prefix)) {
    // Only now, one page behind: the listing goes on after a version that is still there.
    await removePage();
    chosen = page.filter(isChosen);
  }
  await removePage();
  return { objects, bytes };
}

/** Of all objects under the prefix, or of the one object that has it as its key. */
export async function removeAllVersions(
  bucket: Bucket,
  prefix: string,
  { isKey = false }: { isKey?: boolean } = {},
): Promise<{ objects: number; bytes: number }> {
  // Uploads first: one that was completed after the versions were listed would stay.
  await abortUploads(bucket, { prefix, beforeMs: Infinity, isKey });
  return removeChosen(bucket, prefix, ({ key }) => !isKey || key === prefix);
}

/** Of all objects under the prefix what no reader is shown any more. */
export async function removeOldVersions(
  bucket: Bucket,
  prefix: string,
): Promise<{ objects: number; bytes: number }> {
  const markers = new Set<string | undefined>();
  const removed = await removeChosen(bucket, prefix, ({ present, isMarker, id }) => {
    if (isMarker) markers.add(id.VersionId);
    return !present && !isMarker;
  });
  // Last: without its marker an older version would be the object again. So would what somebody else has removed
  // since the versions were listed: those markers stay.
  await removeChosen(bucket, prefix, ({ isMarker, id }) => isMarker && markers.has(id.VersionId));
  return removed;
}
