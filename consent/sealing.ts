/** Encrypts what an erasure has to remember of a person while it runs. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { WatchlakeError } from '../core/errors';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const keyOf = (secret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'watchlake consent cases', KEY_BYTES));

/** `place` is bound to it: sealed for one case, it opens in no other. */
export function seal(secret: string, place: string, value: unknown): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, keyOf(secret), nonce).setAAD(Buffer.from(place));
  const body = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

/** SUBJECT_KEY_CHANGED when it was sealed with another secret. */
export function unseal<T>(secret: string, place: string, sealed: Buffer): T {
  const nonce = sealed.subarray(0, NONCE_BYTES);
  const tag = sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
  const body = sealed.subarray(NONCE_BYTES + TAG_BYTES);
  const decipher = createDecipheriv(CIPHER, keyOf(secret), nonce).setAAD(Buffer.from(place));
  try {
    const text = Buffer.concat([decipher.setAuthTag(tag).update(body), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as T;
  } catch (error) {
    throw new WatchlakeError('SUBJECT_KEY_CHANGED', { dataset: place }, error);
  }
}
