/** Content hashes: the same facts give the same identifier, on every machine. */
import { createHash, createHmac } from 'node:crypto';

/** JSON with sorted keys, so that equal objects have equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : inner,
  );
}

/** SHA-256 of the canonical JSON, in hexadecimal, cut to `length` characters. */
export const contentHash = (value: unknown, length = 16): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, length);

/** A pseudonym that only the holder of the key can link to the name: 16 hexadecimal characters. */
export const pseudonym = (key: string, scope: string, name: string): string =>
  createHmac('sha256', key).update(`${scope}\u0000${name}`).digest('hex').slice(0, 16);
