/** Wheels: only the file that was pinned is unpacked, and only what is needed of it. */
import { createWriteStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import { sha256OfFile } from '../../../stack/files';
import { wheelFolder, type Wheel } from '../../../stack/wheels';
import { fakeTools, type FakeTools } from './fake-tools';

let tools: FakeTools;
let archive: string;

beforeEach(async () => {
  tools = await fakeTools();
  archive = join(tools.folder, 'tool-1.0-py3-none-any.whl');
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from('#!/bin/sh\n'), 'tool-1.0.data/scripts/tool');
  zip.addBuffer(Buffer.from('text'), 'tool-1.0.dist-info/METADATA');
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(archive));
  // It answers as pip does: the file appears in the folder after --dest.
  const copy = `while [ "$1" != --dest ]; do shift; done; cp ${archive} "$2"`;
  await tools.put('python3', `case "$*" in *--version*) echo pip 24;; *) ${copy};; esac`);
});
afterEach(() => tools.remove());

const wheel = (sha256: string): Wheel => ({
  package: 'tool',
  version: '1.0',
  select: (name) => (name.endsWith('/scripts/tool') ? 'tool' : undefined),
  files: { 'linux-x64': { sha256, bytes: 1, pipPlatform: 'any' } },
});

const options = (platform = 'linux-x64') => ({
  cache: join(tools.folder, 'cache'),
  environment: tools.environment,
  platform,
});

test('unpacks the selected file, executable, and nothing else', async () => {
  const folder = await wheelFolder(wheel(await sha256OfFile(archive)), options());
  expect((await readdir(folder)).sort()).toEqual(['entry.json', 'tool']);
  expect(await readFile(join(folder, 'tool'), 'utf8')).toBe('#!/bin/sh\n');
  expect((await stat(join(folder, 'tool'))).mode & 0o111).toBe(0o111);
});

test('refuses a file with another hash', async () => {
  await expect(wheelFolder(wheel('0'.repeat(64)), options())).rejects.toMatchObject({
    code: 'CHECKSUM_MISMATCH',
    message: expect.stringContaining('tool 1.0') as string,
  });
  expect(await readdir(join(tools.folder, 'cache'))).toEqual([]);
});

test('names a platform that has no file', async () => {
  const other = wheelFolder(wheel('0'.repeat(64)), options('sunos-sparc'));
  await expect(other).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    message: expect.stringContaining('sunos-sparc') as string,
  });
});
