/** Copies within the bucket, without the bytes coming here; large objects part by part. */
import type { CompletedPart } from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import type { Bucket } from './bucket';
import { inParallel } from '../../in-parallel';
import type { Piece } from './pieces';
import { piecesOf } from './pieces';
import type { Facts } from './read';
import { factsOf } from './read';

// The most that S3 copies in one request.
const COPY_LIMIT_BYTES = 5 * 1024 ** 3;
const COPY_PART_BYTES = 512 * 1024 ** 2;
const PARTS_AT_ONCE = 8;

export interface CopyLimits {
  readonly limitBytes?: number;
  readonly partBytes?: number;
}

const sourceOf = (bucket: Bucket, key: string): string =>
  `${bucket.name}/${bucket.at(key).Key.split('/').map(encodeURIComponent).join('/')}`;

async function copyParts(
  bucket: Bucket,
  { source, target, partBytes }: { source: object; target: string; partBytes: number },
  { bytes }: Facts,
): Promise<void> {
  const place = bucket.at(target);
  const begin = new CreateMultipartUploadCommand({ ...place, ...bucket.encryption });
  const { UploadId } = await bucket.client.send(begin);
  const upload = { ...place, UploadId };
  const copy = async (piece: Piece) => {
    const CopySourceRange = `bytes=${piece.offset}-${piece.offset + piece.bytes - 1}`;
    const part = { PartNumber: piece.number, CopySourceRange };
    const request = { ...upload, ...source, ...part } as CopyPartRequest;
    const { CopyPartResult } = await bucket.client.send(new UploadPartCopyCommand(request));
    return { PartNumber: piece.number, ETag: CopyPartResult?.ETag };
  };
  try {
    const pieces = piecesOf(bytes, partBytes);
    const Parts: CompletedPart[] = await inParallel(pieces, PARTS_AT_ONCE, copy);
    const complete = { ...upload, MultipartUpload: { Parts } };
    await bucket.client.send(new CompleteMultipartUploadCommand(complete));
  } catch (error) {
    const abort = new AbortMultipartUploadCommand(upload);
    // What cannot be removed now is swept away later.
    await bucket.client.send(abort).catch(() => undefined);
    throw error;
  }
}

type CopyPartRequest = ConstructorParameters<typeof UploadPartCopyCommand>[0];

export async function copyObject(
  bucket: Bucket,
  from: string,
  to: string,
  { limitBytes = COPY_LIMIT_BYTES, partBytes = COPY_PART_BYTES }: CopyLimits = {},
): Promise<void> {
  const facts = await factsOf(bucket, from);
  const source = {
    CopySource: sourceOf(bucket, from),
    CopySourceIfMatch: facts.etag,
    ...(bucket.self.ExpectedBucketOwner
      ? { ExpectedSourceBucketOwner: bucket.self.ExpectedBucketOwner }
      : {}),
  };
  await bucket.call('s3:PutObject', to, async () => {
    if (facts.bytes > limitBytes) {
      return copyParts(bucket, { source, target: to, partBytes }, facts);
    }
    // Without tags: a copy of what was given up is not given up itself. With a checksum of its own: that of an
    // object in parts is one of its parts, which the copy does not have.
    const request = { ...bucket.at(to), ...bucket.encryption, ...source };
    const own = { TaggingDirective: 'REPLACE', Tagging: '', ChecksumAlgorithm: 'SHA256' } as const;
    await bucket.client.send(new CopyObjectCommand({ ...request, ...own }));
  });
}
