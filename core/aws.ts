/** What every client of AWS has in common: how it retries, and what its errors mean for a run. */
import { isNativeError } from 'node:util/types';
import { WatchlakeError } from './errors';

/** For the constructor of any client; what is absent the SDK takes from its own variables. */
export interface AwsOptions {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** How often a call is tried in all; 5 when absent. */
  readonly maxAttempts?: number;
}

// The adaptive mode slows the client down when the service says so; the workflow's own retries,
// seconds apart, come after these.
const RETRIES = { retryMode: 'adaptive', maxAttempts: 5 } as const;

export const awsClientConfig = (options: AwsOptions = {}) => ({ ...RETRIES, ...options });

interface AwsFailure extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const PASSING = new Set([
  ...['Throttling', 'ThrottlingException', 'ThrottledException', 'RequestThrottled', 'SlowDown'],
  ...['RequestThrottledException', 'RequestLimitExceeded', 'TooManyRequestsException'],
  ...['EC2ThrottledException', 'BandwidthLimitExceeded', 'LimitExceededWithinWindow'],
  ...['PriorRequestNotComplete', 'ConcurrentModification', 'ConcurrentModificationException'],
  ...['RequestTimeout', 'RequestTimeoutException', 'OperationTimeoutException', 'TimeoutError'],
  ...['InternalError', 'InternalFailure', 'InternalServiceException', 'ServiceUnavailable'],
  ...['OperationAborted', 'NetworkingError'],
]);

const NETWORK = new Set([
  ...['ECONNRESET', 'ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE', 'EAI_AGAIN'],
  ...['EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND'],
]);

const DENIED = new Set([
  ...['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'AuthFailure'],
  ...['ExpiredToken', 'ExpiredTokenException', 'InvalidClientTokenId', 'InvalidAccessKeyId'],
  ...['UnrecognizedClientException', 'SignatureDoesNotMatch', 'InvalidSignatureException'],
  ...['MissingAuthenticationToken', 'CredentialsProviderError', 'OptInRequired'],
]);

// How the SDK passes on what is no error of its own: something broke on the way.
const WRAPPED = 'AWS SDK error wrapper for ';

const HTTP_FORBIDDEN = 403;
const HTTP_TOO_MANY = 429;
const HTTP_SERVER = 500;

/** `passing` is worth another try later, `denied` needs other credentials, `refused` another request. */
export type AwsVerdict = 'passing' | 'denied' | 'refused';

/** Null for what did not come from AWS, or the way to it. */
export function awsVerdict(error: unknown): AwsVerdict | null {
  if (!isNativeError(error)) return null;
  const { name, message, code = '', $metadata } = error as AwsFailure;
  const status = $metadata?.httpStatusCode;
  if (DENIED.has(name)) return 'denied';
  if (PASSING.has(name) || NETWORK.has(code) || message.startsWith(WRAPPED)) return 'passing';
  if (status === undefined) return null;
  if (status >= HTTP_SERVER || status === HTTP_TOO_MANY) return 'passing';
  return status === HTTP_FORBIDDEN ? 'denied' : 'refused';
}

const CODES = {
  passing: 'AWS_UNAVAILABLE',
  denied: 'AWS_DENIED',
  refused: 'AWS_REFUSED',
} as const;

/** The project's own error for one of AWS; any other error as it is. `action` as in `glue:GetTable`. */
export function awsError(error: unknown, action: string): unknown {
  const { name = '', message = '' } = isNativeError(error) ? error : {};
  if (message === 'Region is missing') {
    const problems = 'AWS_REGION: give the region of the lake, such as eu-central-1';
    return new WatchlakeError('CONFIG_INVALID', { problems }, error);
  }
  const verdict = awsVerdict(error);
  if (verdict === null) return error;
  const detail = message === '' || message === name ? name : `${name}: ${message}`;
  return new WatchlakeError(CODES[verdict], { action, detail }, error);
}

/** One call of AWS, with its error translated. */
export async function callingAws<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw awsError(error, action);
  }
}

export const isAwsError = (error: unknown, ...names: readonly string[]): boolean =>
  isNativeError(error) && names.includes(error.name);

/** On objects that `vacuum` has given up: the bucket's lifecycle rule removes what carries it. */
export const RETIRED_TAG = { key: 'watchlake-retired', value: 'true' } as const;

/** The parameter of a Glue table that tells ours from others; it holds the catalogue's record. */
export const GLUE_POINTER = 'watchlake.pointer';
