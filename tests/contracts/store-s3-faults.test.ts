/** The store on S3 when the service is busy, connections break and others write at the same time. */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createFileCatalog } from '../../lakehouse/catalogs/file';
import type { Store } from '../../lakehouse/ports';
import { createS3Store, type S3StoreOptions } from '../../lakehouse/stores/s3';
import { column } from '../../lakehouse/tables';
import type { FaultProxy } from '../support/fault-proxy';
import { SERVER_ERROR, SLOW_DOWN, startFaultProxy } from '../support/fault-proxy';
import { useS3 } from '../support/s3';

const PART_BYTES = 5 * 1024 * 1024;
const CONFLICT = { kind: 'answer', status: 409, code: 'ConditionalRequestConflict' } as const;

const s3 = useS3();
let proxy: FaultProxy;
let options: S3StoreOptions;
/** Through the proxy, and beside it. */
let store: Store;
let direct: Store;

beforeAll(async () => {
  proxy = await startFaultProxy(s3.aws().endpoint);
});
afterAll(() => proxy.close());
beforeEach(async () => {
  proxy.heal();
  const aws = { ...s3.aws().client, endpoint: proxy.endpoint };
  options = await s3.options({ aws, partBytes: PART_BYTES });
  store = createS3Store(options);
  direct = await s3.store({ prefix: options.prefix });
});

async function fileOf(content: Uint8Array): Promise<string> {
  const path = join(await s3.folder(), 'made');
  await writeFile(path, content);
  return path;
}

const partsSent = (): number => proxy.seen.filter((line) => /partNumber=/.test(line)).length;

test('a busy service and its errors are waited out', async () => {
  proxy.strike({ match: /^PUT/, fault: SLOW_DOWN, times: 2 });
  proxy.strike({ match: /^GET/, fault: SERVER_ERROR, times: 2 });
  await store.put('kept', 'content');
  expect((await store.get('kept')).toString()).toBe('content');
  expect(proxy.seen.filter((line) => line.startsWith('PUT'))).toHaveLength(3);
});

test('a service that stays busy is an error worth another try, after a bounded number', async () => {
  proxy.strike({ match: /^HEAD/, fault: SERVER_ERROR });
  await expect(store.has('any')).rejects.toMatchObject({
    code: 'AWS_UNAVAILABLE',
    retryable: true,
  });
  expect(proxy.seen.length).toBeLessThan(10);
});

test('what is not allowed is an error that names the right, and no other try is made', async () => {
  proxy.strike({ match: /^PUT/, fault: { kind: 'answer', status: 403, code: 'AccessDenied' } });
  await expect(store.put('kept', 'content')).rejects.toMatchObject({
    code: 'AWS_DENIED',
    retryable: false,
    message: expect.stringContaining(`s3:PutObject at s3://${options.bucket}/`) as string,
  });
  expect(proxy.seen).toHaveLength(1);
});

test('what somebody removes while old versions go stays removed', async () => {
  await direct.put('p/live', 'older');
  await direct.put('p/live', 'text');
  proxy.strike({
    match: /^POST .*[?&]delete/,
    fault: { kind: 'first', work: () => direct.remove('p/live') },
    times: 1,
  });
  await store.removeOldVersions('p/');
  expect(await direct.has('p/live')).toBe(false);
});

test('a bucket that is not there is said by its name', async () => {
  const other = createS3Store({ ...options, bucket: 'watchlake-nowhere' });
  const missing = { code: 'BUCKET_NOT_FOUND', context: { bucket: 'watchlake-nowhere' } };
  await expect(other.put('any', 'content')).rejects.toMatchObject(missing);
  await expect(other.get('any')).rejects.toMatchObject(missing);
});

test('an upload that broke off goes on with the parts that are there', async () => {
  const content = randomBytes(4 * PART_BYTES + 1000);
  const path = await fileOf(content);
  proxy.strike({
    match: /partNumber=3/,
    fault: { kind: 'cut-request', afterBytes: PART_BYTES / 2 },
  });
  await expect(store.adopt('large', path)).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  expect(await store.has('large')).toBe(false);
  expect((await readFile(path)).equals(content)).toBe(true);

  proxy.heal();
  // As another process would, after this one was killed.
  await createS3Store({ ...options, cacheFolder: await s3.folder() }).adopt('large', path);
  expect(partsSent()).toBeLessThanOrEqual(2);
  expect(proxy.seen.filter((line) => line.endsWith('?uploads='))).toEqual([]);
  expect((await direct.get('large')).equals(content)).toBe(true);
  expect(await direct.sweep(-1000)).toMatchObject({ objects: 0 });
});

