/** Writes an object in one step; with `ifAbsent` the first writer wins. */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { WatchlakeError } from '../../../core/errors';
import type { Store } from '../../ports';
import type { Bucket } from './bucket';
import { isPreconditionFailed, isUndecided, isUploadGone } from './errors';

type Body = Parameters<Store['put']>[1];

/** Name of the metadata that tells a writer, whose answer was lost, that the object is its own. */
const WRITER = 'watchlake-writer';
const UNDECIDED_ATTEMPTS = 6;
const UNDECIDED_WAIT_MS = 100;
const PARTS_AT_ONCE = 4;

/** New for each write, and kept through its retries. */
export const writerMetadata = (): Record<string, string> => ({ [WRITER]: randomUUID() });

/** The object's ETag when it was written by the request whose answer never came, else null. */
export async function etagOfOwn(
  bucket: Bucket,
  key: string,
  metadata: Record<string, string>,
): Promise<string | null> {
  const request = new HeadObjectCommand(bucket.at(key));
  const found = await bucket.client.send(request).catch(() => null);
  return found?.Metadata?.[WRITER] === metadata[WRITER] ? (found?.ETag ?? null) : null;
}

function requestOf(bucket: Bucket, key: string, ifAbsent: boolean) {
  return {
    ...bucket.at(key),
    ...bucket.encryption,
    Metadata: writerMetadata(),
    ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
  };
}

/** Small enough for one request, which can be sent again as it is. */
async function putWhole(
  bucket: Bucket,
  request: ReturnType<typeof requestOf>,
  Body: Uint8Array,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await bucket.client.send(
        new PutObjectCommand({ ...request, Body, ContentLength: Body.length }),
      );
      return;
    } catch (error) {
      if (!isUndecided(error) || attempt === UNDECIDED_ATTEMPTS) throw error;
      await sleep(UNDECIDED_WAIT_MS * 2 ** attempt * Math.random());
    }
  }
}

async function putParts(
  { client, partBytes: partSize }: Bucket,
  request: ReturnType<typeof requestOf>,
  body: Exclude<Body, string>,
): Promise<void> {
  const Body = body instanceof Uint8Array ? body : Readable.from(body, { objectMode: false });
  const params = { ...request, Body };
  await new Upload({ client, params, partSize, queueSize: PARTS_AT_ONCE }).done();
}

export async function writeObject(
  bucket: Bucket,
  key: string,
  body: Body,
  { ifAbsent = false }: { ifAbsent?: boolean } = {},
): Promise<void> {
  const request = requestOf(bucket, key, ifAbsent);
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  await bucket.call('s3:PutObject', key, async () => {
    try {
      await (bytes instanceof Uint8Array && bytes.length <= bucket.partBytes
        ? putWhole(bucket, request, bytes)
        : putParts(bucket, request, bytes));
    } catch (error) {
      const isTaken = ifAbsent && isPreconditionFailed(error);
      if (!isTaken && !isUploadGone(error)) throw undecidedError(bucket, key, error);
      if ((await etagOfOwn(bucket, key, request.Metadata)) !== null) return;
      throw isTaken ? new WatchlakeError('OBJECT_EXISTS', { key }, error) : error;
    }
  });
}

/** Worth another try later, unlike other refusals. */
function undecidedError(bucket: Bucket, key: string, error: unknown): unknown {
  if (!isUndecided(error)) return error;
  const action = `s3:PutObject at ${bucket.uriOf(key)}`;
  const detail = 'several writers met again and again';
  return new WatchlakeError('AWS_UNAVAILABLE', { action, detail }, error);
}
