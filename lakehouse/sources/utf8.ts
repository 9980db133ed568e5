/** Makes a file readable whose bytes are not all UTF-8: those become U+FFFD, which marks their lines. */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

export async function* decodeUtf8(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

export const writeAsUtf8 = (from: string, to: string, signal?: AbortSignal): Promise<void> =>
  pipeline(createReadStream(from), decodeUtf8, createWriteStream(to), { signal });
