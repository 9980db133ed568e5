/** Writes zip archives of made-up files: the same bytes for the same files, never over another, never by half. */
import { mkdir, open, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ZipFile } from 'yazl';
import { WatchlakeError } from '../core/errors';

export interface MadeFile {
  readonly name: string;
  /** Made when it is its turn to be written. */
  readonly chunks: () => Iterable<Buffer>;
}

/** Of the files, and of the archive. */
export interface WrittenArchive {
  readonly bytes: number;
  readonly archiveBytes: number;
}

/** The same bytes whenever they are made. */
const MADE = new Date(2021, 10, 8);
// Random digits hardly deflate: more effort would gain little.
const COMPRESSION_LEVEL = 1;

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

const taken = (archive: string, cause?: unknown): WatchlakeError =>
  new WatchlakeError('TARGET_EXISTS', { target: archive }, cause);

export async function refusePresent(archive: string): Promise<void> {
  const present = await stat(archive).catch(() => null);
  if (present !== null) throw taken(archive);
}

/** Of two that make the same archive at the same time the other one gets TARGET_EXISTS. */
async function create(archive: string): Promise<FileHandle> {
  await mkdir(dirname(archive), { recursive: true });
  try {
    return await open(archive, 'wx');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? taken(archive, error) : error;
  }
}

type OnProgress = (done: { file: number; bytes: number }) => void;

function zipOf(files: readonly MadeFile[], onProgress: OnProgress): ZipFile {
  const zip = new ZipFile();
  let bytes = 0;
  for (const [file, { name, chunks }] of files.entries()) {
    const settings = { mtime: MADE, compressionLevel: COMPRESSION_LEVEL };
    zip.addReadStreamLazy(name, settings, (give) => {
      const counted = countedChunks(chunks(), (more) => {
        bytes += more;
        onProgress({ file, bytes });
      });
      give(null, Readable.from(counted, { objectMode: false }));
    });
  }
  zip.end();
  return zip;
}

/** TARGET_EXISTS when there is such an archive already. `onProgress` is told the file that is written, from 0 on. */
export async function writeArchive(
  archive: string,
  files: readonly MadeFile[],
  onProgress?: OnProgress,
): Promise<WrittenArchive> {
  const target = await create(archive);
  let bytes = 0;
  try {
    const zip = zipOf(files, (done) => {
      ({ bytes } = done);
      onProgress?.(done);
    });
    await pipeline(zip.outputStream, target.createWriteStream());
    return { bytes, archiveBytes: (await stat(archive)).size };
  } catch (error) {
    // What is half-written would be refused as an archive, and in the way of the next attempt.
    await rm(archive, { force: true });
    throw error;
  } finally {
    await target.close();
  }
}

/** `made.expected.json` of `made.zip`. */
export const besideArchive = (archive: string, what: string): string =>
  `${archive.replace(/\.zip$/, '')}.${what}.json`;

/** Says beside an archive what it holds; where that cannot be written, the archive goes, too. */
export async function describeArchive(archive: string, file: string, facts: object): Promise<void> {
  try {
    await writeFile(file, `${JSON.stringify(facts, null, 2)}\n`);
  } catch (error) {
    await rm(archive, { force: true });
    throw error;
  }
}
