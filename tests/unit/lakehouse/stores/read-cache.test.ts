/** Local copies of objects: bounded, kept while somebody reads them, fetched once. */
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReadCache } from '../../../../lakehouse/stores/s3/read-cache';
import { scratchFolder } from '../../../../lakehouse/stores/scratch';

const BYTES = 100;
const HOUR_MS = 60 * 60_000;

let root: string;
let fetched: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'watchlake-cache-'));
  fetched = [];
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = (maximumBytes = 10 * BYTES) =>
  createReadCache({
    folder: join(root, 'objects'),
    maximumBytes,
    partial: () => scratchFolder(join(root, 'scratch')),
    async fetch({ key, bytes }, target) {
      fetched.push(key);
      await writeFile(target, key.padEnd(bytes));
    },
  });

const version = (key: string, etag = '"1"') => ({ key, etag, bytes: BYTES });

async function age(path: string, ms = HOUR_MS): Promise<void> {
  const then = new Date(Date.now() - ms);
  await utimes(path, then, then);
}

const present = async (): Promise<string[]> => {
  const found = await readdir(join(root, 'objects'), { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile())
    .map(({ parentPath }) => parentPath.slice(join(root, 'objects').length + 1))
    .sort();
};

test('an object is fetched once, and again when its content is another', async () => {
  const cache = open();
  const paths = await Promise.all([1, 2, 3].map(() => cache.pathOf(version('data/a.parquet'))));
  expect(new Set(paths).size).toBe(1);
  expect((await readFile(paths[0] as string, 'utf8')).trim()).toBe('data/a.parquet');
  expect(await open().pathOf(version('data/a.parquet'))).toBe(paths[0]);
  expect(fetched).toHaveLength(1);
  expect(await cache.pathOf(version('data/a.parquet', '"2"'))).not.toBe(paths[0]);
  expect(fetched).toHaveLength(2);
});

test('above the limit the least recently used copies go', async () => {
  const cache = open(3 * BYTES);
  for (const [index, key] of ['a', 'b', 'c'].entries()) {
    await age(await cache.pathOf(version(key)), HOUR_MS * (3 - index));
  }
  await cache.pathOf(version('a'));
  await cache.pathOf(version('d'));
  expect(await present()).toEqual(['a', 'c', 'd']);
});

test('a copy that somebody holds or has just been given stays, even above the limit', async () => {
  const cache = open(2 * BYTES);
  const work = join(root, 'work');
  await mkdir(work);
  const held = await cache.pathOf(version('held.parquet'), work);
  await cache.pathOf(version('just'));
  await age(join(root, 'objects', 'held.parquet', '1.parquet'));
  await cache.pathOf(version('another'));
  expect(await present()).toEqual(['another', 'held.parquet', 'just']);
  expect((await readFile(held, 'utf8')).trim()).toBe('held.parquet');

  await rm(work, { recursive: true });
  await cache.pathOf(version('one-more'));
  expect(await present()).not.toContain('held.parquet');
});

test('a fetch that fails leaves nothing, and the next one is a new try', async () => {
  let fails = true;
  const cache = createReadCache({
    folder: join(root, 'objects'),
    maximumBytes: BYTES,
    partial: () => scratchFolder(join(root, 'scratch')),
    async fetch(_, target) {
      await writeFile(target, 'half');
      if (fails) throw new Error('the connection broke');
    },
  });
  await expect(cache.pathOf(version('a'))).rejects.toThrow('the connection broke');
  expect(await readdir(join(root, 'scratch'))).toEqual([]);
  fails = false;
  expect(await readFile(await cache.pathOf(version('a')), 'utf8')).toBe('half');
});

test('copies of removed objects are dropped, those beside them are not', async () => {
  const cache = open();
  for (const key of ['a', 'a/b', 'c']) await cache.pathOf(version(key));
  await cache.dropOne('a');
  expect(await present()).toEqual(['a/b', 'c']);
  await cache.drop(async (keys) => new Set(keys.filter((key) => key.startsWith('a/'))));
  expect(await present()).toEqual(['c']);
});
