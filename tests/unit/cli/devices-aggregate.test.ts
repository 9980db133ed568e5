/** `watchlake devices land`, `aggregate` and `profiles`: what they start, and what they answer. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { UserProfile } from '../../../telemetry/profile';
import type { DeviceProfiles } from '../../../workers/devices';
import {
  fakeClient,
  fakeContext,
  onlyObject,
  run,
  type FakeTemporal,
  type RunCall,
} from './fake-surroundings';

async function runAgainst(words: string[], fake: FakeTemporal) {
  const calls: RunCall[] = [];
  const client = fakeClient(fake, calls);
  const services = { connect: async () => fakeContext({ client }) };
  return { calls, ...(await run(words, { services })) };
}

const LANDED = {
  ...{ dataset: 'devices', snapshotId: 'abc', tableRows: 1_234, lag: 7, landings: 1 },
  ...{ messages: 110, rows: 100, duplicates: 6, withdrawn: 0, late: 2, skippedOffsets: 0 },
  rejected: { 'not-json': 4 },
};

const AGGREGATED = {
  ...{ dataset: 'devices', grain: 'week', periods: 2, people: 40, written: 30, deleted: 0 },
  ...{ notKept: 0, filesRead: 9, rowsRead: 8_000, unassigned: 5, detached: [], hasEvents: true },
};

test('devices land says what became of every message', async () => {
  const { exitCode, stdout, calls } = await runAgainst(['devices', 'land'], { result: LANDED });
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /messages +110\n +new events +100\n +duplicates +6\n +rejected +not-json 4/,
  );
  expect(stdout).toMatch(
    /late +2, dated more than 1 day before what had come already, of any device\n/,
  );
  expect(stdout).toContain('next: npx watchlake devices aggregate --grain day');
  expect(calls).toEqual([
    { workflow: 'landDeviceEvents', workflowId: 'devices/land', input: { dataset: 'devices' } },
  ]);
});

test('devices land says by how many days events were late', async () => {
  const late = await runAgainst(['devices', 'land', '--late-days', '3'], { result: LANDED });
  expect(late.stdout).toMatch(/late +2, dated more than 3 days before/);
  const none = await runAgainst(['devices', 'land'], { result: { ...LANDED, late: 0 } });
  expect(none.stdout).toMatch(/late +0\n/);
});

test('devices land --json answers with the counts', async () => {
  const words = ['devices', 'land', '--maximum-events', '5000', '--late-days', '2', '--json'];
  const { stdout, calls } = await runAgainst(words, { result: LANDED });
  expect(onlyObject(stdout)).toMatchObject({ ok: true, messages: 110, lag: 7 });
  expect(calls[0]?.input).toEqual({ dataset: 'devices', maximumEvents: 5_000, lateDays: 2 });
});

test('devices aggregate takes what is due, or a range, each under its id', async () => {
  const due = await runAgainst(['devices', 'aggregate', '--grain', 'week'], { result: AGGREGATED });
  expect(due.calls).toEqual([
    {
      workflow: 'aggregateDevices',
      workflowId: 'devices/week/due',
      input: { dataset: 'devices', grain: 'week' },
    },
  ]);
  expect(due.stdout).toContain('devices.weekly_aggregates');
  expect(due.stdout).toContain('profiles import');
  const range = ['--from', '2026-03-01', '--to', '2026-03-31'];
  const words = ['devices', 'aggregate', '--grain', 'day', ...range, '--json'];
  const { calls } = await runAgainst(words, { result: AGGREGATED });
  expect(calls[0]).toMatchObject({
    workflowId: 'devices/day/2026-03-01..2026-03-31',
    input: { from: '2026-03-01', to: '2026-03-31' },
  });
});

test('devices aggregate says where events come from while there are none', async () => {
  const none = { ...AGGREGATED, periods: 0, people: 0, unassigned: 0, hasEvents: false };
  const words = ['devices', 'aggregate', '--grain', 'day', '--home', '/tmp/a'];
  const { exitCode, stdout } = await runAgainst(words, { result: none });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('There are no events of devices yet');
  expect(stdout).not.toContain('Nothing has changed');
  expect(stdout).toMatch(/landing +npx watchlake devices land --home \/tmp\/a\n/);
});

test('devices aggregate tells what has not changed from a range that holds nothing', async () => {
  const nothing = { ...AGGREGATED, periods: 0, filesRead: 1, notKept: 1 };
  const due = await runAgainst(['devices', 'aggregate', '--grain', 'week'], { result: nothing });
  expect(due.stdout).toContain('Nothing has changed');
  expect(due.stdout).toMatch(/events read +8,000 in 1 file\n/);
  expect(due.stdout).toMatch(/older than what is kept +1 week\n/);
  const range = ['--grain', 'week', '--from', '2020-01-01'];
  const { stdout } = await runAgainst(['devices', 'aggregate', ...range], { result: nothing });
  expect(stdout).toContain('The range holds nothing to aggregate');
});

test.each([
  [['--grain', 'year'], 'USAGE_INVALID'],
  [[], 'USAGE_INVALID'],
  [['--grain', 'day', '--from', 'March'], 'INPUT_INVALID'],
])('devices aggregate %j is refused before anything is started', async (words, code) => {
  const { exitCode, stdout, calls } = await runAgainst(
    ['devices', 'aggregate', ...words, '--json'],
    { result: AGGREGATED },
  );
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({ ok: false, error: { code } });
  expect(calls).toEqual([]);
});

describe('devices profiles', () => {
  const listed = {
    ...{ userId: 'u1', deviceId: 'watch-1', userEmail: 'ada@example.org', gender: 'f', age: 36 },
    ...{ timeZone: 'Europe/Berlin', stepCounter: 'interval' as const },
    updatedAt: '2026-03-01T00:00:00.000Z',
  };
  const imported: UserProfile[][] = [];
  const profiles: DeviceProfiles = {
    importProfiles: async (given) => {
      imported.push([...given]);
      const change = { deviceId: 'watch-1', kind: 'changed' as const, fields: ['timeZone'] };
      return {
        ...{ profiles: given.length, added: 1, changed: 1, moved: 0, unchanged: 0, dates: 3 },
        changes: [change],
        withdrawn: 2,
      };
    },
    listProfiles: async () => [listed],
  };
  const services = {
    openDeviceProfiles: async () => ({ profiles, close: async () => undefined }),
  };

  test('import tells what would change, and no value of it', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'watchlake-profiles-')), 'profiles.json');
    await writeFile(file, '[{"user_id": 7, "device_id": "watch-1", "user_email": "a@b.org"}]');
    const { exitCode, stdout } = await run(['devices', 'profiles', 'import', file, '--dry-run'], {
      services,
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Would be imported');
    expect(stdout).toMatch(/watch-1 +changed +timeZone/);
    expect(stdout).toMatch(/of erased people, or for devices of theirs, left out +2/);
    expect(stdout).not.toContain('a@b.org');
    expect(imported.at(-1)).toEqual([
      expect.objectContaining({ userId: '7', deviceId: 'watch-1', timeZone: 'UTC' }),
    ]);
  });

  test('import names every wrong row, and imports nothing', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'watchlake-profiles-')), 'profiles.json');
    await writeFile(file, '[{"user_id": "u", "device_id": "d", "time_zone": "Mars/Base"}]');
    const before = imported.length;
    const { exitCode, stderr } = await run(['devices', 'profiles', 'import', file], { services });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('row 0, time_zone');
    expect(imported).toHaveLength(before);
  });

  test('list keeps e-mail addresses, gender and age to itself unless asked', async () => {
    const list = ['devices', 'profiles', 'list'];
    const plain = await run(list, { services });
    expect(plain.stdout).toContain('Europe/Berlin');
    const json = await run([...list, '--json'], { services });
    for (const { stdout } of [plain, json]) expect(stdout).not.toMatch(/ada@example|36/);
    const personal = await run([...list, '--personal'], { services });
    expect(personal.stdout).toContain('ada@example.org');
  });

  test('list says when there are more than it shows, and how there come to be any', async () => {
    const some = (profiles: number) => ({
      openDeviceProfiles: async () => ({
        profiles: {
          listProfiles: async ({ limit }: { limit: number }) =>
            Array.from({ length: Math.min(limit, profiles) }, () => listed),
        } as unknown as DeviceProfiles,
        close: async () => undefined,
      }),
    });
    const list = ['devices', 'profiles', 'list', '--limit', '2'];
    expect((await run(list, { services: some(2) })).stderr).toBe('');
    const { stdout, stderr } = await run([...list, '--json'], { services: some(3) });
    expect(stderr).toContain('There are more profiles than 2');
    expect(onlyObject(stdout).profiles).toHaveLength(2);
    const none = await run(list, { services: some(0) });
    expect(none.stdout).toContain('`npx watchlake devices profiles import <file>` takes them.');
  });
});
