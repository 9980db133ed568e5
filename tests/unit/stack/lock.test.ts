/** The lock file: one holder at a time, and a dead holder's lock is taken over. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { acquireLock, withLock } from '../../../stack/lock';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

test('keeps a second holder out and names the first', async () => {
  const release = await acquireLock(path, { waitMs: 0 });
  const second = acquireLock(path, { waitMs: 0 });
  await expect(second).rejects.toMatchObject({
    code: 'STACK_BUSY',
    context: { holder: process.pid },
  });
  await release();
  await (
    await acquireLock(path, { waitMs: 0 })
  )();
  expect(await readdir(folder)).toEqual([]);
});

test('a holder whose folder was deleted leaves the lock of the one that came after alone', async () => {
  const release = await acquireLock(path, { waitMs: 0 });
  await rm(path);
  const releaseNext = await acquireLock(path, { waitMs: 0 });
  await release();
  await expect(acquireLock(path, { waitMs: 0 })).rejects.toMatchObject({ code: 'STACK_BUSY' });
  await releaseNext();
  expect(await readdir(folder)).toEqual([]);
});

test('waits for a live holder and says for whom', async () => {
  const release = await acquireLock(path, { waitMs: 0 });
  let onWait = jest.fn();
  const waits = new Promise((resolve) => (onWait = jest.fn(resolve)));
  const second = acquireLock(path, { waitMs: 30_000, onWait });
  await waits;
  await release();
  await (
    await second
  )();
  expect(onWait).toHaveBeenCalledTimes(1);
  expect(onWait).toHaveBeenCalledWith(process.pid);
});

test.each([
  ['of a process that has ended', JSON.stringify({ pid: 2 ** 22 + 1, identity: 'x' })],
  [
    'of an earlier process with our id',
    JSON.stringify({ pid: process.pid, identity: 'another boot/1' }),
  ],
  ['that is not readable', '{"pid":'],
  ['that is empty', ''],
])('takes over a lock %s', async (_name, content) => {
  await writeFile(path, content);
  const release = await acquireLock(path, { waitMs: 1_000 });
  await release();
  expect(await readdir(folder)).toEqual([]);
});

test('lets many contenders in one after the other, over a stale lock', async () => {
  await writeFile(path, '');
  let inside = 0;
  let most = 0;
  const contender = (): Promise<void> =>
    withLock(path, { waitMs: 20_000 }, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(2);
      inside -= 1;
    });
  await Promise.all(Array.from({ length: 10 }, contender));
  expect(most).toBe(1);
});
