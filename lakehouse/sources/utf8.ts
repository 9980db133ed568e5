/** What is not UTF-8: a whole file in UTF-16 is refused, single bytes become U+FFFD, which marks their lines. */
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { WatchlakeError } from '../../core/errors';

const UTF16_MARKS = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
/** As many bytes tell. */
export const MARK_BYTES = 2;

/** FILE_IN_UTF16 by the first bytes of the file, or null: spreadsheets write it as «Unicode text». */
export function utf16Refusal(file: string, first: Buffer): WatchlakeError | null {
  const head = first.subarray(0, MARK_BYTES);
  const isMarked = UTF16_MARKS.some((mark) => mark.equals(head));
  return isMarked ? new WatchlakeError('FILE_IN_UTF16', { file }) : null;
}

export async function* decodeUtf8(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for await (const chunk of bytes) yield decoder.decode(chunk, { stream: true });
  yield decoder.decode();
}

export const writeAsUtf8 = (from: string, to: string, signal?: AbortSignal): Promise<void> =>
  pipeline(createReadStream(from), decodeUtf8, createWriteStream(to), { signal });
