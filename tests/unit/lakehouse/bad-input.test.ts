/** Whatever is wrong with an archive is said by file, line and remedy, and nothing is published. */
import { readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ErrorCode, WatchlakeError } from '../../../core/errors';
import type { Lake } from '../../../lakehouse/lake';
import type { OpenOptions } from '../../../lakehouse/sources/open-source';
import type { Files } from '../../support/recordings';
import {
  archiveFiles,
  ingestInto,
  newLake,
  recordingCsv,
  refreshLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();

const good = (): Files => archiveFiles([{ recording: 'r1' }, { recording: 'r2' }]);

const expectNothingPublished = async (lake: Lake): Promise<void> => {
  expect(await lake.catalog.list()).toEqual([]);
};

async function refused(source: string, options?: OpenOptions): Promise<WatchlakeError> {
  const lake = newLake(folder.path());
  const error = await ingestInto(lake, { source, options }).then(
    () => null,
    (reason: unknown) => reason as WatchlakeError,
  );
  await expectNothingPublished(lake);
  expect(error).not.toBeNull();
  expect(error?.remedy).toMatch(/\w/);
  return error as WatchlakeError;
}

test('a missing file', async () => {
  const error = await refused(join(folder.path(), 'nowhere.zip'));
  expect(error.code).toBe('SOURCE_NOT_FOUND');
  expect(error.message).toContain('nowhere.zip');
});

test('a file of no bytes', async () => {
  const path = join(folder.path(), 'nothing.zip');
  await writeFile(path, '');
  expect((await refused(path)).code).toBe('ARCHIVE_EMPTY');
});

test('an archive without members', async () => {
  expect((await refused(await writeZip(folder.path(), {}))).code).toBe('ARCHIVE_EMPTY');
});

test('an archive whose recordings.csv lists nothing', async () => {
  const source = await writeZip(folder.path(), { 'recordings.csv': 'recording,subject\n' });
  const { code, remedy } = await refused(source);
  expect(code).toBe('ARCHIVE_EMPTY');
  // It may well be an archive of another format.
  expect(remedy).toContain('`--format casas`');
});

test.each([
  ['deep/er/recordings.csv', /there is deep\/er\/recordings\.csv; .* in one folder, not deeper\.$/],
  [
    'mine/Recordings.CSV',
    /there is mine\/Recordings\.CSV; the name has to be recordings\.csv, in small/,
  ],
  // Names of other files may be those of people.
  ['Ann Example.csv', /holds no recordings\.$/],
])('an archive with %s in place of recordings.csv', async (name, said) => {
  const source = await writeZip(folder.path(), { [name]: 'recording,subject\nr1,Ann\n' });
  const { code, message } = await refused(source);
  expect(code).toBe('ARCHIVE_EMPTY');
  expect(message).toMatch(said);
});

test('an archive with two folders of recordings, of which one would be left out', async () => {
  const inFolder = (name: string): [string, string][] =>
    Object.entries(good()).map(([file, text]) => [`${name}/${file}`, text]);
  const both = Object.fromEntries([...inFolder('site-1'), ...inFolder('site-2')]);
  const { code, message } = await refused(await writeZip(folder.path(), both));
  expect(code).toBe('METADATA_INVALID');
  expect(message).toContain('site-1/recordings.csv and site-2/recordings.csv; land each');
});

test('a tar, and one in gzip, are told as what they are', async () => {
  const tar = Buffer.alloc(1024);
  tar.write('ustar', 257);
  const [plain, packed] = [join(folder.path(), 'mine.tar'), join(folder.path(), 'mine.tgz')];
  await writeFile(plain, tar);
  await writeFile(packed, gzipSync(tar));
  expect((await refused(plain)).message).toContain('it is a tar, and no zip: unpack it');
  expect((await refused(packed)).message).toContain(
    'it is compressed with gzip, such as a .tar.gz',
  );
});

test('a member of a compression that is not read', async () => {
  const path = await writeZip(folder.path(), good());
  const bytes = await readFile(path);
  const name = bytes.lastIndexOf('recordings.csv');
  bytes.writeUInt16LE(12, name - 46 + 10);
  await writeFile(path, bytes);
  const { code, message } = await refused(path);
  expect(code).toBe('ARCHIVE_CORRUPT');
  expect(message).toContain(
    'recordings.csv has the compression method 12 (bzip2); Deflate is read',
  );
  expect(message).toContain('`zip -Z deflate`');
});

test('a file that is no zip archive', async () => {
  const path = join(folder.path(), 'text.zip');
  await writeFile(path, 'recording,subject\n'.repeat(100));
  expect((await refused(path)).code).toBe('ARCHIVE_CORRUPT');
});

test('a truncated archive', async () => {
  const path = await writeZip(folder.path(), good());
  await truncate(path, (await readFile(path)).length / 2);
  expect((await refused(path)).code).toBe('ARCHIVE_CORRUPT');
});

test('an archive with damaged bytes inside a member', async () => {
  const path = await writeZip(folder.path(), good());
  const bytes = await readFile(path);
  const at = bytes.indexOf('recordings/r1.csv') + 2000;
  bytes.fill(0x55, at, at + 64);
  await writeFile(path, bytes);
  const error = await refused(path);
  expect(error.code).toBe('ARCHIVE_CORRUPT');
});

test('a member whose name leaves the folder', async () => {
  // The writer refuses such names, an attacker does not: same length, other letters.
  const path = await writeZip(folder.path(), { ...good(), 'aa/evil.csv': 'x' });
  const bytes = await readFile(path, 'latin1');
  await writeFile(path, bytes.replaceAll('aa/evil.csv', '../evil.csv'), 'latin1');
  const error = await refused(path);
  expect(error.code).toBe('ARCHIVE_MEMBER_UNSAFE');
  expect(error.message).toContain('../evil.csv');
});

test('a member that is there twice', async () => {
  const files = Object.entries(good());
  const source = await writeZip(folder.path(), [...files, ['recordings/r1.csv', 'x']]);
  const error = await refused(source);
  expect(error.code).toBe('ARCHIVE_MEMBER_DUPLICATE');
  expect(error.message).toContain('recordings/r1.csv');
});

test('an archive that inflates beyond the limit', async () => {
  const files = { ...good(), 'recordings/r1.csv': 'timestamp_ms'.padEnd(3_000_000, 'x') };
  const error = await refused(await writeZip(folder.path(), files), {
    limits: { memberBytes: 1_000_000 },
  });
  expect(error.code).toBe('ARCHIVE_TOO_LARGE');
  expect(error.message).toContain('recordings/r1.csv');
});

test('a member that inflates to more than it declares', async () => {
  const path = await writeZip(folder.path(), good());
  const bytes = await readFile(path);
  // The central directory's entry of the last member: its uncompressed size lies 24 bytes in.
  const entry = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  bytes.writeUInt32LE(100, entry + 24);
  await writeFile(path, bytes);
  expect((await refused(path)).code).toBe('ARCHIVE_CORRUPT');
});

test('a member that inflates to thousands of times its size', async () => {
  const files = { ...good(), 'recordings/r1.csv': '0'.repeat(70_000_000) };
  const error = await refused(await writeZip(folder.path(), files));
  expect(error.code).toBe('ARCHIVE_BOMB');
  expect(error.message).toMatch(/r1\.csv would inflate to 70000000 bytes, \d{3,4} times its size/);
});

test('members that share bytes of the archive', async () => {
  const path = await writeZip(folder.path(), good());
  const bytes = await readFile(path);
  // The central directory's entry of the last member: the place of its bytes lies 42 bytes in.
  const entry = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
  bytes.writeUInt32LE(0, entry + 42);
  await writeFile(path, bytes);
  const error = await refused(path);
  expect(error.code).toBe('ARCHIVE_CORRUPT');
  expect(error.message).toContain('share bytes of the archive');
});

const replaced: [string, (files: Files) => Files, ErrorCode, RegExp][] = [
  [
    'a recording without a required column',
    (files) => ({ ...files, 'recordings/r2.csv': 'timestamp_ms,ax,ay,label\n0,1,1,walking\n' }),
    'COLUMN_MISSING',
    /^recordings\/r2\.csv, line 1: the column az is missing \(found: timestamp_ms, ax, ay, label\)/,
  ],
  [
    'recordings.csv without the subject',
    (files) => ({ ...files, 'recordings.csv': 'recording,side\nr1,left\n' }),
    'COLUMN_MISSING',
    /^recordings\.csv, line 1: the column subject is missing/,
  ],
  [
    'a recording without several of them',
    (files) => ({ ...files, 'recordings/r2.csv': 'time,ax\n0,1\n' }),
    'COLUMN_MISSING',
    /^recordings\/r2\.csv, line 1: the column timestamp_ms is missing, and so are ay, az \(found: time, ax\)/,
  ],
  [
    'a recording with semicolons, as some spreadsheets save it',
    (files) => ({ ...files, 'recordings/r2.csv': 'timestamp_ms;ax;ay;az\n0;1;1;1\n' }),
    'CSV_MALFORMED',
    /^recordings\/r2\.csv, line 1: the header has semicolons between its columns \(timestamp_ms;ax;ay;az\): commas have to separate them/,
  ],
  [
    'a list of recordings with tabs',
    (files) => ({ ...files, 'recordings.csv': 'recording\tsubject\nr1\tAnn\n' }),
    'CSV_MALFORMED',
    /^recordings\.csv, line 1: the header has tabs between its columns \(recording subject\): commas/,
  ],
  [
    'a recording with semicolons and a quoted label',
    (files) => ({
      ...files,
      'recordings/r2.csv': 'timestamp_ms;ax;ay;az;label\n0;1;1;1;"up; stairs"\n',
    }),
    'CSV_MALFORMED',
    /^recordings\/r2\.csv, line 1: the header has semicolons between its columns \(timestamp_ms;ax;ay;az;label\): commas/,
  ],
  [
    'a channel with a blank and a bracket',
    (files) => ({ ...files, 'channels.csv': 'channel,unit\nAccel (mg),mg\n' }),
    'METADATA_INVALID',
    /^channels\.csv, line 2: Accel \(mg\) is not a name of a channel: .* a letter, then letters, digits, _/,
  ],
  [
    'a recording of no bytes',
    (files) => ({ ...files, 'recordings/r2.csv': '' }),
    'COLUMN_MISSING',
    /^recordings\/r2\.csv, line 1: .*found: no columns/,
  ],
  [
    'a row with a field too many',
    (files) => ({ ...files, 'recordings/r2.csv': 'timestamp_ms,ax,ay,az\n0,1,1,1\n20,1,1,1,1\n' }),
    'CSV_MALFORMED',
    /^recordings\/r2\.csv, line 3: it has 5 fields, the header has 4/,
  ],
  [
    'a row of one field',
    (files) => ({ ...files, 'recordings/r2.csv': 'timestamp_ms,ax,ay,az\n0,1,1,1\n20\n' }),
    'CSV_MALFORMED',
    /^recordings\/r2\.csv, line 3: it has 1 field, the header has 4/,
  ],
  [
    'a quote that is never closed',
    (files) => ({ ...files, 'recordings/r2.csv': 'timestamp_ms,ax,ay,az\n0,1,1,1\n20,"1,1,1\n' }),
    'CSV_MALFORMED',
    /^recordings\/r2\.csv, line \d+: Quote Not Closed/,
  ],
  [
    'a recording that is listed and missing',
    (files) => {
      const { 'recordings/r2.csv': _, ...rest } = files;
      return rest;
    },
    'METADATA_INVALID',
    /^recordings\.csv, line 3: recordings\/r2\.csv is missing/,
  ],
  [
    'a recording that is compressed in an archive',
    ({ 'recordings/r2.csv': r2 = '', ...rest }) => ({ ...rest, 'recordings/r2.csv.gz': r2 }),
    'METADATA_INVALID',
    /^recordings\.csv, line 3: recordings\/r2\.csv is missing; there is recordings\/r2\.csv\.gz: .* in a folder/,
  ],
  [
    'a recording whose file has capitals',
    ({ 'recordings/r2.csv': r2 = '', ...rest }) => ({ ...rest, 'recordings/R2.CSV': r2 }),
    'METADATA_INVALID',
    /recordings\/r2\.csv is missing; there is recordings\/R2\.CSV: rename it/,
  ],
  [
    'a recording that is there and not listed',
    (files) => ({ ...files, 'recordings/r3.csv': recordingCsv({ recording: 'r3' }) }),
    'METADATA_INVALID',
    /recordings\/r3\.csv is not listed/,
  ],
  [
    'an id that is listed twice',
    (files) => ({ ...files, 'recordings.csv': 'recording,subject\nr1,Ann\nr2,Ann\nr1,Ben\n' }),
    'METADATA_INVALID',
    /^recordings\.csv, line 4: r1 is there twice/,
  ],
  [
    'a channel that has the name of a column of the format',
    (files) => ({ ...files, 'channels.csv': 'channel,unit\nax,g\nLabel,g\n' }),
    'METADATA_INVALID',
    /^channels\.csv, line 3: Label is a name of the format/,
  ],
  [
    'a limit that is no number',
    (files) => ({ ...files, 'channels.csv': 'channel,unit,minimum\nax,g,low\n' }),
    'METADATA_INVALID',
    /^channels\.csv, line 2: low is not a number/,
  ],
];

test.each(replaced)('%s', async (_name, change, code, message) => {
  const error = await refused(await writeZip(folder.path(), change(good())));
  expect(error.code).toBe(code);
  expect(error.message).toMatch(message);
});

test('the same faults are found in a folder', async () => {
  const files = { ...good(), 'recordings/r2.csv': 'timestamp_ms,ax\n0,1\n' };
  expect((await refused(await writeFolder(folder.path(), files))).code).toBe('COLUMN_MISSING');
});

test('names in another encoding than UTF-8 are refused: two of them may come to be one', async () => {
  const root = await writeFolder(folder.path(), good());
  const listed = 'recording,subject\nr1,Ren\u00e9\nr2,Ren\u00e8\n';
  await writeFile(join(root, 'recordings.csv'), Buffer.from(listed, 'latin1'));
  const { code, message } = await refused(root);
  expect(code).toBe('METADATA_INVALID');
  expect(message).toMatch(/^recordings\.csv, line 2: .* no UTF-8/);
  await writeFile(join(root, 'recordings.csv'), listed);
  const lake = newLake(folder.path());
  expect(await ingestInto(lake, { source: root })).toMatchObject({
    dataset: expect.any(String) as string,
  });
});

test('labels in another encoding are refused as well, and no two activities become one', async () => {
  const root = await writeFolder(folder.path(), good());
  const rows = 'timestamp_ms,ax,ay,az,label\n0,1,1,1,\n20,1,1,1,sch\u00f6n\n40,1,1,1,sch\u00e4n\n';
  await writeFile(join(root, 'recordings/r2.csv'), Buffer.from(rows, 'latin1'));
  const { code, message } = await refused(root);
  expect(code).toBe('METADATA_INVALID');
  expect(message).toMatch(/^recordings\/r2\.csv, line 3: .* no UTF-8/);
});

test('text in a number and a time that goes backwards reject the row, with file and line', async () => {
  const lake = newLake(folder.path());
  const lines = recordingCsv({ recording: 'r1' }).split('\n');
  lines[10] = '180,many,0.5,0.5,walking';
  lines[20] = '100,0.5,0.5,0.5,walking';
  const files = { ...good(), 'recordings/r1.csv': lines.join('\n') };
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const { recordings_trusted: trusted } = await refreshLake(lake);
  expect(trusted?.quarantined).toEqual({ 'channel-not-a-number': 1, 'timestamp-backwards': 1 });
  expect(trusted?.firstProblems).toEqual([
    'recordings/r1.csv, line 11: channel-not-a-number (ax)',
    'recordings/r1.csv, line 21: timestamp-backwards',
  ]);
  expect(trusted?.rows).toBe(998);
});

test('two recordings at the same time on one device block publishing', async () => {
  const lake = newLake(folder.path());
  const files = archiveFiles([
    { recording: 'r1', device: 'watch', startMs: 0 },
    { recording: 'r2', device: 'watch', startMs: 5000 },
  ]);
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  await expect(refreshLake(lake)).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringContaining('recordings-of-a-device-overlap-in-time (1 row)') as string,
  });
  expect((await lake.catalog.list()).map(({ table }) => table)).toEqual(['recordings_landing']);
});

test('a symbolic link in a folder, where what it leads to would be missing', async () => {
  const root = await writeFolder(folder.path(), good());
  const elsewhere = await writeFolder(folder.path(), good());
  const links = { 'recordings/r3.csv': 'recordings/r1.csv', 'gone.csv': 'gone.csv', more: '' };
  for (const [link, target] of Object.entries(links)) {
    await symlink(join(elsewhere, target), join(root, link));
    expect(await refused(root)).toMatchObject({ code: 'SOURCE_LINK', context: { link } });
    await rm(join(root, link));
  }
  await symlink(join(elsewhere, 'notes.txt'), join(root, 'notes.txt'));
  await ingestInto(newLake(folder.path()), { source: root });
});
