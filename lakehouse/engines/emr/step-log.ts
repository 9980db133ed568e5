/** Why a step has failed, out of its own log, which reaches S3 some minutes after the step has ended. */
import { gunzipSync } from 'node:zlib';
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { callingAws, isAwsError } from '../../../core/aws';
import { pause } from '../jobs/pause';
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

const TAIL_BYTES = 256 * 1024;
const LARGEST_BYTES = 64 * 2 ** 20;

async function readLog(s3: S3Client, uri: string): Promise<string | null> {
  const { bucket: Bucket, key: Key } = parseS3Address(uri);
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    const packed = await Body?.transformToByteArray();
    const text = gunzipSync(packed ?? new Uint8Array(), { maxOutputLength: LARGEST_BYTES });
    return text.subarray(Math.max(0, text.length - TAIL_BYTES)).toString('utf8');
  } catch (error) {
    if (isAwsError(error, 'NoSuchKey', 'NotFound')) return null;
    throw error;
  }
}

/** Null when no log has come within the wait, or it says nothing. */
export async function causeInLog(
  { s3, waitMs, everyMs }: StepLogs,
  logUri: string,
  { place, id, signal }: StepPlace,
): Promise<string | null> {
  const uri = `${logUri.replace(/\/?$/, '/')}${place}/steps/${id}/stderr.gz`;
  const untilMs = Date.now() + waitMs;
  for (;;) {
    const log = await callingAws(`s3:GetObject at ${uri}`, () => readLog(s3(), uri));
    if (log !== null) return rootCauseIn(log) || null;
    if (Date.now() >= untilMs) return null;
    await pause(everyMs, signal);
  }
}
