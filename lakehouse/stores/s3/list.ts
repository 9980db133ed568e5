/** Lists the objects under a prefix, page by page, in the order of their keys, or its folders alone. */
import { paginateListObjectsV2, type ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import type { StoredObject } from '../../ports';
import type { Bucket } from './bucket';

export interface ListedObject extends StoredObject {
  readonly etag: string;
}

async function* pagesOf(
  bucket: Bucket,
  prefix: string,
  how: { readonly Delimiter?: string } = {},
): AsyncGenerator<ListObjectsV2CommandOutput> {
  const request = { ...bucket.self, ...how, Prefix: `${bucket.prefix}${prefix}` };
  const pages = paginateListObjectsV2({ client: bucket.client }, request);
  for (;;) {
    const { value: page, done } = await bucket.call('s3:ListBucket', prefix, () => pages.next());
    if (done === true) return;
    yield page;
  }
}

export async function* listObjects(bucket: Bucket, prefix: string): AsyncGenerator<ListedObject> {
  for await (const { Contents = [] } of pagesOf(bucket, prefix)) {
    for (const { Key = '', Size = 0, ETag = '', LastModified } of Contents) {
      // Consoles make empty objects that stand for folders.
      if (Key.endsWith('/')) continue;
      const modifiedMs = LastModified?.getTime() ?? 0;
      yield { key: Key.slice(bucket.prefix.length), bytes: Size, modifiedMs, etag: ETag };
    }
  }
}

export async function listFolders(bucket: Bucket, prefix: string): Promise<string[]> {
  const folders: string[] = [];
  for await (const { CommonPrefixes = [] } of pagesOf(bucket, prefix, { Delimiter: '/' })) {
    folders.push(...CommonPrefixes.map(({ Prefix = '' }) => Prefix.slice(bucket.prefix.length)));
  }
  return folders;
}
