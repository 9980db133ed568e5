/** Compressed files, and files by themselves: the same content lands the same, and damage is said. */
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openSource, type OpenOptions } from '../../../lakehouse/sources/open-source';
import { customerLine } from '../../support/made-stedi';
import { ingestStedi } from '../../support/stedi';
import {
  archiveFiles,
  ingestInto,
  newLake,
  temporaryFolder,
  writeFolder,
  writeZip,
  type Files,
} from '../../support/recordings';

const folder = temporaryFolder();

const FILES = archiveFiles([{ recording: 'r1' }, { recording: 'r2' }]);
let made = 0;

async function compressedFolder(files: Files): Promise<string> {
  const root = join(folder.path(), `compressed-${(made += 1)}`);
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, `${name}.gz`);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, gzipSync(text));
  }
  return root;
}

const refused = (source: string, options?: OpenOptions) =>
  openSource(source, options).then(
    () => null,
    (error: unknown) => error,
  );

test('a folder of compressed files is the same source as the plain one', async () => {
  const [plain, compressed] = [
    await openSource(await writeFolder(folder.path(), FILES)),
    await openSource(await compressedFolder(FILES)),
  ];
  expect(compressed.members).toEqual(plain.members);
  expect(compressed.contentHash).toBe(plain.contentHash);
});

test('tells how far it has read what the id of the content follows from', async () => {
  for (const source of [
    await writeFolder(folder.path(), FILES),
    await compressedFolder(FILES),
    await writeZip(folder.path(), FILES),
  ]) {
    const told: { bytes: number; total: number }[] = [];
    await openSource(source, { onHashed: (hashed) => told.push(hashed) });
    const { bytes = 0, total } = told.at(-1) ?? {};
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBe(total);
  }
});

test('it lands, and the same content as plain files has landed then', async () => {
  const lake = newLake(folder.path());
  const source = await compressedFolder(FILES);
  expect((await ingestInto(lake, { source })).rows).toBe(1000);
  const plain = await writeFolder(folder.path(), FILES);
  const again = await ingestInto(lake, { source: plain });
  expect(again.rows).toBe(1000);
});

test('JSON lines may be compressed as well, in a folder or as one file', async () => {
  const root = await compressedFolder({
    'customer/customer-1.json': customerLine({ name: 'ann' }),
  });
  const inFolder = await ingestStedi(newLake(folder.path()), { source: root });
  const one = join(root, 'customer', 'customer-1.json.gz');
  const alone = await ingestStedi(newLake(folder.path()), { source: one });
  expect([inFolder.rows, alone.rows]).toEqual([1, 1]);
});

test.each([
  ['cut off', async (path: string) => truncate(path, 200), 'unexpected end of file'],
  ['not compressed', async (path: string) => writeFile(path, 'ax,ay\n'), 'incorrect header check'],
])('a file that is %s is said by name', async (_how, spoil, detail) => {
  const source = await compressedFolder(FILES);
  await spoil(join(source, 'recordings', 'r1.csv.gz'));
  expect(await refused(source)).toMatchObject({
    code: 'ARCHIVE_CORRUPT',
    message: `${source} cannot be read: recordings/r1.csv.gz: ${detail}`,
  });
});

test('a file that is spoilt after it was opened is noticed when it is read', async () => {
  const source = await compressedFolder(FILES);
  const opened = await openSource(source);
  const path = join(source, 'recordings', 'r1.csv.gz');
  await writeFile(path, (await readFile(path)).subarray(0, 300));
  const reading = (async () => {
    for await (const _chunk of await opened.open('recordings/r1.csv')) continue;
  })();
  await expect(reading).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' });
});

test('a file that inflates beyond the limit is refused before it is read to its end', async () => {
  const files = { ...FILES, 'recordings/r1.csv': 'timestamp_ms'.padEnd(3_000_000, 'x') };
  const limits = { memberBytes: 1_000_000 };
  expect(await refused(await compressedFolder(files), { limits })).toMatchObject({
    code: 'ARCHIVE_TOO_LARGE',
    context: { member: 'recordings/r1.csv' },
  });
  const many = { totalBytes: 20_000 };
  expect(await refused(await compressedFolder(FILES), { limits: many })).toMatchObject({
    code: 'ARCHIVE_TOO_LARGE',
    context: { member: 'the whole' },
  });
});

test('a file that is there both plain and compressed is refused', async () => {
  const source = await compressedFolder(FILES);
  await writeFile(join(source, 'channels.csv'), FILES['channels.csv'] ?? '');
  expect(await refused(source)).toMatchObject({
    code: 'ARCHIVE_MEMBER_DUPLICATE',
    context: { member: 'channels.csv' },
  });
});

test('the ending of compressed files may be in capital letters, in an archive too', async () => {
  const { 'recordings/r2.csv': text = '', ...others } = FILES;
  const compressed = gzipSync(text);
  const source = await writeFolder(folder.path(), others);
  await writeFile(join(source, 'recordings/r2.csv.GZ'), compressed);
  const plain = await openSource(await writeFolder(folder.path(), FILES));
  expect((await openSource(source)).contentHash).toBe(plain.contentHash);
  // Where no file is inflated, a new name alone would not help.
  const zip = await writeZip(folder.path(), [
    ...Object.entries(others),
    ['recordings/r2.csv.GZ', compressed],
  ]);
  await expect(ingestInto(newLake(folder.path()), { source: zip })).rejects.toMatchObject({
    code: 'METADATA_INVALID',
    message: expect.stringContaining('compressed files are read in a folder') as string,
  });
});

test.each(['r1.csv', 'r1.csv.gz'])(
  'recordings in one file %s: what is missing, and where the layout is described',
  async (name) => {
    const text = FILES['recordings/r1.csv'] ?? '';
    const source = join(folder.path(), name);
    await writeFile(source, name.endsWith('.gz') ? gzipSync(text) : text);
    await expect(ingestInto(newLake(folder.path()), { source })).rejects.toMatchObject({
      code: 'ARCHIVE_EMPTY',
      message: `${source} holds no recordings.`,
      remedy: expect.stringMatching(
        /recordings\.csv, channels\.csv and .*docs\/formats\.md/,
      ) as string,
    });
  },
);
