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
import { landingFacts } from '../../../lakehouse/landing/descriptor';
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
    if (/^\/archive.zip(\?|$)/.test(request.url ?? '')) createReadStream(archive).pipe(response);
    else if (request.url === '/day/r1.csv.gz?key=1') response.end(gzipSync('timestamp_ms\n'));
    else if (request.url === '/broken.zip') response.writeHead(503).end();
    else if (request.url === '/busy.zip') response.writeHead(429).end();
    else if (request.url === '/closed.zip') response.writeHead(403).end();
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
  // No process has so large an id; this one fetches nothing; the one that started it is there.
  const halfOf = (pid: number): string => `${base}.part-${host}-${pid}`;
  const atWork = halfOf(process.ppid);
  for (const half of [halfOf(4_194_305), halfOf(process.pid), atWork]) await mkdir(half);
  await writeFile(`${base}.part`, 'of the release before');
  await forgetDownload(source, spoolFolder);
  expect(await readdir(spoolFolder)).toEqual([basename(atWork)]);
});

test('an address with a password is refused before anybody is asked, and the password is not repeated', async () => {
  const before = requests;
  const source = address('archive.zip').replace('//', '//ann:hush@');
  const refused = await sourceHash(source).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'INPUT_INVALID', retryable: false });
  expect(String(refused)).not.toContain('hush');
  expect(requests).toBe(before);
});

test('what an address asks its server for is in no message, and in nothing that is published', async () => {
  const spoolFolder = join(folder.path(), 'asked');
  const source = address('archive.zip?key=hush');
  const lake = newLake(folder.path());
  const manifest = await ingestInto(lake, { source, options: { spoolFolder } });
  expect(landingFacts(manifest).ingests).toMatchObject([{ source: 'archive.zip' }]);
  expect(JSON.stringify(manifest)).not.toContain('hush');
  const limits = { downloadBytes: 1 };
  for (const [path, options] of [
    ['nothing.zip?key=hush', {}],
    ['archive.zip?key=hush&other', { limits }],
    ['day/r1.csv.gz?key=1', { known: { stamp: 'hush', contentHash: 'hush', members: [] } }],
  ] as const) {
    const failed = await openSource(address(path), { ...options, spoolFolder }).catch(String);
    expect(failed).toContain(path.replace(/\?.*/, ''));
    expect(failed).not.toMatch(/hush|key=/);
  }
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
  ['busy.zip', 'DOWNLOAD_FAILED', true],
  // Whoever is refused is refused again: nobody asks for a day.
  ['closed.zip', 'SOURCE_REFUSED', false],
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
