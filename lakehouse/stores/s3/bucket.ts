/** One bucket as the parts of the S3 store see it: the client, and what every request says. */
import type { ServerSideEncryption } from '@aws-sdk/client-s3';
import { S3Client } from '@aws-sdk/client-s3';
import type { AwsOptions } from '../../../core/aws';
import { awsClientConfig } from '../../../core/aws';
import { checkKey } from '../key';
import { s3Error } from './errors';

export interface S3Access {
  /** Of the client; what is absent the SDK takes from its own variables. */
  readonly aws?: AwsOptions;
  /** The bucket in the path instead of the host name, as most servers other than AWS want it. */
  readonly pathStyle?: boolean;
}

export interface BucketOptions extends S3Access {
  readonly bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
  /** Requests fail when the bucket belongs to another account. */
  readonly owner?: string;
  /** `bucket` leaves it to the bucket's own default, which is SSE-S3 when nobody chose another. */
  readonly encryption?: 'bucket' | 'sse-s3' | 'sse-kms';
  /** With `sse-kms`; the account's own key when absent. */
  readonly kmsKeyId?: string;
  /** Larger files travel in parts. */
  readonly partBytes?: number;
}

export interface Bucket {
  readonly client: S3Client;
  readonly name: string;
  readonly prefix: string;
  readonly partBytes: number;
  /** The request's fields for the bucket itself. */
  readonly self: { readonly Bucket: string; readonly ExpectedBucketOwner?: string };
  readonly encryption: {
    readonly ServerSideEncryption?: ServerSideEncryption;
    readonly SSEKMSKeyId?: string;
  };
  /** The request's fields for one object of the lake. */
  at(key: string): Bucket['self'] & { readonly Key: string };
  uriOf(key: string): string;
  /** The project's own error for one of S3; `action` is what a policy calls the request. */
  explain(action: string, key: string, error: unknown): unknown;
  /** One request, its errors translated. */
  call<T>(action: string, key: string, request: () => Promise<T>): Promise<T>;
}

const PART_BYTES = 8 * 1024 * 1024;
// A connection that carries nothing for so long is given up, and the request tried again.
const TIMEOUTS = { connectionTimeout: 5_000, socketTimeout: 60_000 };

export const createS3Client = ({ aws, pathStyle = false }: S3Access): S3Client =>
  new S3Client({
    ...awsClientConfig(aws),
    forcePathStyle: pathStyle,
    followRegionRedirects: true,
    requestHandler: TIMEOUTS,
  });

function encryptionOf({ encryption = 'bucket', kmsKeyId }: BucketOptions): Bucket['encryption'] {
  if (encryption === 'bucket') return {};
  if (encryption === 'sse-s3') return { ServerSideEncryption: 'AES256' };
  return { ServerSideEncryption: 'aws:kms', ...(kmsKeyId ? { SSEKMSKeyId: kmsKeyId } : {}) };
}

export function openBucket(options: BucketOptions): Bucket {
  const { bucket: name, prefix, owner, partBytes = PART_BYTES } = options;
  const self = { Bucket: name, ...(owner ? { ExpectedBucketOwner: owner } : {}) };
  const uriOf = (key: string): string => `s3://${name}/${prefix}${key}`;
  const explain: Bucket['explain'] = (action, key, error) =>
    s3Error(error, { action, bucket: name, key, uri: uriOf(key) });
  return {
    client: createS3Client(options),
    name,
    prefix,
    partBytes,
    self,
    encryption: encryptionOf(options),
    at: (key) => ({ ...self, Key: `${prefix}${checkKey(key)}` }),
    uriOf,
    explain,
    call: (action, key, request) =>
      request().catch((error: unknown) => {
        throw explain(action, key, error);
      }),
  };
}
