/** Brings a local file into the bucket; one that was interrupted goes on with the parts that are there. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { CompletedPart, Part } from '@aws-sdk/client-s3';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { Bucket } from './bucket';
import { isUploadGone } from './errors';
import { inParallel } from '../../in-parallel';
import type { Piece } from './pieces';
import { piecesOf } from './pieces';
import type { UnfinishedUpload } from './uploads';
import { partsOf, uploadsOf } from './uploads';
import { etagOfOwn, writerMetadata } from './write';

export interface UploadedFile {
  readonly etag: string;
  readonly bytes: number;
}

interface Upload {
  readonly id: string;
  readonly present: ReadonlyMap<number, Part>;
}

const PARTS_AT_ONCE = 4;

const base64Of = (algorithm: string, bytes: Uint8Array): string =>
  createHash(algorithm).update(bytes).digest('base64');

/** By SHA-256 where the server keeps it, else by the MD5 that a part's ETag is without SSE-KMS. */
function isSame(part: Part | undefined, body: Uint8Array, sha256: string): boolean {
  if (part?.Size !== body.length) return false;
  if (part.ChecksumSHA256 !== undefined) return part.ChecksumSHA256 === sha256;
  return part.ETag?.replaceAll('"', '') === createHash('md5').update(body).digest('hex');
}

async function findUpload(bucket: Bucket, key: string): Promise<Upload | null> {
  let newest: UnfinishedUpload | null = null;
  for await (const upload of uploadsOf(bucket, key)) {
    if (upload.key === key && upload.startedMs >= (newest?.startedMs ?? 0)) newest = upload;
  }
  if (newest === null) return null;
  const parts = await partsOf(bucket, newest);
  const present = new Map(parts.map((part) => [part.PartNumber as number, part]));
  return { id: newest.id, present };
}

async function beginUpload(
  bucket: Bucket,
  key: string,
  Metadata: Record<string, string>,
): Promise<Upload> {
  const request = { ...bucket.at(key), ...bucket.encryption, Metadata };
  const { UploadId } = await bucket.client.send(
    new CreateMultipartUploadCommand({ ...request, ChecksumAlgorithm: 'SHA256' }),
  );
  return { id: UploadId as string, present: new Map() };
}

async function readPiece(file: FileHandle, { offset, bytes }: Piece): Promise<Buffer> {
  const body = Buffer.allocUnsafe(bytes);
  const { bytesRead } = await file.read(body, 0, bytes, offset);
  if (bytesRead !== bytes) throw new Error('the file became shorter while it was uploaded');
  return body;
}

async function sendParts(
  bucket: Bucket,
  key: string,
  { file, size, upload }: { file: FileHandle; size: number; upload: Upload },
): Promise<string> {
  const request = { ...bucket.at(key), UploadId: upload.id };
  const pieces = piecesOf(size, bucket.partBytes);
  const Parts = await inParallel(pieces, PARTS_AT_ONCE, async (piece): Promise<CompletedPart> => {
    const Body = await readPiece(file, piece);
    const ChecksumSHA256 = base64Of('sha256', Body);
    const PartNumber = piece.number;
    const present = upload.present.get(PartNumber);
    if (isSame(present, Body, ChecksumSHA256)) {
      return { PartNumber, ETag: present?.ETag, ChecksumSHA256 };
    }
    const part = { ...request, PartNumber, Body, ChecksumSHA256 };
    const { ETag } = await bucket.client.send(new UploadPartCommand(part));
    return { PartNumber, ETag, ChecksumSHA256 };
  });
  const complete = { ...request, MultipartUpload: { Parts } };
  const { ETag } = await bucket.client.send(new CompleteMultipartUploadCommand(complete));
  return ETag as string;
}

async function uploadInParts(
  bucket: Bucket,
  key: string,
  file: FileHandle,
  size: number,
): Promise<string> {
  const metadata = writerMetadata();
  const earlier = await findUpload(bucket, key);
  try {
    const upload = earlier ?? (await beginUpload(bucket, key, metadata));
    return await sendParts(bucket, key, { file, size, upload });
  } catch (error) {
    if (!isUploadGone(error)) throw error;
    const own = await etagOfOwn(bucket, key, metadata);
    if (own !== null) return own;
    // Another process has finished or removed the upload that was adopted.
    const upload = await beginUpload(bucket, key, metadata);
    return sendParts(bucket, key, { file, size, upload });
  }
}

export async function uploadFile(bucket: Bucket, key: string, path: string): Promise<UploadedFile> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const etag = await bucket.call('s3:PutObject', key, async () => {
      if (size > bucket.partBytes) return uploadInParts(bucket, key, file, size);
      const Body = await file.readFile();
      const request = { ...bucket.at(key), ...bucket.encryption, Body, ContentLength: size };
      const { ETag } = await bucket.client.send(new PutObjectCommand(request));
      return ETag as string;
    });
    return { etag, bytes: size };
  } finally {
    await file.close();
  }
}
