/** Local files as a source: those of a folder with the layout of an archive, or one by itself. */
import { createReadStream, type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { crc32 } from 'node:zlib';
import { WatchlakeError } from '../../core/errors';
import { contentHash } from '../../core/hash';
import { inParallel } from '../in-parallel';
import { hasEnding, isGzipped, withoutGzip } from './names';
import { inflated } from './inflated';
import { localChunks } from './local-chunks';
import type { OnBytes, Source, SourceLimits, SourceMember, SourceOptions } from './source';
import { stampOfVersion } from './source';
import { checkSizes, verifying } from './verified';

const READ_BYTES = 1024 * 1024;
const MEASURED_AT_ONCE = 4;

interface LocalFile {
  /** Of the member: a compressed file has the name of what is in it. */
  readonly name: string;
  readonly path: string;
  readonly gzipped: boolean;
}

const localFile = (name: string, path: string): LocalFile => ({
  name: withoutGzip(name),
  path,
  gzipped: isGzipped(name),
});

const stored = ({ path }: LocalFile, signal?: AbortSignal) =>
  createReadStream(path, { signal, highWaterMark: READ_BYTES });

const content = (source: string, { name, gzipped }: LocalFile, file: ReturnType<typeof stored>) =>
  gzipped ? inflated(file, { source, member: `${name}.gz` }) : file;

/** Its content, and after each chunk how far the file itself has been read. */
async function* readOnce(
  source: string,
  file: LocalFile,
  signal?: AbortSignal,
): AsyncGenerator<{ chunk: Buffer; bytesRead: number }> {
  if (file.gzipped) {
    const disk = stored(file, signal);
    for await (const chunk of content(source, file, disk)) {
      yield { chunk: chunk as Buffer, bytesRead: disk.bytesRead };
    }
    return;
  }
  let bytesRead = 0;
  for await (const chunk of localChunks(file.path, { signal })) {
    yield { chunk, bytesRead: (bytesRead += chunk.length) };
  }
}

async function measure(
  source: string,
  file: LocalFile,
  { limits, signal, onBytes }: SourceOptions & { onBytes: OnBytes },
) {
  const { name } = file;
  let [bytes, checksum, told] = [0, 0, 0];
  for await (const { chunk, bytesRead } of readOnce(source, file, signal)) {
    onBytes(bytesRead - told);
    told = bytesRead;
    bytes += chunk.length;
    checksum = crc32(chunk, checksum);
    // What a compressed file holds is known only when it has been read.
    checkSizes(source, [{ name, bytes }], limits);
  }
  return { name, bytes, crc32: checksum };
}

/** A link could lead out of the folder, and passed over in silence it would be missing: SOURCE_LINK. */
async function refuseLinks(
  { name: source, path: root, extensions }: SourceOptions,
  entries: readonly Dirent[],
): Promise<void> {
  for (const entry of entries.filter((each) => each.isSymbolicLink())) {
    const path = join(entry.parentPath, entry.name);
    // Whatever it may be called, files could stand below.
    const leadsToFolder = async () => (await stat(path).catch(() => null))?.isDirectory() === true;
    if (hasEnding(entry.name, extensions) || (await leadsToFolder())) {
      throw new WatchlakeError('SOURCE_LINK', { source, link: relative(root, path) });
    }
  }
}

async function listFiles(options: SourceOptions): Promise<LocalFile[]> {
  const { path: root, extensions: endings } = options;
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  await refuseLinks(options, entries);
  return entries
    .filter((entry) => entry.isFile() && hasEnding(entry.name, endings))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => localFile(relative(root, path).split(sep).join('/'), path))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const factsOf = async ({ path, name }: LocalFile): Promise<[string, number, number]> => {
  const { size, mtimeMs } = await stat(path);
  return [name, size, mtimeMs];
};

const stampOf = (facts: readonly [string, number, number][], version?: string): string =>
  version !== undefined && facts[0] !== undefined
    ? stampOfVersion(facts[0][1], version)
    : contentHash(facts);

function refuse(source: string, files: readonly LocalFile[], limits: SourceLimits): void {
  if (files.length > limits.members) {
    const member = `a list of ${files.length} members`;
    throw new WatchlakeError('ARCHIVE_TOO_LARGE', { source, member, limit: limits.members });
  }
  const twice = files.find(({ name }, at) => files[at - 1]?.name === name);
  if (twice !== undefined) {
    throw new WatchlakeError('ARCHIVE_MEMBER_DUPLICATE', { source, member: twice.name });
  }
}

/** The checksum of one is computed while the next ones are read. */
function measureAll(
  files: readonly LocalFile[],
  total: number,
  options: SourceOptions,
): Promise<SourceMember[]> {
  const { name, limits, onHashed } = options;
  let [bytes, hashed] = [0, 0];
  const onBytes: OnBytes = (more) => onHashed?.({ bytes: (hashed += more), total });
  return inParallel(files, MEASURED_AT_ONCE, async (file) => {
    const member = await measure(name, file, { ...options, onBytes });
    bytes += member.bytes;
    checkSizes(name, [{ name: file.name, bytes }], { ...limits, memberBytes: Infinity });
    return member;
  });
}

async function openFiles(files: readonly LocalFile[], options: SourceOptions): Promise<Source> {
  const { name, address, limits, known } = options;
  refuse(name, files, limits);
  const facts: [string, number, number][] = [];
  for (const file of files) facts.push(await factsOf(file));
  const stamp = stampOf(facts, options.version);
  const unchanged = known?.stamp === stamp ? known.members : null;
  const size = facts.reduce((sum, [, each]) => sum + each, 0);
  const members = unchanged ?? (await measureAll(files, size, options));
  const byName = new Map(
    files.map((file, at) => [file.name, { file, member: members[at], facts: facts[at] }]),
  );
  return {
    name,
    address,
    members,
    stamp,
    contentHash: contentHash(members),
    open: async (each, onBytes) => {
      const { file, member } = byName.get(each) ?? {};
      if (file === undefined || member === undefined) throw new Error(`${name} has no ${each}`);
      const verified = verifying(name, member, onBytes);
      pipeline(content(name, file, stored(file)), verified, () => undefined);
      return verified;
    },
    pathOf: (each) => {
      const file = byName.get(each)?.file;
      return file === undefined || file.gzipped ? null : file.path;
    },
    checkUnchanged: async (each) => {
      const { file, facts: opened } = byName.get(each) ?? {};
      const present = file && (await factsOf(file).catch(() => null));
      if (contentHash(present ?? null) === contentHash(opened ?? null)) return;
      throw new WatchlakeError('SOURCE_CHANGED', { source: name });
    },
    close: async () => undefined,
  };
}

export const openFolderSource = async (options: SourceOptions): Promise<Source> =>
  openFiles(await listFiles(options), options);

/** Its one member has the file's own name; a download's path does not tell it. */
export const openFileSource = (options: SourceOptions, fileName: string): Promise<Source> =>
  openFiles([localFile(basename(fileName), options.path)], options);