test('an upload that broke off is not continued with another content', async () => {
  const path = await fileOf(randomBytes(2 * PART_BYTES));
  proxy.strike({ match: /partNumber=2/, fault: { kind: 'cut-request', afterBytes: 1000 } });
  await expect(store.adopt('large', path)).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  proxy.heal();
  const other = randomBytes(3 * PART_BYTES);
  await store.adopt('large', await fileOf(other));
  expect((await direct.get('large')).equals(other)).toBe(true);
});

test('parts of uploads that nobody completes are swept away', async () => {
  const path = await fileOf(randomBytes(2 * PART_BYTES));
  proxy.strike({ match: /partNumber=2/, fault: { kind: 'cut-request', afterBytes: 1000 } });
  await expect(store.adopt('large', path)).rejects.toMatchObject({ code: 'AWS_UNAVAILABLE' });
  expect(await direct.sweep(60_000)).toEqual({ objects: 1, bytes: PART_BYTES });
  expect(await direct.sweep(60_000)).toEqual({ objects: 0, bytes: 0 });
});

test('an upload whose last answer is lost has succeeded', async () => {
  const content = randomBytes(2 * PART_BYTES);
  proxy.strike({ match: /^POST .*uploadId=/, fault: { kind: 'lose-answer' }, times: 1 });
  await store.adopt('large', await fileOf(content));
  expect(partsSent()).toBe(2);
  expect((await direct.get('large')).equals(content)).toBe(true);
});

test('a first writer whose answer is lost knows that it was the first', async () => {
  proxy.strike({ match: /^PUT/, fault: { kind: 'lose-answer' }, times: 1 });
  await store.put('claim', 'mine', { ifAbsent: true });
  await expect(direct.put('claim', 'other', { ifAbsent: true })).rejects.toMatchObject({
    code: 'OBJECT_EXISTS',
  });
  expect((await direct.get('claim')).toString()).toBe('mine');
});

test('writers between whom S3 does not decide try again', async () => {
  proxy.strike({ match: /^PUT/, fault: CONFLICT, times: 2 });
  await store.put('claim', 'mine', { ifAbsent: true });
  expect((await direct.get('claim')).toString()).toBe('mine');
});

test('large streams: the first writer wins here as well, and nothing is left of the other', async () => {
  async function* pieces(letter: string) {
    for (let piece = 0; piece < 12; piece += 1) yield Buffer.alloc(1024 * 1024, letter);
  }
  const results = await Promise.allSettled(
    ['a', 'b', 'c'].map((letter) => store.put('large', pieces(letter), { ifAbsent: true })),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const result of results) {
    if (result.status === 'rejected')
      expect(result.reason).toMatchObject({ code: 'OBJECT_EXISTS' });
  }
  expect(new Set(await direct.get('large')).size).toBe(1);
  expect(await direct.sweep(-1000)).toEqual({ objects: 0, bytes: 0 });
});

test('a download whose connection breaks goes on where it stopped', async () => {
  const content = randomBytes(20 * 1024 * 1024);
  await direct.adopt('large', await fileOf(content));
  const cut = { kind: 'cut-answer', afterBytes: 700_000 } as const;
  proxy.strike({ match: /^GET .*large/, fault: cut, times: 3 });
  expect((await readFile(await store.localPath('large'))).equals(content)).toBe(true);
  proxy.strike({ match: /^GET .*large/, fault: cut, times: 2 });
  expect((await buffer(await store.stream('large'))).equals(content)).toBe(true);
});

test('an object that is replaced between two requests is read whole, the newer one', async () => {
  await direct.put('rows', 'older');
  const work = () => direct.put('rows', 'newer');
  proxy.strike({ match: /^GET .*rows/, fault: { kind: 'first', work }, times: 1 });
  expect(await readFile(await store.localPath('rows'), 'utf8')).toBe('newer');
});

test('of publishers whose answers are lost exactly one wins, and knows it', async () => {
  proxy.strike({ match: /^PUT .*catalog/, fault: { kind: 'lose-answer' }, times: 3 });
  const publishers = Array.from({ length: 5 }, (_, index) => `s${index}`);
  const publish = (snapshotId: string) =>
    createFileCatalog({ store: createS3Store(options) }).publish(
      {
        dataset: 'watch',
        table: 'windows',
        zone: 'curated',
        snapshotId,
        prefix: `curated/watch/windows/${snapshotId}/`,
        columns: [column('window_id', 'string', 'Window')],
        publishedAt: '2024-01-01T00:00:00.000Z',
      },
      0,
    );
  const results = await Promise.allSettled(publishers.map(publish));
  const winners = results.filter((result) => result.status === 'fulfilled');
  expect(winners).toHaveLength(1);
  const of = { dataset: 'watch', table: 'windows' };
  expect(await createFileCatalog({ store: direct }).pointer(of)).toEqual(winners[0]?.value);
});
