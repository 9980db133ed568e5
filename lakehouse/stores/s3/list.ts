/** Lists the objects under a prefix, page by page, in the order of their keys. */
import { paginateListObjectsV2 } from '@aws-sdk/client-s3';
import type { StoredObject } from '../../ports';
import type { Bucket } from './bucket';

export interface ListedObject extends StoredObject {
  readonly etag: string;
}

export async function* listObjects(bucket: Bucket, prefix: string): AsyncGenerator<ListedObject> {
  const request = { ...bucket.self, Prefix: `${bucket.prefix}${prefix}` };
  const pages = paginateListObjectsV2({ client: bucket.client }, request);
  for (;;) {
    const { value: page, done } = await bucket.call('s3:ListBucket', prefix, () => pages.next());
    if (done === true) return;
    for (const { Key = '', Size = 0, ETag = '', LastModified } of page.Contents ?? []) {
      // Consoles make empty objects that stand for folders.
      if (Key.endsWith('/')) continue;
      const modifiedMs = LastModified?.getTime() ?? 0;
      yield { key: Key.slice(bucket.prefix.length), bytes: Size, modifiedMs, etag: ETag };
    }
  }
}
