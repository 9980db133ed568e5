/** Multipart uploads that nobody has completed: their parts lie in the bucket and cost money. */
import type {
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  ListPartsCommandOutput,
  Part,
} from '@aws-sdk/client-s3';
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
} from '@aws-sdk/client-s3';
import type { Bucket } from './bucket';
import { isUploadGone } from './errors';

export interface UnfinishedUpload {
  readonly key: string;
  readonly id: string;
  readonly startedMs: number;
}

export async function* uploadsOf(bucket: Bucket, prefix: string): AsyncGenerator<UnfinishedUpload> {
  const place = { ...bucket.self, Prefix: `${bucket.prefix}${prefix}` };
  let request: ListMultipartUploadsCommandInput | null = place;
  while (request !== null) {
    const command = new ListMultipartUploadsCommand(request);
    const page: ListMultipartUploadsCommandOutput = await bucket.call(
      's3:ListBucketMultipartUploads',
      prefix,
      () => bucket.client.send(command),
    );
    for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? []) {
      const key = Key.slice(bucket.prefix.length);
      yield { key, id: UploadId, startedMs: Initiated?.getTime() ?? 0 };
    }
    request = page.IsTruncated
      ? { ...place, KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
      : null;
  }
}

/** The parts that have arrived. */
export async function partsOf(
  bucket: Bucket,
  { key, id }: Pick<UnfinishedUpload, 'key' | 'id'>,
): Promise<Part[]> {
  const parts: Part[] = [];
  // Not by the SDK's paginator, which goes by the marker: the last page has one as well.
  let marker: string | undefined;
  for (;;) {
    const request = { ...bucket.at(key), UploadId: id, PartNumberMarker: marker };
    const page: ListPartsCommandOutput = await bucket.client.send(new ListPartsCommand(request));
    parts.push(...(page.Parts ?? []));
    if (page.IsTruncated !== true) return parts;
    marker = page.NextPartNumberMarker;
  }
}

/** One that was completed or removed meanwhile is none of ours any more. */
async function abort(bucket: Bucket, upload: UnfinishedUpload): Promise<number> {
  try {
    const parts = await partsOf(bucket, upload);
    const request = { ...bucket.at(upload.key), UploadId: upload.id };
    await bucket.client.send(new AbortMultipartUploadCommand(request));
    return parts.reduce((sum, { Size = 0 }) => sum + Size, 0);
  } catch (error) {
    if (isUploadGone(error)) return 0;
    throw error;
  }
}

/** Removes those that were begun before this moment; with `isKey` those of this one object. */
export async function abortUploads(
  bucket: Bucket,
  { prefix, beforeMs, isKey = false }: { prefix: string; beforeMs: number; isKey?: boolean },
): Promise<{ objects: number; bytes: number }> {
  let [objects, bytes] = [0, 0];
  for await (const upload of uploadsOf(bucket, prefix)) {
    if (upload.startedMs > beforeMs || (isKey && upload.key !== prefix)) continue;
    bytes += await bucket.call('s3:AbortMultipartUpload', upload.key, () => abort(bucket, upload));
    objects += 1;
  }
  return { objects, bytes };
}
