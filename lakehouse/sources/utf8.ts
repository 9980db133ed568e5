/** Makes a file readable whose bytes are not all UTF-8: those become U+FFFD, which marks their lines. */
import { createReadStream, createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export async function writeAsUtf8(from: string, to: string, signal?: AbortSignal): Promise<void> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const decode = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      done(null, decoder.decode(chunk, { stream: true }));
    },
    flush(done) {
      done(null, decoder.decode());
    },
  });
  await pipeline(createReadStream(from), decode, createWriteStream(to), { signal });
}
