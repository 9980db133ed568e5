/** The cache of downloads: complete or absent, filled once, repaired when damaged. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cachedFolder, entryFolder, verifySha256, type CacheEntry } from '../../../stack/cache';
import type { StackProgress } from '../../../stack/progress';

const SHA256_OF_CONTENT = 'ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73';

let cache: string;
let fills: number;

beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'watchlake-cache-'));
  fills = 0;
});
afterEach(() => rm(cache, { recursive: true }));

const entry = (changes: Partial<CacheEntry> = {}): CacheEntry => ({
  cache,
  name: 'tool',
  version: '1.0',
  sha256: SHA256_OF_CONTENT,
  async fill(folder) {
    fills += 1;
    await writeFile(join(folder, 'tool'), 'content');
    await verifySha256(join(folder, 'tool'), SHA256_OF_CONTENT, 'tool');
  },
  ...changes,
});

test('fills an absent entry and finds it again', async () => {
  const folder = await cachedFolder(entry());
  expect(await readFile(join(folder, 'tool'), 'utf8')).toBe('content');
  expect(await cachedFolder(entry())).toBe(folder);
  expect(fills).toBe(1);
});

test('gives another content another folder', async () => {
  const other = await cachedFolder(entry({ sha256: 'f'.repeat(64) }));
  expect(other).not.toBe(await cachedFolder(entry()));
  expect(fills).toBe(2);
});

test.each(['tampered', ''])('fills again when a file was changed to «%s»', async (content) => {
  const folder = await cachedFolder(entry());
  await writeFile(join(folder, 'tool'), content);
  const told: StackProgress[] = [];
  const onProgress = (progress: StackProgress) => told.push(progress);
  await cachedFolder(entry({ component: 'a tool', onProgress }));
  expect(await readFile(join(folder, 'tool'), 'utf8')).toBe('content');
  expect(fills).toBe(2);
  expect(told[0]?.message).toContain('damaged');
  expect(told[0]?.component).toBe('a tool');
});

test('fills again when a file was removed', async () => {
  const folder = await cachedFolder(entry());
  await rm(join(folder, 'tool'));
  await cachedFolder(entry());
  expect(await readdir(folder)).toContain('tool');
});

test('leaves nothing behind when the content is not the one asked for', async () => {
  const wrong = entry({
    async fill(folder) {
      await writeFile(join(folder, 'tool'), 'something else');
      await verifySha256(join(folder, 'tool'), SHA256_OF_CONTENT, 'tool');
    },
  });
  await expect(cachedFolder(wrong)).rejects.toMatchObject({ code: 'CHECKSUM_MISMATCH' });
  expect(await readdir(cache)).toEqual([]);
});

test('is filled once when several ask at the same time', async () => {
  const folders = await Promise.all(Array.from({ length: 5 }, () => cachedFolder(entry())));
  expect(new Set(folders).size).toBe(1);
  expect(fills).toBe(1);
});

test('removes what a killed download left', async () => {
  const left = `${entryFolder(entry())}.partial-1-abc`;
  await mkdir(left, { recursive: true });
  await writeFile(join(left, 'half'), '');
  await cachedFolder(entry());
  expect(await readdir(cache)).toHaveLength(1);
});
