/** Makes archives of the format `casas` of any size, and beside them what the tables must come to hold. */
import { createWriteStream } from 'node:fs';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ZipFile } from 'yazl';
import { WatchlakeError } from '../../../core/errors';
import type { Expected } from './expected';
import { nothingExpected } from './expected';
import type { GeneratorOptions } from './options';
import { checkedOptions } from './options';
import { participantFile } from './participant';

export interface GeneratedArchive extends Expected {
  readonly formatVersion: 1;
  readonly options: GeneratorOptions;
  readonly participants: number;
  /** Of the files in the archive, and of the archive itself. */
  readonly bytes: number;
  readonly archiveBytes: number;
}

export const expectedFile = (archive: string): string =>
  `${archive.replace(/\.zip$/, '')}.expected.json`;

/** The same bytes whenever they are made. */
const MADE = new Date(2021, 10, 8);
// Random digits hardly deflate: more effort would gain little.
const COMPRESSION_LEVEL = 1;

interface Progress {
  readonly participants: number;
  readonly bytes: number;
}

async function* countedChunks(
  chunks: Iterable<Buffer>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  for (const chunk of chunks) {
    onBytes(chunk.length);
    yield chunk;
    // What writes the archive has its turn between two chunks.
    await nextTurn();
  }
}

async function refusePresent(archive: string): Promise<void> {
  const present = await stat(archive).catch(() => null);
  if (present !== null) throw new WatchlakeError('TARGET_EXISTS', { target: archive });
  await mkdir(dirname(archive), { recursive: true });
}

async function writeArchive(
  archive: string,
  options: GeneratorOptions,
  expected: Expected,
  onProgress?: (done: Progress) => void,
): Promise<number> {
  const zip = new ZipFile();
  let [bytes, participants] = [0, 0];
  for (let at = 1; at <= options.participants; at += 1) {
    const settings = { mtime: MADE, compressionLevel: COMPRESSION_LEVEL };
    zip.addReadStreamLazy(`made/sw1.p${at}.csv`, settings, (give) => {
      participants = at;
      const chunks = countedChunks(participantFile(options, at, expected), (more) => {
        bytes += more;
        onProgress?.({ participants, bytes });
      });
      give(null, Readable.from(chunks, { objectMode: false }));
    });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(archive, { flags: 'wx' }));
  return bytes;
}

/** The same options give the same files. TARGET_EXISTS when there is such an archive already. */
export async function generateCasas(
  archive: string,
  given: Partial<GeneratorOptions> = {},
  onProgress?: (done: Progress) => void,
): Promise<GeneratedArchive> {
  const options = checkedOptions(given);
  await refusePresent(archive);
  const expected = nothingExpected();
  try {
    const bytes = await writeArchive(archive, options, expected, onProgress);
    const { size: archiveBytes } = await stat(archive);
    const { participants } = options;
    const facts = { formatVersion: 1, options, participants, bytes, archiveBytes } as const;
    const generated: GeneratedArchive = { ...facts, ...expected };
    await writeFile(expectedFile(archive), `${JSON.stringify(generated, null, 2)}\n`);
    return generated;
  } catch (error) {
    // What is half-written would be refused as an archive, and in the way of the next attempt.
    await rm(archive, { force: true });
    throw error;
  }
}
