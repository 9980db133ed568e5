/** Local files as a source: those of a folder with the layout of an archive, or one by itself. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { crc32 } from 'node:zlib';
import { WatchlakeError } from '../../core/errors';
import { contentHash } from '../../core/hash';
import { hasEnding, isGzipped, withoutGzip } from './names';
import { inflated } from './inflated';
import type { Source, SourceLimits, SourceMember, SourceOptions } from './source';
import { stampOfVersion } from './source';
import { checkSizes, verifying } from './verified';

const READ_BYTES = 1024 * 1024;

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

const read = (source: string, { path, name, gzipped }: LocalFile, signal?: AbortSignal) => {
  const file = createReadStream(path, { signal, highWaterMark: READ_BYTES });
  return gzipped ? inflated(file, { source, member: `${name}.gz` }) : file;
};

async function measure(source: string, file: LocalFile, { limits, signal }: SourceOptions) {
  const { name } = file;
  let bytes = 0;
  let checksum = 0;
  for await (const chunk of read(source, file, signal)) {
    bytes += (chunk as Buffer).length;
    checksum = crc32(chunk as Buffer, checksum);
    // What a compressed file holds is known only when it has been read.
    checkSizes(source, [{ name, bytes }], limits);
  }
  return { name, bytes, crc32: checksum };
}

async function listFiles(root: string, endings: readonly string[]): Promise<LocalFile[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  // A symbolic link could lead out of the folder: it is not followed.
  return entries
    .filter((entry) => entry.isFile() && hasEnding(entry.name, endings))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => localFile(relative(root, path).split(sep).join('/'), path))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function stampOf(files: readonly LocalFile[], version?: string): Promise<string> {
  const [first] = files;
  if (version !== undefined && first !== undefined) {
    return stampOfVersion((await stat(first.path)).size, version);
  }
  const facts = [];
  for (const { name, path } of files) {
    const { size, mtimeMs } = await stat(path);
    facts.push([name, size, mtimeMs]);
  }
  return contentHash(facts);
}

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

async function measureAll(files: readonly LocalFile[], options: SourceOptions) {
  const members: SourceMember[] = [];
  for (const file of files) {
    members.push(await measure(options.name, file, options));
    checkSizes(options.name, members, options.limits);
  }
  return members;
}

async function openFiles(files: readonly LocalFile[], options: SourceOptions): Promise<Source> {
  const { name, limits, known } = options;
  refuse(name, files, limits);
  const stamp = await stampOf(files, options.version);
  const unchanged = known?.stamp === stamp ? known.members : null;
  const members = unchanged ?? (await measureAll(files, options));
  const byName = new Map(files.map((file, at) => [file.name, { file, member: members[at] }]));
  return {
    name,
    members,
    stamp,
    contentHash: contentHash(members),
    open: async (each) => {
      const { file, member } = byName.get(each) ?? {};
      if (file === undefined || member === undefined) throw new Error(`${name} has no ${each}`);
      const verified = verifying(name, member);
      pipeline(read(name, file), verified, () => undefined);
      return verified;
    },
    pathOf: (each) => {
      const file = byName.get(each)?.file;
      return file === undefined || file.gzipped ? null : file.path;
    },
    close: async () => undefined,
  };
}

export const openFolderSource = async (options: SourceOptions): Promise<Source> =>
  openFiles(await listFiles(options.path, options.extensions), options);

/** Its one member has the file's own name; a download's path does not tell it. */
export const openFileSource = (options: SourceOptions, fileName: string): Promise<Source> =>
  openFiles([localFile(basename(fileName), options.path)], options);
