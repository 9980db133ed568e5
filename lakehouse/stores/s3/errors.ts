/** What the errors of S3 mean for a store. */
import { awsError, isAwsError } from '../../../core/aws';
import { WatchlakeError } from '../../../core/errors';

export interface FailedRequest {
  /** As a policy calls it, such as `s3:PutObject`. */
  readonly action: string;
  readonly bucket: string;
  readonly key: string;
  readonly uri: string;
}

const HTTP_NOT_FOUND = 404;

const statusOf = (error: unknown): number | undefined =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;

/** The answer to a HEAD has no body that could name the error. */
const isMissing = (error: unknown): boolean =>
  isAwsError(error, 'NoSuchKey', 'NotFound', 'NoSuchVersion') ||
  (isAwsError(error, 'UnknownError') && statusOf(error) === HTTP_NOT_FOUND);

/** Somebody else's object is there; or it was not the expected one any more. */
export const isPreconditionFailed = (error: unknown): boolean =>
  isAwsError(error, 'PreconditionFailed') || statusOf(error) === 412;

/** Two conditional writes met, and S3 did not decide between them. */
export const isUndecided = (error: unknown): boolean =>
  isAwsError(error, 'ConditionalRequestConflict') || statusOf(error) === 409;

/** The multipart upload was completed or removed meanwhile, or its parts are not ours any more. */
export const isUploadGone = (error: unknown): boolean =>
  isAwsError(error, 'NoSuchUpload', 'InvalidPart');

export function s3Error(error: unknown, { action, bucket, key, uri }: FailedRequest): unknown {
  if (isAwsError(error, 'NoSuchBucket')) {
    return new WatchlakeError('BUCKET_NOT_FOUND', { bucket }, error);
  }
  // Of a reader that asked for one content: that is not there any more.
  if (isMissing(error) || isPreconditionFailed(error))
    return new WatchlakeError('OBJECT_NOT_FOUND', { key }, error);
  return awsError(error, `${action} at ${uri}`);
}
