/** Looks at a bucket without changing it: whether it answers, may be written, and what it is set to. */
import { GetBucketVersioningCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { asPrefix, parseS3Address } from './address';
import type { BucketOptions } from './bucket';
import { openBucket } from './bucket';
import { tryWriting } from './try-writing';

export interface BucketFacts {
  readonly bucket: string;
  /** Null when the rights do not tell. */
  readonly versioned: boolean | null;
  /** Of KMS; null where objects are encrypted without one. */
  readonly key: string | null;
}

/** BUCKET_NOT_FOUND, AWS_DENIED or AWS_UNAVAILABLE when the lake cannot be listed or written. */
export async function examineBucket(
  uri: string,
  access: Omit<BucketOptions, 'bucket' | 'prefix'>,
): Promise<BucketFacts> {
  const { bucket: name, key } = parseS3Address(uri);
  const bucket = openBucket({ ...access, bucket: name, prefix: asPrefix(key) });
  try {
    const request = { ...bucket.self, Prefix: bucket.prefix, MaxKeys: 1 };
    await bucket.call('s3:ListBucket', '', () =>
      bucket.client.send(new ListObjectsV2Command(request)),
    );
    const versioned = await bucket.client.send(new GetBucketVersioningCommand(bucket.self)).then(
      ({ Status }) => Status === 'Enabled',
      () => null,
    );
    return { bucket: name, versioned, key: await tryWriting(bucket) };
  } finally {
    bucket.client.destroy();
  }
}
