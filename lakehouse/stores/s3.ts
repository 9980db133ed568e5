/** A store in a bucket of S3, or under a prefix of one; engines read local copies of its objects. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  PutObjectTaggingCommand,
  type Tag,
} from '@aws-sdk/client-s3';
import { RETIRED_TAG } from '../../core/aws';
import { isWatchlakeError } from '../../core/errors';
import type { Store } from '../ports';
import type { Bucket, BucketOptions } from './s3/bucket';
import { openBucket } from './s3/bucket';
import type { CopyLimits } from './s3/copy';
import { copyObject } from './s3/copy';
import { createGate, inParallel } from '../in-parallel';
import { listFolders, listObjects } from './s3/list';
import type { Facts } from './s3/read';
import { downloadFile, factsOf, readStream, readWhole } from './s3/read';
import { createReadCache } from './s3/read-cache';
import { uploadFile } from './s3/upload';
import { abortUploads } from './s3/uploads';
import { removeAllVersions, removeOldVersions } from './s3/versions';
import { writeObject } from './s3/write';
import { scratchFolder, sweepFolder } from './scratch';

export interface S3StoreOptions extends BucketOptions {
  /** Local folder of copies and of unfinished work; several processes may share it. */
  readonly cacheFolder: string;
  readonly cacheBytes: number;
  readonly copy?: CopyLimits;
}

const REQUESTS_AT_ONCE = 16;
// An object that is replaced while it is read is read again.
const READ_ATTEMPTS = 3;

const isMissing = (error: unknown): boolean =>
  isWatchlakeError(error) && error.code === 'OBJECT_NOT_FOUND';

const exists = (bucket: Bucket, key: string): Promise<boolean> =>
  factsOf(bucket, key).then(
    () => true,
    (error: unknown) => {
      if (isMissing(error)) return false;
      throw error;
    },
  );

async function tagsOf(bucket: Bucket, key: string): Promise<Tag[]> {
  const request = new GetObjectTaggingCommand(bucket.at(key));
  const found = await bucket.call('s3:GetObjectTagging', key, () => bucket.client.send(request));
  return found.TagSet ?? [];
}

const isGivenUp = (tags: readonly Tag[]): boolean =>
  tags.some(({ Key }) => Key === RETIRED_TAG.key);

/** The bucket's lifecycle rule removes what carries the tag. */
async function retireObject(bucket: Bucket, key: string): Promise<boolean> {
  const { key: Key, value: Value } = RETIRED_TAG;
  const TagSet = await tagsOf(bucket, key);
  if (isGivenUp(TagSet)) return false;
  const request = { ...bucket.at(key), Tagging: { TagSet: [...TagSet, { Key, Value }] } };
  await bucket.call('s3:PutObjectTagging', key, () =>
    bucket.client.send(new PutObjectTaggingCommand(request)),
  );
  return true;
}

export function createS3Store(options: S3StoreOptions): Store {
  const bucket = openBucket(options);
  const scratchRoot = join(options.cacheFolder, 'scratch');
  const scratch = () => scratchFolder(scratchRoot);
  const gate = createGate(REQUESTS_AT_ONCE);
  const cache = createReadCache({
    folder: join(options.cacheFolder, 'objects', bucket.name, bucket.prefix),
    maximumBytes: options.cacheBytes,
    partial: scratch,
    fetch: (version, target) => downloadFile(bucket, version.key, version, target),
  });

  /** Asks the bucket each time: a copy of what was removed there is not given out. */
  async function localPath(key: string, heldIn?: string): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const facts: Facts = await factsOf(bucket, key);
      try {
        return await cache.pathOf({ key, ...facts }, heldIn);
      } catch (error) {
        if (!isMissing(error) || attempt === READ_ATTEMPTS) throw error;
      }
    }
  }

  async function removeForGood(prefix: string, isKey: boolean) {
    const removed = await removeAllVersions(bucket, prefix, { isKey });
    await cache.drop(async (keys) => {
      return new Set(keys.filter((key) => (isKey ? key === prefix : key.startsWith(prefix))));
    });
    return removed;
  }

  async function missingOf(keys: string[]): Promise<ReadonlySet<string>> {
    const there = await inParallel(keys, REQUESTS_AT_ONCE, (key) => exists(bucket, key));
    return new Set(keys.filter((_, index) => there[index] === false));
  }

  return {
    uriOf: (key) => bucket.uriOf(key),
    put: (key, body, how) => writeObject(bucket, key, body, how),
    async adopt(key, localFile) {
      const { etag, bytes } = await uploadFile(bucket, key, localFile);
      // What was just made is mostly read next.
      await cache
        .adopt({ key, etag, bytes }, localFile)
        .catch(() => rm(localFile, { force: true }));
    },
    copy: (from, to) => copyObject(bucket, from, to, options.copy),
    get: (key) => readWhole(bucket, key),
    stream: (key) => readStream(bucket, key),
    has: (key) => exists(bucket, key),
    list: (prefix) => listObjects(bucket, prefix),
    folders: (prefix) => listFolders(bucket, prefix),
    async remove(key) {
      await bucket.call('s3:DeleteObject', key, () =>
        bucket.client.send(new DeleteObjectCommand(bucket.at(key))),
      );
      await cache.dropOne(key);
    },
    retire: (key) =>
      retireObject(bucket, key).catch((error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      }),
    isRetired: (key) =>
      tagsOf(bucket, key).then(isGivenUp, (error: unknown) => {
        if (isMissing(error)) return true;
        throw error;
      }),
    removeVersions: (key) => removeForGood(key, true),
    removeAllVersions: (prefix) => removeForGood(prefix, false),
    async removeOldVersions(prefix) {
      const removed = await removeOldVersions(bucket, prefix);
      await cache.drop(missingOf);
      return removed;
    },
    localPath: (key, heldIn) => gate(() => localPath(key, heldIn)),
    scratch,
    async sweep(olderThanMs) {
      const beforeMs = Date.now() - olderThanMs;
      const local = await sweepFolder(scratchRoot, beforeMs);
      const uploads = await abortUploads(bucket, { prefix: '', beforeMs });
      await cache.drop(missingOf);
      return {
        objects: local.objects + uploads.objects,
        bytes: local.bytes + uploads.bytes,
      };
    },
  };
}
