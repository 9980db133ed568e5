/** Who may do what at an HTTP door: roles, tokens kept as digests, and when none is needed. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { WatchlakeError } from './errors';

export type Action = 'read' | 'annotate' | 'ingest' | 'operate';

const GRANTS = {
  reader: ['read'],
  annotator: ['read', 'annotate'],
  device: ['ingest'],
  operator: ['read', 'annotate', 'ingest', 'operate'],
} as const satisfies Record<string, readonly Action[]>;

export type Role = keyof typeof GRANTS;

export interface Token {
  role: Role;
  /** SHA-256 of the token: the token itself is not kept. */
  digest: Buffer;
}

const MINIMUM_LENGTH = 16;
const DIGEST = /^sha256-([0-9a-f]{64})$/;

const isRole = (text: string): text is Role => Object.hasOwn(GRANTS, text);

// A token is long and random, so that a plain hash of it cannot be guessed back.
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** How a token is written into a configuration that must not hold the token itself. */
export const hashToken = (token: string): string => `sha256-${digestOf(token).toString('hex')}`;

export const newToken = (): string => randomBytes(32).toString('base64url');

function parseToken(text: string): Token {
  const colon = text.indexOf(':');
  const role = text.slice(0, Math.max(colon, 0)).trim();
  const secret = text.slice(colon + 1).trim();
  if (!isRole(role)) {
    const known = Object.keys(GRANTS).join(', ');
    // The text may be a bare secret, and must not reach a log.
    throw new WatchlakeError('TOKENS_INVALID', { detail: `each needs a role out of ${known}` });
  }
  const digest = DIGEST.exec(secret)?.[1];
  if (digest !== undefined) return { role, digest: Buffer.from(digest, 'hex') };
  if (secret.length < MINIMUM_LENGTH) {
    const detail = `the token of ${role} has fewer than ${MINIMUM_LENGTH} characters`;
    throw new WatchlakeError('TOKENS_INVALID', { detail });
  }
  return { role, digest: digestOf(secret) };
}

/** Reads `<role>:<token>` or `<role>:sha256-<digest>`, separated by commas. */
export const parseTokens = (text: string): Token[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map(parseToken);

/** The bearer token of an Authorization header; null when it carries none. */
export const bearerOf = (authorization: string | undefined): string | null =>
  /^Bearer +(\S{1,512})$/i.exec(authorization ?? '')?.[1] ?? null;

/** The role of the bearer token in an Authorization header; null when it is not one of ours. */
export function roleOf(tokens: readonly Token[], authorization: string | undefined): Role | null {
  const secret = bearerOf(authorization);
  if (secret === null) return null;
  const digest = digestOf(secret);
  let found: Role | null = null;
  // All are compared, each in constant time, so that the time taken tells nothing.
  for (const token of tokens) if (timingSafeEqual(token.digest, digest)) found ??= token.role;
  return found;
}

export const mayDo = (role: Role, action: Action): boolean =>
  (GRANTS[role] as readonly Action[]).includes(action);

/** Throws UNAUTHORIZED or FORBIDDEN; without configured tokens everything is allowed. */
export function authorize(
  tokens: readonly Token[],
  authorization: string | undefined,
  action: Action,
): void {
  if (tokens.length === 0) return;
  const role = roleOf(tokens, authorization);
  if (role === null) throw new WatchlakeError('UNAUTHORIZED');
  if (!mayDo(role, action)) throw new WatchlakeError('FORBIDDEN', { action });
}

/** Whether an address, or the host of a URL, is this machine only. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return bare === 'localhost' || bare === '::1' || /^127(\.\d{1,3}){3}$/.test(bare);
}

/** Refuses to open a door for everybody: DOOR_UNPROTECTED. */
export function requireProtection(door: string, host: string, tokens: readonly Token[]): void {
  if (isLoopback(host) || tokens.length > 0) return;
  throw new WatchlakeError('DOOR_UNPROTECTED', { door, host });
}
