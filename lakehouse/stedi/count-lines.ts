/** Counts the lines of a file: another reader than the one that lands them, so that none goes unnoticed. */
import { createReadStream } from 'node:fs';

const LINE_FEED = 10;
const SPACE = 32;
const CHUNK_BYTES = 1024 * 1024;

export interface LineCounts {
  readonly all: number;
  /** Those with more than white space. */
  readonly filled: number;
}

/** Whether there is more than white space between the two places. */
function hasText(chunk: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if ((chunk[at] as number) > SPACE) return true;
  return false;
}

export async function countLines(path: string, signal?: AbortSignal): Promise<LineCounts> {
  let [all, filled, isOpen, isFilled] = [0, 0, false, false];
  const options = { signal, highWaterMark: CHUNK_BYTES };
  for await (const chunk of createReadStream(path, options) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      all += 1;
      if (isFilled || hasText(chunk, from, to)) filled += 1;
      isOpen = isFilled = false;
      from = to + 1;
    }
    isOpen ||= from < chunk.length;
    isFilled ||= hasText(chunk, from, chunk.length);
  }
  return { all: all + (isOpen ? 1 : 0), filled: filled + (isFilled ? 1 : 0) };
}
