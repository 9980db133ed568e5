/** What has to be known of lines before DuckDB reads them, counted while they stream by. */

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const UNDERSCORE = 95;
const [ZERO, NINE] = [48, 57];

export interface LineFacts {
  readonly bytes: number;
  /** Those that are not blank. */
  readonly lines: number;
  readonly blankLines: number;
  /** Whether any field is in quotes. */
  readonly quoted: boolean;
  /** Whether an underscore follows a digit somewhere: DuckDB reads 1_000 as a number. */
  readonly grouped: boolean;
  /** Whether a carriage return stands inside a line: DuckDB ends a line there. */
  readonly strayReturns: boolean;
}

/** Counts lines while they stream by: another reader than the one that lands them. */
class LineCount {
  filled = 0;
  blank = 0;
  /** Bytes of the line that has not ended. */
  #open = 0;
  #first = 0;

  add(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, from)) {
      this.#extend(chunk, from, at);
      this.end();
      from = at + 1;
    }
    this.#extend(chunk, from, chunk.length);
  }

  /** The last line need not end with a line feed. */
  end(): void {
    if (this.#open === 0 || (this.#open === 1 && this.#first === CARRIAGE_RETURN)) this.blank += 1;
    else this.filled += 1;
    this.#open = 0;
  }

  get isOpen(): boolean {
    return this.#open > 0;
  }

  #extend(chunk: Buffer, from: number, to: number): void {
    if (this.#open === 0 && from < to) this.#first = chunk[from] as number;
    this.#open += to - from;
  }
}

/** Bytes are added in their order, however they are cut. */
export class LineReader {
  #bytes = 0;
  #quoted = false;
  #grouped = false;
  #strayReturns = false;
  #lastByte = 0;
  readonly #count = new LineCount();

  get bytes(): number {
    return this.#bytes;
  }

  /** Lines that have ended. */
  get ended(): number {
    return this.#count.filled + this.#count.blank;
  }

  add(chunk: Buffer): void {
    this.#count.add(chunk);
    this.#quoted ||= chunk.includes(QUOTE);
    this.#grouped ||= this.#hasGroups(chunk);
    this.#strayReturns ||= this.#hasStrayReturns(chunk);
    this.#lastByte = chunk.at(-1) ?? this.#lastByte;
    this.#bytes += chunk.length;
  }

  /** When there is no more. */
  end(): LineFacts {
    if (this.#count.isOpen) this.#count.end();
    const { filled: lines, blank: blankLines } = this.#count;
    return {
      ...{ bytes: this.#bytes, lines, blankLines },
      ...{ quoted: this.#quoted, grouped: this.#grouped, strayReturns: this.#strayReturns },
    };
  }

  #hasGroups(chunk: Buffer): boolean {
    for (let at = chunk.indexOf(UNDERSCORE); at >= 0; at = chunk.indexOf(UNDERSCORE, at + 1)) {
      const before = at > 0 ? (chunk[at - 1] as number) : this.#lastByte;
      if (before >= ZERO && before <= NINE) return true;
    }
    return false;
  }

  /** One that ends the chunk is looked at with the next: behind it the line or the member may end. */
  #hasStrayReturns(chunk: Buffer): boolean {
    if (chunk.length === 0) return false;
    if (this.#lastByte === CARRIAGE_RETURN && chunk[0] !== LINE_FEED) return true;
    const last = chunk.length - 1;
    let at = chunk.indexOf(CARRIAGE_RETURN);
    while (at >= 0 && at < last && chunk[at + 1] === LINE_FEED) {
      at = chunk.indexOf(CARRIAGE_RETURN, at + 2);
    }
    return at >= 0 && at < last;
  }
}
