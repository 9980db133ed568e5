/** How S3 is reached, as the configuration says; the rest the AWS SDK takes from its own variables. */
import type { S3Settings } from '../lakehouse/stores/open-store';
import type { S3Access } from '../lakehouse/stores/s3/bucket';
import type { Config } from './config';

/** For any bucket, also one that is only read from. */
export const s3Access = (config: Config): S3Access => ({ pathStyle: config.S3_PATH_STYLE });

/** For the lake's own bucket. */
export const s3Settings = (config: Config): S3Settings => ({
  ...s3Access(config),
  owner: config.S3_BUCKET_OWNER,
  encryption: config.S3_ENCRYPTION,
  kmsKeyId: config.S3_KMS_KEY_ID,
  cacheFolder: config.S3_CACHE_FOLDER,
  cacheBytes: config.S3_CACHE_BYTES,
});
