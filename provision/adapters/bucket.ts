/** The bucket of a lake. */
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  type BucketLocationConstraint,
  type S3Client,
} from '@aws-sdk/client-s3';
import { callingAws, isAwsError } from '../../core/aws';
import { WatchlakeError } from '../../core/errors';
import type { Adapter, DeclaredResource, Json, Properties } from '../resource';
import { orNull, unless } from './absent';
import { elsewhere } from './bucket-region';
import { BUCKET_SETTINGS, environmentIn, tagsOf } from './bucket-settings';

// The only region that must not be named when a bucket is made.
const FIRST_REGION = 'us-east-1';

interface Version {
  readonly Key?: string;
  readonly VersionId?: string;
}

async function* versionsOf(s3: S3Client, Bucket: string): AsyncGenerator<Version[]> {
  let markers = {};
  for (;;) {
    const page = await callingAws('s3:ListBucketVersions', () =>
      s3.send(new ListObjectVersionsCommand({ Bucket, ...markers })),
    );
    const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    if (found.length > 0) yield found;
    if (!page.IsTruncated) return;
    markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

export interface EmptyOptions {
  readonly signal?: AbortSignal;
  /** Told the number of versions so far. */
  readonly onRemoved?: (versions: number) => void;
}

async function removeVersions(s3: S3Client, Bucket: string, versions: readonly Version[]) {
  const Objects = versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
  const { Errors = [] } = await callingAws('s3:DeleteObjectVersion', () =>
    s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } })),
  );
  const [refused] = Errors;
  if (refused === undefined) return;
  const detail = `${refused.Code}: ${refused.Message}`;
  throw new WatchlakeError('AWS_REFUSED', { action: 's3:DeleteObjectVersion', detail });
}

/** Removes every version of every object; what it has done stays done when it is broken off. */
export async function emptyBucket(
  s3: S3Client,
  Bucket: string,
  { signal, onRemoved }: EmptyOptions = {},
): Promise<number> {
  let removed = 0;
  let found: Version[] = [];
  async function removePage(): Promise<void> {
    if (found.length === 0) return;
    signal?.throwIfAborted();
    await removeVersions(s3, Bucket, found);
    removed += found.length;
    onRemoved?.(removed);
  }
  for await (const versions of versionsOf(s3, Bucket)) {
    // Only now, one page behind: the listing goes on after a version that is still there.
    await removePage();
    found = versions;
  }
  await removePage();
  return removed;
}

export function bucketAdapter({ s3, region }: { s3: S3Client; region: string }): Adapter {
  const isEmpty = async (bucket: string): Promise<boolean> =>
    (await versionsOf(s3, bucket).next()).done === true;

  async function settings(bucket: string, declared: Properties): Promise<Properties> {
    const found: [string, Json][] = [];
    for (const [name, setting] of Object.entries(BUCKET_SETTINGS)) {
      const read = () => setting.read(s3, bucket, declared[name] ?? null);
      found.push([name, await callingAws(`s3 ${name}`, read)]);
    }
    return Object.fromEntries(found);
  }

  return {
    async read({ name, environment, properties }) {
      const found = await orNull('s3:HeadBucket', ['NotFound', 'NoSuchBucket'], () =>
        s3.send(new HeadBucketCommand({ Bucket: name })).catch((error: unknown) => {
          throw elsewhere(error, name);
        }),
      );
      if (found === null) return null;
      const tags = await tagsOf(s3, name);
      // Between making a bucket and tagging it a run may have been killed: an empty one without
      // any tag is taken over by the next.
      const isNew = tags.length === 0 && (await isEmpty(name));
      return {
        environment: isNew ? environment : environmentIn(tags),
        properties: await settings(name, properties),
      };
    },

    async create(resource: DeclaredResource) {
      const { name: Bucket, environment } = resource;
      const LocationConstraint = region as BucketLocationConstraint;
      try {
        await s3.send(
          new CreateBucketCommand({
            Bucket,
            ...(region === FIRST_REGION
              ? {}
              : { CreateBucketConfiguration: { LocationConstraint } }),
          }),
        );
      } catch (error) {
        if (isAwsError(error, 'BucketAlreadyOwnedByYou')) return;
        if (isAwsError(error, 'BucketAlreadyExists')) {
          const context = { resource: `bucket ${Bucket}`, environment };
          throw new WatchlakeError('RESOURCE_FOREIGN', context, error);
        }
        await callingAws('s3:CreateBucket', () => Promise.reject(error as Error));
      }
    },

    async update({ name, properties }, changed) {
      for (const [property, setting] of Object.entries(BUCKET_SETTINGS)) {
        if (!changed.includes(property)) continue;
        await callingAws(`s3 ${property}`, () =>
          setting.put(s3, name, properties[property] ?? null),
        );
      }
    },

    remove: ({ name: Bucket }) =>
      unless('s3:DeleteBucket', ['NoSuchBucket'], () =>
        s3.send(new DeleteBucketCommand({ Bucket })).catch((error: unknown) => {
          if (!isAwsError(error, 'BucketNotEmpty')) throw error;
          // Somebody still writes to it.
          const context = { resource: `bucket ${Bucket}`, what: 'objects' };
          throw new WatchlakeError('RESOURCE_HOLDS_DATA', context, error);
        }),
      ),

    holds: async ({ name }) => ((await isEmpty(name)) ? null : 'objects'),
  };
}
