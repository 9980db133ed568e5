/** What another user can reach: every folder on the way counts. */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canReach } from '../../../stack/system-user';

const stranger = { name: 'stranger', uid: 54_321, gid: 54_321 };
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-reach-'));
  await mkdir(join(folder, 'inner'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a closed folder on the way closes what is below', async () => {
  await chmod(folder, 0o755);
  expect(await canReach(stranger, join(folder, 'inner', 'not yet there'))).toBe(true);
  await chmod(folder, 0o700);
  expect(await canReach(stranger, join(folder, 'inner'))).toBe(false);
});

test("the owner's permissions count for the owner", async () => {
  const owner = { name: 'me', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  await chmod(folder, 0o700);
  expect(await canReach(owner, folder)).toBe(true);
});
