/** Writes lines to files of a certain length, however many there are, in bounded memory. */
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

const BUFFER_CHARACTERS = 256 * 1024;
const DIGITS = 5;

export class LineFiles {
  readonly files: string[] = [];
  readonly #folder: string;
  readonly #name: string;
  readonly #linesPerFile: number;
  readonly #ending = new Set<Promise<void>>();
  #stream: WriteStream | undefined;
  #failure: Error | undefined;
  #lines = 0;
  #text = '';

  constructor(folder: string, name: string, linesPerFile: number) {
    this.#folder = folder;
    this.#name = name;
    this.#linesPerFile = linesPerFile;
  }

  add(line: string | Buffer): void {
    if (this.#lines === this.#linesPerFile) this.#end();
    this.#lines += 1;
    if (typeof line === 'string') this.#text += `${line}\n`;
    else {
      this.#write();
      this.#open().write(Buffer.concat([line, Buffer.from('\n')]));
    }
    if (this.#text.length >= BUFFER_CHARACTERS) this.#write();
  }

  /** To be waited for now and then: until the disk has caught up. */
  async settle(): Promise<void> {
    if (this.#failure) throw this.#failure;
    if (this.#stream?.writableNeedDrain) await once(this.#stream, 'drain');
    await Promise.all(this.#ending);
  }

  async close(): Promise<void> {
    this.#end();
    await this.settle();
  }

  #open(): WriteStream {
    if (this.#stream !== undefined) return this.#stream;
    const folder = join(this.#folder, this.#name);
    mkdirSync(folder, { recursive: true });
    const file = `${this.#name}-${String(this.files.length + 1).padStart(DIGITS, '0')}.json`;
    this.files.push(`${this.#name}/${file}`);
    this.#stream = createWriteStream(join(folder, file));
    this.#stream.on('error', (error) => (this.#failure ??= error));
    return this.#stream;
  }

  #write(): void {
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.#open().write(text);
  }

  #end(): void {
    this.#write();
    const stream = this.#stream;
    this.#stream = undefined;
    this.#lines = 0;
    if (stream === undefined) return;
    const ended = finished(stream.end()).finally(() => this.#ending.delete(ended));
    // Its failure is kept, and thrown to who waits.
    ended.catch(() => undefined);
    this.#ending.add(ended);
  }
}
