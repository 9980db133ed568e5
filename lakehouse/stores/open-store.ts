/** The store that an address of a lake names: a folder, or a bucket of S3. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lakeFolder } from '../lake-folder';
import type { Store } from '../ports';
import { createFileStore } from './file';
import type { S3StoreOptions } from './s3';
import { createS3Store } from './s3';
import { asPrefix, isS3Address, parseS3Address } from './s3/address';

export type S3Settings = Partial<Omit<S3StoreOptions, 'bucket' | 'prefix'>>;

const DEFAULT_S3_CACHE_BYTES = 20 * 2 ** 30;

export function openStore(uri: string, s3: S3Settings = {}): Store {
  if (!isS3Address(uri)) return createFileStore({ folder: lakeFolder(uri) });
  const { bucket, key } = parseS3Address(uri);
  return createS3Store({
    cacheFolder: join(tmpdir(), `watchlake-s3-${process.getuid?.() ?? 'user'}`),
    cacheBytes: DEFAULT_S3_CACHE_BYTES,
    ...s3,
    bucket,
    prefix: asPrefix(key),
  });
}
