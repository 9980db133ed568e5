/** Downloads go on where they broke off, and never mix two versions of a file. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DownloadOptions } from '../../../lakehouse/sources/download';
import { download } from '../../../lakehouse/sources/download';
import { ownHalf } from '../../../lakehouse/sources/halves';
import { openSource } from '../../../lakehouse/sources/open-source';
import { downloadPath, sweepDownloads } from '../../../lakehouse/sources/spool';
import type { RangeServer } from '../../support/range-server';
import { startRangeServer } from '../../support/range-server';
import { archiveFiles, temporaryFolder, writeZip } from '../../support/recordings';
import { remainingOfThree } from '../../support/shared-download';

const folder = temporaryFolder();
const CONTENT = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 7) % 251));
let server: RangeServer;

beforeEach(async () => {
  server = await startRangeServer(CONTENT);
});
afterEach(() => server.close());

const newSpool = (): Promise<string> => mkdtemp(join(folder.path(), 'spool-'));

async function fetched(given: Partial<DownloadOptions> = {}) {
  const notes: string[] = [];
  const options = { limit: 1e9, folder: await newSpool(), ...given };
  const onNote = (note: string): void => void notes.push(note);
  const { path } = await download(server.address, { ...options, onNote });
  return { path, content: await readFile(path), notes, left: await readdir(options.folder) };
}

/** Half a download in the spool, as a killed process leaves it. */
async function halfFetched(): Promise<string> {
  const bytes = 100_000;
  const spool = await newSpool();
  server.holdsAfter = bytes;
  const controller = new AbortController();
  const halted = download(server.address, {
    ...{ limit: 1e9, folder: spool, signal: controller.signal },
    onProgress: ({ bytes: done }) => done >= bytes && controller.abort(new Error('killed')),
  });
  await expect(halted).rejects.toThrow();
  server.letGo();
  server.asked.length = 0;
  return spool;
}

async function wholeButForItsName(): Promise<string> {
  const spool = await newSpool();
  const { path } = await download(server.address, { limit: 1e9, folder: spool });
  const half = await ownHalf(downloadPath(server.address, spool));
  await mkdir(half.folder);
  await rename(path, half.path);
  await rename(`${path}.json`, half.facts);
  server.asked.length = 0;
  return spool;
}

test('a connection that breaks is gone on with, byte for byte', async () => {
  server.holdsAfter = 120_000;
  // When the client has it all: what it has not read yet when the connection breaks, it loses.
  const onProgress = ({ bytes }: { bytes: number }) => {
    if (bytes === 120_000 || bytes === 240_000) server.breakOff();
  };
  const { content, notes, left } = await fetched({ onProgress });
  expect(content.equals(CONTENT)).toBe(true);
  expect(server.asked).toEqual([null, 'bytes=120000-', 'bytes=240000-']);
  expect(notes).toEqual([]);
  // The file, and the name of its version.
  expect(left).toHaveLength(2);
});

test.each(['etag', 'last-modified'] as const)(
  'another process goes on with what a killed one has left, by %s',
  async (names) => {
    server.names = names;
    const spool = await halfFetched();
    const { content, notes } = await fetched({ folder: spool });
    expect(content.equals(CONTENT)).toBe(true);
    expect(server.asked).toEqual(['bytes=100000-']);
    expect(notes).toEqual([]);
  },
);

test('a file that has changed meanwhile is fetched anew, with a note', async () => {
  const spool = await halfFetched();
  server.content = Buffer.from('another file altogether');
  const { content, notes } = await fetched({ folder: spool });
  expect(content.toString()).toBe('another file altogether');
  expect(notes.join()).toContain('starts over');
});

const OTHER = Buffer.alloc(CONTENT.length, 'other');

test.each<[string, () => Promise<string>, (of: RangeServer) => void]>([
  ['the server names', halfFetched, (of) => (of.content = OTHER)],
  [
    'has another length',
    halfFetched,
    (of) => {
      of.content = OTHER.subarray(1);
      of.names = 'nothing';
    },
  ],
  ['has nothing more', wholeButForItsName, (of) => (of.content = OTHER)],
])(
  'the range of another version that %s is not taken for one of this',
  async (_what, begun, change) => {
    const spool = await begun();
    server.ignoresIfRange = true;
    change(server);
    const { content, notes } = await fetched({ folder: spool });
    expect(content.equals(server.content)).toBe(true);
    expect(notes.join()).toContain('starts over');
    expect(server.asked).toEqual([expect.stringContaining('bytes='), null]);
  },
);

test.each([
  ['knows no ranges', (of: RangeServer) => (of.knowsRanges = false)],
  ['names no version', (of: RangeServer) => (of.names = 'nothing')],
  ['promises the same meaning only', (of: RangeServer) => (of.names = 'weak-etag')],
])('a server that %s is asked for the whole again, with a note', async (_what, change) => {
  change(server);
  const spool = await halfFetched();
  const { content, notes } = await fetched({ folder: spool });
  expect(content.equals(CONTENT)).toBe(true);
  expect(notes.join()).toContain('starts over');
});

test('a download that was whole but for its name is not fetched again', async () => {
  const spool = await wholeButForItsName();
  const { content, left } = await fetched({ folder: spool });
  expect(content.equals(CONTENT)).toBe(true);
  expect(server.asked).toEqual(['bytes=300000-']);
  expect(left).toHaveLength(2);
});

