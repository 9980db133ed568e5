/** `devices profiles import` from the command line. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Services } from '../../../cli/services';
import { run } from './fake-surroundings';

const COUNTS = { profiles: 1, added: 0, changed: 0, unchanged: 0, withdrawn: 0, dates: 3 };

async function imported(moved: number, flags = ['--move-devices']) {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-profiles-'));
  try {
    const file = join(folder, 'profiles.json');
    await writeFile(file, '[{"user_id":"bob","device_id":"watch-1"}]');
    const kind = moved > 0 ? ('moved' as const) : ('changed' as const);
    const changes = [{ deviceId: 'watch-1', kind, fields: ['user_id'] }];
    const profiles = { importProfiles: async () => ({ ...COUNTS, moved, changes }) };
    const openDeviceProfiles = async () => ({ profiles, close: async () => undefined });
    const services = { openDeviceProfiles } as unknown as Partial<Services>;
    return await run(['devices', 'profiles', 'import', file, ...flags], { services });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a device that goes to somebody else keeps its token, which is told', async () => {
  const { stdout } = await imported(1);
  expect(stdout).toMatch(/passed to another person +1\n/);
  expect(stdout).toContain('stays valid: `npx watchlake devices token rotate <device>`');
});

test('nothing is told of tokens where no device goes', async () => {
  expect((await imported(0)).stdout).not.toContain('token');
});

test('a dry run tells that the import would be refused', async () => {
  const refused = 'Without --move-devices nothing of it is imported';
  expect((await imported(1, ['--dry-run'])).stdout).toContain(refused);
  expect((await imported(0, ['--dry-run'])).stdout).not.toContain(refused);
  expect((await imported(1, ['--dry-run', '--move-devices'])).stdout).not.toContain(refused);
});
