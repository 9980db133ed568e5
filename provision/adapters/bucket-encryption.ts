/** How a bucket encrypts what comes without a word about it. */
import {
  GetBucketEncryptionCommand,
  type S3Client,
  type ServerSideEncryptionByDefault,
} from '@aws-sdk/client-s3';
import { orNull } from './absent';
import { elsewhere } from './bucket-region';

const ABSENT = ['ServerSideEncryptionConfigurationNotFoundError', 'NoSuchBucket'];

/** Undefined without a bucket, or without such a setting. */
export async function encryptionOf(
  s3: S3Client,
  Bucket: string,
): Promise<ServerSideEncryptionByDefault | undefined> {
  const found = await orNull('s3:GetEncryptionConfiguration', ABSENT, () =>
    s3.send(new GetBucketEncryptionCommand({ Bucket })).catch((error: unknown) => {
      throw elsewhere(error, Bucket);
    }),
  );
  const [rule] = found?.ServerSideEncryptionConfiguration?.Rules ?? [];
  return rule?.ApplyServerSideEncryptionByDefault;
}

/** Of KMS, as it is named there; undefined where the bucket uses no key, or that of AWS. */
export const bucketKeyOf = async (s3: S3Client, bucket: string): Promise<string | undefined> =>
  (await encryptionOf(s3, bucket))?.KMSMasterKeyID;
