/** Writes a text of any length to a new file, in bounded memory. */
import { open, type FileHandle } from 'node:fs/promises';

const BUFFER_CHARACTERS = 512 * 1024;

export class TextFile {
  readonly #handle: FileHandle;
  #parts: string[] = [];
  #characters = 0;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  static async create(path: string): Promise<TextFile> {
    return new TextFile(await open(path, 'wx'));
  }

  add(text: string): void {
    this.#parts.push(text);
    this.#characters += text.length;
  }

  /** To be awaited now and then: what has gathered goes to the disk. */
  async settle(atLeast = BUFFER_CHARACTERS): Promise<void> {
    if (this.#characters < atLeast) return;
    const text = this.#parts.join('');
    this.#parts = [];
    this.#characters = 0;
    await this.#handle.writeFile(text);
  }

  async close(): Promise<void> {
    await this.settle(0).finally(() => this.#handle.close());
  }
}
