/** Why a step has failed, out of its own log, which reaches S3 some minutes after the step has ended. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { awsVerdict, isAwsError } from '../../../core/aws';
import { pause } from '../jobs/pause';
import type { RootCause } from '../jobs/ports';
import { rootCauseIn } from '../spark/root-cause';
import { parseS3Address } from '../../stores/s3/address';

export interface StepLogs {
  readonly s3: () => S3Client;
  readonly waitMs: number;
  readonly everyMs: number;
}

interface StepPlace {
  readonly place: string;
  readonly id: string;
  readonly signal?: AbortSignal;
}

/** `mayCome`: another look later may find it. */
type Log = { readonly text: string } | { readonly problem: string; readonly mayCome: boolean };

const TAIL_BYTES = 256 * 1024;

/** The end of what is unpacked, however much there is of it. */
async function tailOf(packed: Readable, signal?: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const keep = (chunk: Buffer): void => {
    chunks.push(chunk);
    bytes += chunk.length;
    for (let first = chunks[0]; first && bytes - first.length >= TAIL_BYTES; first = chunks[0]) {
      bytes -= first.length;
      chunks.shift();
    }
  };
  await pipeline(
    packed,
    createGunzip(),
    async (unpacked: AsyncIterable<Buffer>) => {
      for await (const chunk of unpacked) keep(chunk);
    },
    { signal },
  );
  return Buffer.concat(chunks).subarray(-TAIL_BYTES).toString('utf8');
}

/** Whatever is wrong with the log, the step's own end must not be lost over it. */
async function readLog(s3: S3Client, uri: string, signal?: AbortSignal): Promise<Log> {
  const { bucket: Bucket, key: Key } = parseS3Address(uri);
  try {
    const request = new GetObjectCommand({ Bucket, Key });
    const { Body } = await s3.send(request, { abortSignal: signal });
    return { text: await tailOf(Body as Readable, signal) };
  } catch (error) {
    signal?.throwIfAborted();
    if (isAwsError(error, 'NoSuchKey', 'NotFound')) return { problem: 'none came', mayCome: true };
    const { name, message } = error as Error;
    // To whoever may not list the bucket, S3 denies what is not there.
    return { problem: `${name}: ${message}`, mayCome: awsVerdict(error) !== null };
  }
}

export async function causeInLog(
  { s3, waitMs, everyMs }: StepLogs,
  logUri: string,
  { place, id, signal }: StepPlace,
): Promise<RootCause> {
  const uri = `${logUri.replace(/\/?$/, '/')}${place}/steps/${id}/stderr.gz`;
  const untilMs = Date.now() + waitMs;
  for (;;) {
    const log = await readLog(s3(), uri, signal);
    if ('text' in log) return { cause: rootCauseIn(log.text) || null };
    const { problem, mayCome } = log;
    if (!mayCome || Date.now() >= untilMs) return { cause: null, unread: `${problem}, at ${uri}` };
    await pause(everyMs, signal);
  }
}
