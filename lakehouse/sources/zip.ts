/** A zip archive on the local disk, read member by member without unpacking it. */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PassThrough, Readable, pipeline, type Transform } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { getFileNameLowLevel, openPromise } from 'yauzl';
import { WatchlakeError } from '../../core/errors';
import { contentHash } from '../../core/hash';
import type { OnBytes, Source, SourceLimits, SourceOptions } from './source';
import { stampOfVersion } from './source';
import { localChunks } from './local-chunks';
import { otherArchive } from './other-archives';
import { checkSizes, verifying } from './verified';

const ENCRYPTED = 1;
const NAMED_IN_UTF8 = 0x800;
const STORED = 0;
const DEFLATED = 8;
const METHODS: Readonly<Record<number, string>> = {
  9: 'Deflate64',
  12: 'bzip2',
  14: 'LZMA',
  93: 'Zstandard',
  95: 'XZ',
  98: 'PPMd',
};
const LOCAL_HEADER_BYTES = 30;
// Small members cannot do harm, whatever they inflate to.
const SUSPICIOUS_BYTES = 64 * 1024 * 1024;
const SUSPICIOUS_TIMES = 250;
// The fewer pieces a member comes in, the less is lost between two threads.
const INFLATED_BYTES = 256 * 1024;
const READ_BYTES = 256 * 1024;

function translated(source: string, error: unknown): unknown {
  if (error instanceof WatchlakeError) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const unsafe = /^(?:invalid relative path|absolute path|invalid characters in fileName): (.*)$/;
  const member = unsafe.exec(detail)?.[1];
  return member === undefined
    ? new WatchlakeError('ARCHIVE_CORRUPT', { source, detail }, error)
    : new WatchlakeError('ARCHIVE_MEMBER_UNSAFE', { source, member }, error);
}

/**
 * `zip` and the Finder write UTF-8 and do not say so; read as the format's own letters, such a name is another
 * person's. What is safe in one of the two is in the other: they have the letters of paths in common.
 */
function nameOf({ fileName, fileNameRaw, generalPurposeBitFlag, extraFields }: Entry): string {
  if (!isUtf8(fileNameRaw)) return fileName;
  const flags = generalPurposeBitFlag | NAMED_IN_UTF8;
  return getFileNameLowLevel(flags, fileNameRaw, extraFields, false);
}

async function readDirectory(
  source: string,
  zip: ZipFile,
  limits: SourceLimits,
): Promise<Map<string, Entry>> {
  if (zip.entryCount > limits.members) {
    throw new WatchlakeError('ARCHIVE_TOO_LARGE', {
      source,
      member: `a list of ${zip.entryCount} members`,
      limit: limits.members,
    });
  }
  const entries = new Map<string, Entry>();
  await new Promise<void>((resolve, reject) => {
    zip.on('entry', (entry: Entry) => {
      entry.fileName = nameOf(entry);
      if (entries.has(entry.fileName)) {
        reject(new WatchlakeError('ARCHIVE_MEMBER_DUPLICATE', { source, member: entry.fileName }));
        return;
      }
      if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry);
      zip.readEntry();
    });
    zip.once('end', resolve);
    zip.once('error', reject);
    zip.readEntry();
  });
  return entries;
}

/** Members whose bytes overlap inflate to far more than the archive holds. */
function refuseOverlaps(source: string, entries: Iterable<Entry>): void {
  const inOrder = [...entries].sort(
    (a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader,
  );
  let [before, end] = [undefined as Entry | undefined, 0];
  for (const entry of inOrder) {
    if (before !== undefined && entry.relativeOffsetOfLocalHeader < end) {
      const detail = `${before.fileName} and ${entry.fileName} share bytes of the archive`;
      const [member, other] = [before.fileName, entry.fileName];
      throw new WatchlakeError('ARCHIVE_CORRUPT', { source, member, other, detail });
    }
    end = entry.relativeOffsetOfLocalHeader + LOCAL_HEADER_BYTES + entry.compressedSize;
    before = entry;
  }
}

/** Recordings deflate to a third or a tenth; what shrinks to a hundredth of that was made to do harm. */
function refuseBombs(source: string, entries: Iterable<Entry>): void {
  for (const { fileName: member, uncompressedSize: bytes, compressedSize } of entries) {
    const times = Math.round(bytes / Math.max(1, compressedSize));
    if (bytes < SUSPICIOUS_BYTES || times <= SUSPICIOUS_TIMES) continue;
    throw new WatchlakeError('ARCHIVE_BOMB', { source, member, bytes, times });
  }
}

async function hashFile(total: number, options: SourceOptions): Promise<string> {
  const { path, signal, onHashed } = options;
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of localChunks(path, { signal })) {
    hash.update(chunk);
    onHashed?.({ bytes: (bytes += chunk.length), total });
  }
  return hash.digest('hex').slice(0, 16);
}

