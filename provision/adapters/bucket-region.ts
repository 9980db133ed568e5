/** A bucket that lies in another region than the one that is asked. */
import { WatchlakeError } from '../../core/errors';

const HTTP_MOVED = 301;

interface Redirect {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** S3 answers for buckets of all regions, and tells of the others only where they are. */
export function elsewhere(error: unknown, bucket: string): unknown {
  const { $metadata, $response } = error as Redirect;
  if ($metadata?.httpStatusCode !== HTTP_MOVED) return error;
  const region = $response?.headers?.['x-amz-bucket-region'] ?? 'another region';
  return new WatchlakeError('BUCKET_ELSEWHERE', { bucket, region }, error);
}
