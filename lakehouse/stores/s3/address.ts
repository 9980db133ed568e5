/** Addresses such as `s3://bucket/folder/object`. */
import { WatchlakeError } from '../../../core/errors';

export interface S3Address {
  readonly bucket: string;
  /** Without a slash at its start; empty for the whole bucket. */
  readonly key: string;
}

const ADDRESS = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/s;

export const isS3Address = (text: string): boolean => /^s3:\/\//i.test(text);

export function parseS3Address(text: string): S3Address {
  const [, bucket, key = ''] = ADDRESS.exec(text) ?? [];
  if (bucket !== undefined && !/(^|\/)(\.{0,2})\//.test(key)) return { bucket, key };
  const problems = `${text}: give a bucket and a prefix, such as s3://my-bucket/lake`;
  throw new WatchlakeError('CONFIG_INVALID', { problems });
}

/** The prefix of a lake: none, or one that ends with a slash. */
export const asPrefix = (key: string): string =>
  key === '' || key.endsWith('/') ? key : `${key}/`;
