/** Where a lake lies: on this machine, or in a bucket. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WatchlakeError } from '../core/errors';
import { isS3Address, parseS3Address } from './stores/s3/address';

/** The folder of a path or a `file:` address; other stores have schemes of their own. */
export function lakeFolder(uri: string): string {
  if (/^file:/i.test(uri)) return fileURLToPath(uri);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(uri)?.[1];
  if (scheme === undefined) return resolve(uri);
  throw new WatchlakeError('CONFIG_INVALID', {
    problems: `LAKE_URI: ${scheme} is not a store that this version has; give a folder or s3://bucket/prefix`,
  });
}

/** The one spelling of a lake's address: an absolute folder, or `s3://bucket/prefix`. */
export function lakeAddress(uri: string): string {
  if (!isS3Address(uri)) return lakeFolder(uri);
  const { bucket, key } = parseS3Address(uri);
  return `s3://${bucket}/${key}`.replace(/\/$/, '');
}
