/** How far a file has been sent to a server: written beside the work, so that it goes on after a stop. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { contentHash } from '../../core/hash';

const stateSchema = z.object({
  formatVersion: z.literal(1),
  /** Everything before it is answered; of the whole file, or of each device. */
  offsets: z.record(z.string(), z.number().int().nonnegative()),
  /** The latest moment of an event that was sent: the time goes on from there. */
  latestMs: z.number().nullable(),
});

export type SentSoFar = Readonly<Omit<z.output<typeof stateSchema>, 'formatVersion'>>;

export interface SendState {
  /** Under which a device's offset is kept: devices are not named in the file. */
  keyOf(this: void, device: string): string;
  /** Null when nothing is known. */
  read(): Promise<SentSoFar | null>;
  write(sent: SentSoFar): Promise<void>;
  clear(): Promise<void>;
}

/** One for each content, server and kind of sending. */
export function sendState(folder: string, ...what: readonly string[]): SendState {
  const file = join(folder, `${contentHash(what)}.json`);
  return {
    keyOf: (device) => contentHash([...what, device]),
    async read() {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return null;
        throw error;
      });
      return text === null ? null : stateSchema.parse(JSON.parse(text));
    },
    async write(sent) {
      const temporary = `${file}.${process.pid}`;
      await mkdir(folder, { recursive: true });
      await writeFile(temporary, JSON.stringify({ formatVersion: 1, ...sent }));
      await rename(temporary, file);
    },
    clear: () => rm(file, { force: true }),
  };
}
