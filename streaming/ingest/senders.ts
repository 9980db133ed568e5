/** Who sends: tokens of the configuration speak for every device, a device's own for that device alone. */
import { WatchlakeError } from '../../core/errors';
import { bearerOf, digestOf, isLoopback, mayDo, roleOf, type Token } from '../../core/tokens';

export interface Sender {
  /** Keys of different senders do not meet. */
  readonly name: string;
  /** The one device that it may speak for; null when it may speak for all. */
  readonly deviceId: string | null;
}

export interface SendersOptions {
  readonly host: string;
  readonly tokens: readonly Token[];
  /** The device that a token is good for now; null when there is none. */
  readonly deviceOf?: (token: string) => Promise<string | null>;
  readonly now?: () => number;
}

interface Known {
  readonly deviceId: string | null;
  readonly atMs: number;
}

/** A revoked token is good for so long at most. */
const TRUST_MS = 15_000;
/** While the database does not answer, a token that was good goes on for so long. */
const OUTAGE_TRUST_MS = 10 * 60_000;
const MOST_KNOWN = 20_000;
const EVERYBODY: Sender = { name: '', deviceId: null };

export type Senders = (authorization: string | undefined) => Promise<Sender>;

/** Remembers for a moment what the database said of a token. */
function rememberDevices(options: SendersOptions) {
  // A clock that is set back would keep a revoked token good, and a new one unknown, for as long.
  const { deviceOf = async () => null, now = () => performance.now() } = options;
  const known = new Map<string, Known>();
  const ask = async (token: string, digest: string): Promise<string | null> => {
    const former = known.get(digest);
    try {
      const deviceId = await deviceOf(token);
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(digest, { deviceId, atMs: now() });
      return deviceId;
    } catch (error) {
      const isTrusted = former?.deviceId && now() - former.atMs < OUTAGE_TRUST_MS;
      if (isTrusted) return former.deviceId;
      throw error;
    }
  };
  return async (token: string): Promise<string | null> => {
    const digest = digestOf(token).toString('base64');
    const found = known.get(digest);
    return found && now() - found.atMs < TRUST_MS ? found.deviceId : ask(token, digest);
  };
}

/**
 * Tells the sender of a request. Throws UNAUTHORIZED and FORBIDDEN. A request without a token is let in where the
 * door is open to this machine alone and no token is configured; one with a token has to have a valid one.
 */
export function createSenders(options: SendersOptions): Senders {
  const { tokens, host } = options;
  const isOpen = tokens.length === 0 && isLoopback(host);
  const deviceOfToken = rememberDevices(options);
  return async (authorization) => {
    if (authorization === undefined && isOpen) return EVERYBODY;
    const token = bearerOf(authorization);
    if (token === null) throw new WatchlakeError('UNAUTHORIZED');
    const role = roleOf(tokens, authorization);
    if (role !== null) {
      if (!mayDo(role, 'ingest')) throw new WatchlakeError('FORBIDDEN', { action: 'ingest' });
      return { name: `${role} ${digestOf(token).toString('base64')}`, deviceId: null };
    }
    const deviceId = await deviceOfToken(token);
    if (deviceId === null) throw new WatchlakeError('UNAUTHORIZED');
    return { name: `device ${deviceId}`, deviceId };
  };
}
