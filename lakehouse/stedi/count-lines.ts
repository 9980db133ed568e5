/** Counts the lines of a file: another reader than the one that lands them, so that none goes unnoticed. */
import { localChunks } from '../sources/local-chunks';

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;

export interface LineCounts {
  readonly all: number;
  /** Those with more than white space. */
  readonly filled: number;
  /** What ends lines: mixed where some have a return before the line feed, or one elsewhere. */
  readonly ends: 'alike' | 'mixed' | 'returns';
}

interface Reading {
  readonly signal?: AbortSignal;
  /** What ends a line; a line feed by default. */
  readonly end?: number;
}

/** Whether there is more than white space between the two places. */
function hasText(chunk: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if ((chunk[at] as number) > SPACE) return true;
  return false;
}

/** Counts carriage returns, and tells whether one is followed by something else than a line feed. */
class Returns {
  count = 0;
  hasStray = false;
  private isLast = false;

  see(chunk: Buffer): void {
    this.hasStray ||= this.isLast && chunk[0] !== LINE_FEED;
    this.isLast = chunk.at(-1) === CARRIAGE_RETURN;
    const next = (from: number): number => chunk.indexOf(CARRIAGE_RETURN, from);
    for (let at = next(0); at >= 0; at = next(at + 1)) {
      this.count += 1;
      this.hasStray ||= at + 1 < chunk.length && chunk[at + 1] !== LINE_FEED;
    }
  }

  endsWith(feeds: number): LineCounts['ends'] {
    if (this.count === 0 || (this.count === feeds && !this.hasStray)) return 'alike';
    return feeds === 0 ? 'returns' : 'mixed';
  }
}

export async function countLines(
  path: string,
  { signal, end = LINE_FEED }: Reading = {},
): Promise<LineCounts> {
  let [all, filled, isOpen, isFilled] = [0, 0, false, false];
  const returns = new Returns();
  for await (const chunk of localChunks(path, { signal })) {
    returns.see(chunk);
    let from = 0;
    for (let to = chunk.indexOf(end); to >= 0; to = chunk.indexOf(end, from)) {
      all += 1;
      if (isFilled || hasText(chunk, from, to)) filled += 1;
      isOpen = isFilled = false;
      from = to + 1;
    }
    isOpen ||= from < chunk.length;
    isFilled ||= hasText(chunk, from, chunk.length);
  }
  const ends = returns.endsWith(all);
  return { all: all + (isOpen ? 1 : 0), filled: filled + (isFilled ? 1 : 0), ends };
}

/** Of a file without a line feed, in which returns end the lines. */
export const countLinesByReturns = (path: string, signal?: AbortSignal): Promise<LineCounts> =>
  countLines(path, { signal, end: CARRIAGE_RETURN });
