/** Whether a bucket may be written, and its key used: an upload that is begun and broken off leaves no object. */
import { randomUUID } from 'node:crypto';
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Bucket } from './bucket';

const FOLDER = 'doctor/';

/** The key of KMS with which it is encrypted; null where it is none. */
export async function tryWriting(bucket: Bucket): Promise<string | null> {
  const { client, encryption } = bucket;
  const key = `${FOLDER}${randomUUID()}`;
  const object = bucket.at(key);
  // S3 makes the object's own key by kms:GenerateDataKey, and needs kms:Decrypt for each part.
  const { UploadId, ServerSideEncryption, SSEKMSKeyId } = await bucket.call(
    's3:PutObject',
    key,
    () => client.send(new CreateMultipartUploadCommand({ ...object, ...encryption })),
  );
  const upload = { ...object, UploadId };
  const abort = () =>
    bucket.call('s3:AbortMultipartUpload', key, () =>
      client.send(new AbortMultipartUploadCommand(upload)),
    );
  try {
    await bucket.call('s3:PutObject', key, () =>
      client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body: 'tried' })),
    );
  } catch (error) {
    // What was wrong first is told; the bucket's lifecycle rule removes what was begun.
    await abort().catch(() => undefined);
    throw error;
  }
  await abort();
  return ServerSideEncryption?.startsWith('aws:kms') ? (SSEKMSKeyId ?? 'aws/s3') : null;
}
