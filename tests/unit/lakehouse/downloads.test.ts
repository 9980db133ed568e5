/** Downloads go on where they broke off, and never mix two versions of a file. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DownloadOptions } from '../../../lakehouse/sources/download';
import { download } from '../../../lakehouse/sources/download';
import type { RangeServer } from '../../support/range-server';
import { startRangeServer } from '../../support/range-server';
import { temporaryFolder } from '../../support/recordings';

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
  const path = await download(server.address, { ...options, onNote: (note) => notes.push(note) });
  return { content: await readFile(path), notes, left: await readdir(options.folder) };
}

/** Half a download in the spool, as a killed process leaves it. */
async function halfFetched(bytes = 100_000): Promise<string> {
  const spool = await newSpool();
  server.breaksAfter = bytes;
  const controller = new AbortController();
  const halted = download(server.address, {
    ...{ limit: 1e9, folder: spool, signal: controller.signal },
    onProgress: ({ bytes: done }) => done >= bytes && controller.abort(new Error('killed')),
  });
  await expect(halted).rejects.toThrow();
  server.breaksAfter = Infinity;
  server.asked.length = 0;
  return spool;
}

test('a connection that breaks is gone on with, byte for byte', async () => {
  server.breaksAfter = 120_000;
  const { content, notes, left } = await fetched();
  expect(content.equals(CONTENT)).toBe(true);
  expect(server.asked).toEqual([null, 'bytes=120000-', 'bytes=240000-']);
  expect(notes).toEqual([]);
  expect(left).toHaveLength(1);
}, 20_000);

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
  const spool = await newSpool();
  const path = await download(server.address, { limit: 1e9, folder: spool });
  await rename(path, `${path}.part`);
  const etag = `"${createHash('sha256').update(CONTENT).digest('hex').slice(0, 12)}"`;
  await writeFile(`${path}.part.json`, JSON.stringify({ etag }));
  server.asked.length = 0;
  const { content, left } = await fetched({ folder: spool });
  expect(content.equals(CONTENT)).toBe(true);
  expect(server.asked).toEqual(['bytes=300000-']);
  expect(left).toHaveLength(1);
});

test('many who ask at a time share one download', async () => {
  const spool = await newSpool();
  const options = { limit: 1e9, folder: spool };
  const paths = await Promise.all([1, 2, 3].map(() => download(server.address, options)));
  expect(new Set(paths).size).toBe(1);
  expect(server.asked).toEqual([null]);
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
