/** A file in UTF-16 is refused by its name, whatever the format and wherever the file lies. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FormatName } from '../../../lakehouse/dataset-format';
import { arwiseFile } from '../../support/arwise';
import { casasFile, samples } from '../../support/casas';
import { ingestFormat } from '../../support/format-runs';
import { stediFiles, threePeople } from '../../support/made-stedi';
import type { Files } from '../../support/recordings';
import { archiveFiles, newLake, temporaryFolder, writeZip } from '../../support/recordings';

const folder = temporaryFolder();
const START = Date.UTC(2021, 5, 1, 8);

const littleEndian = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
const bigEndian = (text: string): Buffer => littleEndian(text).swap16();

let made = 0;

async function writeBytes(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const root = join(folder.path(), `bytes-${(made += 1)}`);
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes);
  }
  return root;
}

const CASES: readonly [FormatName, Files, string][] = [
  ['recordings', archiveFiles([{ recording: 'r1' }]), 'recordings.csv'],
  ['recordings', archiveFiles([{ recording: 'r1' }]), 'channels.csv'],
  ['recordings', archiveFiles([{ recording: 'r1' }]), 'recordings/r1.csv'],
  ['casas', { 'p1.csv': casasFile(samples(START, 3)) }, 'p1.csv'],
  ['arwise', { 'p1.csv': arwiseFile([{ endMs: START }]) }, 'p1.csv'],
  [
    'arwise',
    { 'p1.csv': arwiseFile([{ endMs: START }]), 'activity_mapping.csv': 'original,mapped\na,b\n' },
    'activity_mapping.csv',
  ],
  ['stedi', stediFiles(threePeople()), Object.keys(stediFiles(threePeople()))[0] as string],
];

test.each(CASES)('%s: %#', async (format, files, name) => {
  const text = files[name] as string;
  const { [name]: _, ...others } = files;
  const withBytes = (bytes: Buffer) => ({ ...files, [name]: bytes });
  const sources = [
    await writeBytes(withBytes(littleEndian(text))),
    await writeBytes({ ...others, [`${name}.gz`]: gzipSync(bigEndian(text)) }),
    await writeZip(folder.path(), Object.entries(withBytes(bigEndian(text)))),
  ];
  for (const source of sources) {
    const lake = newLake(folder.path());
    await expect(ingestFormat(lake, format, { source, dataset: 'watch' })).rejects.toMatchObject({
      code: 'FILE_IN_UTF16',
      context: { file: name },
      remedy: expect.stringContaining('UTF-8') as string,
    });
    expect(await lake.catalog.list()).toEqual([]);
  }
  await ingestFormat(newLake(folder.path()), format, {
    source: await writeBytes(withBytes(Buffer.from(`\ufeff${text}`))),
    dataset: 'watch',
  });
});

test('a file in UTF-16 that belongs to no recording is left alone', async () => {
  const files = { ...archiveFiles([{ recording: 'r1' }]), 'notes.csv': littleEndian('a,b\n') };
  const source = await writeBytes(files);
  const landing = { source, dataset: 'watch' };
  expect(await ingestFormat(newLake(folder.path()), 'recordings', landing)).toMatchObject({
    members: 1,
  });
});
