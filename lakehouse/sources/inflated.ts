/** The content of a compressed file, as it is read. */
import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { WatchlakeError } from '../../core/errors';

const isDamage = (error: unknown): error is NodeJS.ErrnoException =>
  /^Z_/.test((error as NodeJS.ErrnoException | null)?.code ?? '');

/** Fails with ARCHIVE_CORRUPT when the file is damaged, cut off or not compressed at all. */
export function inflated(file: Readable, of: { source: string; member: string }): Readable {
  const { source, member } = of;
  async function* content() {
    // What goes wrong with the file reaches the loop below through the stream after it.
    const gunzip = pipeline(file, createGunzip(), () => undefined);
    try {
      yield* gunzip as AsyncIterable<Buffer>;
    } catch (error) {
      if (!isDamage(error)) throw error;
      const detail = `${member}: ${error.message}`;
      throw new WatchlakeError('ARCHIVE_CORRUPT', { source, member, detail }, error);
    } finally {
      file.destroy();
    }
  }
  return Readable.from(content(), { objectMode: false });
}
