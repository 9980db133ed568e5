/** Archives over http: fetched once, within a limit, forgotten when they have landed. */
import { createReadStream } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { contentHash } from '../../../core/hash';
import { downloadPath } from '../../../lakehouse/sources/spool';
import { forgetDownload, openSource, sourceHash } from '../../../lakehouse/sources/open-source';
import {
  archiveFiles,
  ingestInto,
  newLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
let server: Server;
let archive: string;
let requests = 0;

beforeAll(async () => {
  archive = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  server = createServer((request, response) => {
    requests += 1;
    if (request.url === '/archive.zip') createReadStream(archive).pipe(response);
    else if (request.url === '/day/r1.csv.gz?key=1') response.end(gzipSync('timestamp_ms\n'));
    else if (request.url === '/broken.zip') response.writeHead(503).end();
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => server.close());

const address = (path: string): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;

test('an archive at an address lands like a local one, and is fetched once', async () => {
  const spoolFolder = join(folder.path(), 'spool');
  const source = address('archive.zip');
  const before = requests;
  expect(await sourceHash(source, { spoolFolder })).toBe(await sourceHash(archive));
  const manifest = await ingestInto(newLake(folder.path()), { source, options: { spoolFolder } });
  expect(manifest.rows).toBe(500);
  expect(requests).toBe(before + 1);
  await forgetDownload(source, spoolFolder);
  expect(await readdir(spoolFolder)).toEqual([]);
});

test('what others have left half done of an address is forgotten with it, what is under way is not', async () => {
  const spoolFolder = join(folder.path(), 'halves');
  const source = address('archive.zip');
  await sourceHash(source, { spoolFolder });
  const base = downloadPath(source, spoolFolder);
  const host = contentHash(hostname(), 8);
  // No process has so large an id; that of this one is at work.
  const [left, atWork] = [`${base}.part-${host}-4194305`, `${base}.part-${host}-${process.pid}`];
  for (const half of [left, atWork]) await mkdir(half);
  await writeFile(`${base}.part`, 'of the release before');
  await forgetDownload(source, spoolFolder);
  expect(await readdir(spoolFolder)).toEqual([basename(atWork)]);
});

test('a compressed file at an address has the name that the address gives it', async () => {
  const spoolFolder = join(folder.path(), 'one');
  const opened = await openSource(address('day/r1.csv.gz?key=1'), { spoolFolder });
  expect(opened.members).toMatchObject([{ name: 'r1.csv', bytes: 13 }]);
});

test('an archive above the limit is refused and leaves nothing behind', async () => {
  const spoolFolder = join(folder.path(), 'small');
  const opening = openSource(address('archive.zip'), {
    spoolFolder,
    limits: { downloadBytes: 100 },
  });
  await expect(opening).rejects.toMatchObject({ code: 'ARCHIVE_TOO_LARGE' });
  expect(await readdir(spoolFolder)).toEqual([]);
});

test.each([
  ['nothing.zip', 'SOURCE_NOT_FOUND', false],
  ['broken.zip', 'DOWNLOAD_FAILED', true],
])('%s fails with %s', async (path, code, retryable) => {
  const spoolFolder = join(folder.path(), 'failed');
  await expect(openSource(address(path), { spoolFolder })).rejects.toMatchObject({
    code,
    retryable,
  });
});

test('too many members are refused before any is read', async () => {
  await expect(openSource(archive, { limits: { members: 2 } })).rejects.toMatchObject({
    code: 'ARCHIVE_TOO_LARGE',
  });
});

test('members are read side by side, also while others are given up', async () => {
  const large = 'x'.repeat(3_000_000);
  const names = Array.from({ length: 12 }, (_, at) => `m${at}.csv`);
  const zip = await writeZip(folder.path(), Object.fromEntries(names.map((name) => [name, large])));
  const source = await openSource(zip, { extensions: ['.csv'] });
  const lengths = await Promise.all(
    names.map(async (name, at) => {
      const stream = await source.open(name);
      let length = 0;
      for await (const chunk of stream) {
        length += (chunk as Buffer).length;
        if (at % 3 === 0) break;
      }
      return length;
    }),
  );
  expect(lengths.filter((length) => length === large.length)).toHaveLength(8);
  await source.close();
});
