/** What the parts of the kafkajs adapter share: errors, logging and retry settings. */
import type { KafkaConfig, logCreator, RetryOptions } from 'kafkajs';
import { WatchlakeError } from '../core/errors';
import { isTlsCode, withoutOpenSsl } from '../core/tls-failure';
import type { StreamLog } from './ports';

/** Waits of 0.1 s doubling to 2 s; a broker that stays away longer is a matter for the caller. */
export const RETRY: RetryOptions = {
  initialRetryTime: 10,
  multiplier: 2,
  maxRetryTime: 2000,
  retries: 14,
};

/** INVALID_PRODUCER_EPOCH; kafkajs does not know its successor, PRODUCER_FENCED (90), by name. */
const FENCED = /INVALID_PRODUCER_EPOCH|old epoch|newer producer|Unknown error code 90\b/;

/** No rights, or none who is known; a broker that is spoken to without TLS, or without a user, hangs up. */
const REFUSED = /_AUTHORIZATION_FAILED|SASL_AUTHENTICATION_FAILED|_SASL_|SASLAuthentication/;

interface KafkaJsError extends Error {
  readonly type?: string;
  readonly code?: unknown;
  readonly retriable?: boolean;
  readonly cause?: unknown;
  /** Of an error about several topics. */
  readonly errors?: readonly Error[];
}

/** While it reconnects kafkajs trips over its own missing metadata: the first frame tells. */
const isThrownInside = ({ stack = '' }: Error): boolean =>
  /[\\/]node_modules[\\/]kafkajs[\\/]/.test(/^\s+at .*$/m.exec(stack)?.[0] ?? '');

export const isKafkaJsError = (error: unknown): error is KafkaJsError =>
  error instanceof Error && (error.name.startsWith('KafkaJS') || isThrownInside(error));

function wasFenced(error: unknown): boolean {
  if (!isKafkaJsError(error)) return false;
  return FENCED.test(`${error.type ?? ''} ${error.message}`) || wasFenced(error.cause);
}

function wasRefused(error: unknown): boolean {
  if (!isKafkaJsError(error)) return false;
  if (isTlsCode(error.code) || REFUSED.test(`${error.name} ${error.type ?? ''}`)) return true;
  return wasRefused(error.cause) || (error.errors ?? []).some(wasRefused);
}

/** More replicas than there are brokers, or what the cluster's policy does not allow. */
const IMPOSSIBLE = new Set([
  'INVALID_REPLICATION_FACTOR',
  'INVALID_PARTITIONS',
  'POLICY_VIOLATION',
]);

const isImpossible = (error: unknown): boolean =>
  isKafkaJsError(error) &&
  (IMPOSSIBLE.has(error.type ?? '') || (error.errors ?? []).some(isImpossible));

function codeOf(error: unknown): 'BROKER_REFUSED' | 'TOPICS_REFUSED' | 'BROKER_UNAVAILABLE' {
  if (wasRefused(error)) return 'BROKER_REFUSED';
  return isImpossible(error) ? 'TOPICS_REFUSED' : 'BROKER_UNAVAILABLE';
}

/** The project's error for one of kafkajs, which stays its cause; any other stays as it is. */
export function brokerError(error: unknown, brokers: readonly string[], owner = ''): unknown {
  if (!isKafkaJsError(error)) return error;
  if (wasFenced(error)) return new WatchlakeError('PRODUCER_FENCED', { owner }, error);
  const detail = [...new Set([error, ...(error.errors ?? [])].map(({ message }) => message))];
  const context = { brokers: brokers.join(','), detail: withoutOpenSsl(detail.join(': ')) };
  return new WatchlakeError(codeOf(error), context, error);
}

/**
 * kafkajs logs as errors what it then retries, and throws whatever it does not: what matters is
 * said by those who catch it, and all that kafkajs says itself is for debugging.
 */
export function logTo(log: StreamLog): logCreator {
  return () =>
    ({ namespace, log: entry }) => {
      const { message, timestamp: _timestamp, logger: _logger, stack: _stack, ...fields } = entry;
      log.debug(`${namespace || 'kafkajs'}: ${message}`, fields);
    };
}

export type KafkaSecurity = Pick<KafkaConfig, 'ssl' | 'sasl'>;