export async function openZipSource(options: SourceOptions): Promise<Source> {
  const { path, name, address, limits, known, signal, version } = options;
  const facts = await stat(path);
  if (facts.size === 0) throw new WatchlakeError('ARCHIVE_EMPTY', { source: name });
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false }).catch(
    async (error: unknown) => {
      const detail = await otherArchive(path);
      if (detail === null) throw translated(name, error);
      throw new WatchlakeError('ARCHIVE_CORRUPT', { source: name, detail }, error);
    },
  );
  try {
    const entries = await readDirectory(name, zip, limits);
    const members = [...entries.values()].map((entry) => ({
      name: entry.fileName,
      bytes: entry.uncompressedSize,
      crc32: entry.crc32,
    }));
    checkSizes(name, members, limits);
    refuseOverlaps(name, entries.values());
    refuseBombs(name, entries.values());
    const stamp = version
      ? stampOfVersion(facts.size, version)
      : contentHash([facts.size, facts.mtimeMs]);
    const unchanged = known?.stamp === stamp ? known.contentHash : null;
    return {
      name,
      address,
      members,
      stamp,
      contentHash: unchanged ?? (await hashFile(facts.size, options)),
      open: async (member, onBytes) => openMember(options, zip, entries.get(member), onBytes),
      close: async () => zip.close(),
    };
  } catch (error) {
    zip.close();
    throw signal?.aborted ? error : translated(name, error);
  }
}

/** How the bytes of a member come out; null for methods that nobody uses for data. */
function inflaterOf({ compressionMethod }: Entry): Transform | null {
  if (compressionMethod === DEFLATED) return createInflateRaw({ chunkSize: INFLATED_BYTES });
  return compressionMethod === STORED ? new PassThrough() : null;
}

/**
 * A descriptor for each member: yauzl's own streams share one, and end the process when one of them is
 * destroyed while its read waits for that of another.
 */
async function storedBytes(path: string, zip: ZipFile, entry: Entry): Promise<Readable> {
  const { fileDataStart: start } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
  if (entry.compressedSize === 0) return Readable.from([]);
  const end = start + entry.compressedSize - 1;
  return createReadStream(path, { start, end, highWaterMark: READ_BYTES });
}

function damaged(source: string, member: string, error: unknown): WatchlakeError {
  if (error instanceof WatchlakeError) return error;
  const said = (error as Error | null)?.message ?? String(error);
  return new WatchlakeError('ARCHIVE_CORRUPT', { source, detail: `${member}: ${said}` }, error);
}

async function openMember(
  { path, name: source }: SourceOptions,
  zip: ZipFile,
  entry: Entry | undefined,
  onBytes?: OnBytes,
): Promise<Readable> {
  if (entry === undefined) throw new Error(`${source} has no such member`);
  const refuse = (detail: string): never => {
    throw new WatchlakeError('ARCHIVE_CORRUPT', { source, detail });
  };
  const { fileName: name, uncompressedSize: bytes, crc32 } = entry;
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) refuse(`${name} is encrypted`);
  const inflater = inflaterOf(entry);
  if (inflater === null) {
    const method = entry.compressionMethod;
    const named = METHODS[method] === undefined ? '' : ` (${METHODS[method]})`;
    const advice = 'Deflate is read, and stored as it is: `zip -Z deflate` makes it so';
    return refuse(`${name} has the compression method ${method}${named}; ${advice}`);
  }
  const stored = await storedBytes(path, zip, entry).catch((error: unknown) => {
    throw translated(source, error);
  });
  const verified = verifying(source, { name, bytes, crc32 }, onBytes);
  const fail = (error: unknown): void => void verified.destroy(damaged(source, name, error));
  pipeline(stored, inflater, (error) => {
    if (error) fail(error);
  });
  verified.once('close', () => inflater.destroy());
  return inflater.pipe(verified);
}
