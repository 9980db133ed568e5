/** A copy of a home that runs is another home, in which nothing runs; a home that was moved is still the same. */
import { cp, mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireLock, type Release } from '../../../stack/lock';
import { claimHome, readState, supervisorOf, writeState } from '../../../workers/state';
import { UP } from '../cli/fake-surroundings';

let folder: string;
let home: string;
let release: Release;

/** This very process stands for the supervisor. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-copied-'));
  home = join(folder, 'home');
  release = await claimHome(home);
  await writeState(home, { ...UP, pid: process.pid });
});
afterEach(() => rm(folder, { recursive: true }));

test('what runs in the one is not asked, joined or stopped by commands for the other', async () => {
  const copy = join(folder, 'copy');
  await cp(home, copy, { recursive: true });
  expect([await supervisorOf(copy), await readState(copy)]).toEqual([null, null]);
  const releaseCopy = await claimHome(copy);
  await releaseCopy();
  expect([await supervisorOf(home), await readState(home)]).toEqual([
    process.pid,
    expect.objectContaining({ pid: process.pid }),
  ]);
  await release();
});

test('a home that is reached through a link, or was moved while it ran, still has its supervisor', async () => {
  const link = join(folder, 'link');
  await symlink(home, link);
  expect(await supervisorOf(link)).toBe(process.pid);
  expect(await readState(link)).toMatchObject({ pid: process.pid });
  const moved = join(folder, 'moved');
  await rename(home, moved);
  // Its files are still in use.
  expect(await supervisorOf(moved)).toBe(process.pid);
  expect(await readState(moved)).toMatchObject({ pid: process.pid });
  await expect(acquireLock(join(moved, 'supervisor.lock'), { waitMs: 0 })).rejects.toMatchObject({
    code: 'STACK_BUSY',
  });
});
