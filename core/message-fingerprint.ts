/** Tells a message of a topic from another one at the same offset of a topic that was made anew. */
import { contentHash } from './hash';

export interface FingerprintedMessage {
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

export const fingerprintOf = ({ key, value, headers }: FingerprintedMessage): string =>
  contentHash([key, value?.toString('base64') ?? null, headers]);
