/** A local folder with the layout of an archive. */
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { crc32 } from 'node:zlib';
import { WatchlakeError } from '../../core/errors';
import { contentHash } from '../../core/hash';
import type { Source, SourceMember, SourceOptions } from './source';
import { checkSizes, verifying } from './verified';

const READ_BYTES = 1024 * 1024;

async function measure(path: string, name: string, signal?: AbortSignal): Promise<SourceMember> {
  let bytes = 0;
  let checksum = 0;
  for await (const chunk of createReadStream(path, { signal, highWaterMark: READ_BYTES })) {
    bytes += (chunk as Buffer).length;
    checksum = crc32(chunk as Buffer, checksum);
  }
  return { name, bytes, crc32: checksum };
}

async function listFiles(root: string, endings: readonly string[]): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  // A symbolic link could lead out of the folder: it is not followed.
  return entries
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

async function stampOf(root: string, names: readonly string[]): Promise<string> {
  const facts = [];
  for (const name of names) {
    const { size, mtimeMs } = await stat(join(root, name));
    facts.push([name, size, mtimeMs]);
  }
  return contentHash(facts);
}

async function measureAll({ path, signal }: SourceOptions, names: readonly string[]) {
  const members: SourceMember[] = [];
  for (const name of names) members.push(await measure(join(path, name), name, signal));
  return members;
}

export async function openFolderSource(options: SourceOptions): Promise<Source> {
  const { path, name, limits, known, extensions } = options;
  const names = await listFiles(path, extensions);
  if (names.length > limits.members) {
    const member = `a list of ${names.length} members`;
    throw new WatchlakeError('ARCHIVE_TOO_LARGE', { source: name, member, limit: limits.members });
  }
  const stamp = await stampOf(path, names);
  const unchanged = known?.stamp === stamp ? known.members : null;
  const members = unchanged ?? (await measureAll(options, names));
  checkSizes(name, members, limits);
  const byName = new Map(members.map((member) => [member.name, member]));
  return {
    name,
    members,
    stamp,
    contentHash: contentHash(members),
    open: async (each) => {
      const member = byName.get(each);
      if (member === undefined) throw new Error(`${name} has no member ${each}`);
      const verified = verifying(name, member);
      pipeline(createReadStream(join(path, each)), verified, () => undefined);
      return verified;
    },
    pathOf: (each) => join(path, each),
    close: async () => undefined,
  };
}
