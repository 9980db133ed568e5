/** Checks a member while it streams by: its encoding, its length, its checksum and its limit. */
import { Transform } from 'node:stream';
import { crc32 } from 'node:zlib';
import { WatchlakeError } from '../../core/errors';
import type { OnBytes, SourceLimits, SourceMember } from './source';
import { MARK_BYTES, utf16Refusal } from './utf8';

/** Refuses by the declared sizes, before anything is inflated. */
export function checkSizes(
  source: string,
  members: readonly Pick<SourceMember, 'name' | 'bytes'>[],
  limits: SourceLimits,
): void {
  const tooLarge = (member: string, limit: number) =>
    new WatchlakeError('ARCHIVE_TOO_LARGE', { source, member, limit });
  const large = members.find(({ bytes }) => bytes > limits.memberBytes);
  if (large !== undefined) throw tooLarge(large.name, limits.memberBytes);
  const total = members.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total > limits.totalBytes) throw tooLarge('the whole', limits.totalBytes);
}

/** A pass-through that fails where the bytes are not the declared ones, since sizes can lie, or are UTF-16. */
export function verifying(
  source: string,
  { name, bytes, crc32: expected }: SourceMember,
  onBytes?: OnBytes,
) {
  let seen = 0;
  let checksum = 0;
  let first = Buffer.alloc(0);
  const corrupt = (detail: string) =>
    new WatchlakeError('ARCHIVE_CORRUPT', { source, detail: `${name} ${detail}` });
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (first.length < MARK_BYTES) {
        first = Buffer.concat([first, chunk.subarray(0, MARK_BYTES - first.length)]);
        const refusal = utf16Refusal(name, first);
        if (refusal !== null) return done(refusal);
      }
      seen += chunk.length;
      checksum = crc32(chunk, checksum);
      onBytes?.(chunk.length);
      if (seen > bytes) return done(corrupt(`is longer than its declared ${bytes} bytes`));
      return done(null, chunk);
    },
    flush(done) {
      if (seen !== bytes) done(corrupt(`ends after ${seen} of ${bytes} bytes`));
      else if (checksum !== expected) done(corrupt('has a wrong checksum'));
      else done();
    },
  });
}