test('many who ask at a time share one download', async () => {
  const spool = await newSpool();
  const options = { limit: 1e9, folder: spool };
  const all = await Promise.all([1, 2, 3].map(() => download(server.address, options)));
  expect(new Set(all.map(({ path }) => path)).size).toBe(1);
  expect(server.asked).toEqual([null]);
});

test('one who is cancelled leaves at once, and the download goes on for the other', async () => {
  const spool = await newSpool();
  const second = await remainingOfThree(server, (signal) =>
    download(server.address, { limit: 1e9, folder: spool, signal }),
  );
  expect(CONTENT.equals(await readFile(second?.path))).toBe(true);
});

test('what is above the limit is not kept', async () => {
  const spool = await newSpool();
  await expect(download(server.address, { limit: 1000, folder: spool })).rejects.toMatchObject({
    code: 'ARCHIVE_TOO_LARGE',
  });
  expect(await readdir(spool)).toEqual([]);
});

test('what the server says no to is said, and tried again only where that may help', async () => {
  server.status = 404;
  await expect(fetched()).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  expect(server.asked).toHaveLength(1);
});

test.each(['etag', 'last-modified'] as const)(
  'what is there is asked about by %s, and fetched anew only when it has changed',
  async (names) => {
    server.names = names;
    const spool = await newSpool();
    const first = await fetched({ folder: spool });
    expect((await fetched({ folder: spool })).path).toBe(first.path);
    expect(server.asked).toHaveLength(2);
    server.content = Buffer.concat([Buffer.from('changed'), CONTENT]);
    const changed = await fetched({ folder: spool });
    expect(changed.content.equals(server.content)).toBe(true);
    // Whoever still reads the one before is left alone.
    expect((await readFile(first.path)).equals(CONTENT)).toBe(true);
  },
);

test('what is opened again is not swept away, what nobody has opened since is', async () => {
  const spool = await newSpool();
  await fetched({ folder: spool });
  await sleep(50);
  const openedMs = Date.now();
  await sleep(50);
  const { left } = await fetched({ folder: spool });
  await sweepDownloads(openedMs, spool);
  expect(await readdir(spool)).toEqual(left);
  await sweepDownloads(Date.now() + 1000, spool);
  expect(await readdir(spool)).toEqual([]);
});

test('what another process is fetching is left to it, and what a dead one has left is gone on with', async () => {
  server.knowsRanges = false;
  const spool = await newSpool();
  const base = downloadPath(server.address, spool);
  const own = (await ownHalf(base)).folder;
  const halfOf = (pid: number): string => own.replace(/\d+$/, String(pid));
  await mkdir(halfOf(process.ppid));
  await writeFile(`${halfOf(process.ppid)}/body`, 'half of it');
  const { content, notes } = await fetched({ folder: spool });
  expect(content.equals(CONTENT)).toBe(true);
  expect(notes).toEqual([]);
  expect(await readFile(`${halfOf(process.ppid)}/body`, 'utf8')).toBe('half of it');
  const { pid: dead = 0 } = spawnSync(process.execPath, ['--version']);
  await mkdir(halfOf(dead));
  expect((await ownHalf(base)).folder).toBe(own);
  await expect(readdir(halfOf(dead))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a spoilt archive is not kept: the corrected one is fetched by the next attempt', async () => {
  const spoolFolder = await newSpool();
  const zip = await readFile(await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }])));
  server.content = zip.subarray(0, zip.length - 30);
  await expect(openSource(server.address, { spoolFolder })).rejects.toMatchObject({
    code: 'ARCHIVE_CORRUPT',
  });
  expect(await readdir(spoolFolder)).toEqual([]);
  server.content = zip;
  const opened = await openSource(server.address, { spoolFolder });
  expect(opened.members.length).toBeGreaterThan(0);
  await opened.close();
});

test('every worker knows an archive again by its version, and asks nobody for one that it has', async () => {
  server.content = await readFile(
    await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }])),
  );
  const spools = [await newSpool(), await newSpool()];
  const [one, two] = await Promise.all(
    spools.map((spoolFolder) => openSource(server.address, { spoolFolder })),
  );
  expect(two?.stamp).toBe(one?.stamp);
  const known = { stamp: one?.stamp ?? '', contentHash: one?.contentHash ?? '', members: [] };
  server.content = Buffer.from('something else');
  server.asked.length = 0;
  const again = await openSource(server.address, { spoolFolder: spools[1], known });
  expect(again.contentHash).toBe(one?.contentHash);
  expect(server.asked).toEqual([]);
  for (const each of [one, two, again]) await each?.close();
});

test('what is too large is not read, and its connection is ended', async () => {
  let isCutOff: Promise<unknown> | undefined;
  const large = createServer((_request, response) => {
    isCutOff = once(response, 'close');
    response.writeHead(200, { 'content-length': '1000000000' });
    response.write('x'.repeat(100_000));
  });
  await once(large.listen(0, '127.0.0.1'), 'listening');
  const address = `http://127.0.0.1:${(large.address() as AddressInfo).port}/large.zip`;
  await expect(download(address, { limit: 1000, folder: await newSpool() })).rejects.toMatchObject({
    code: 'ARCHIVE_TOO_LARGE',
  });
  await isCutOff;
  await new Promise((resolve) => large.close(resolve));
});
