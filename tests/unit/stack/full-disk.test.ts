/** A full disk: what runs can be stopped, and nothing is left beside the lock. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireLock } from '../../../stack/lock';
import { processIdentity } from '../../../stack/processes';
import { stopStack } from '../../../stack/stack';
import { StackFile } from '../../../stack/stack-file';

let home: string;
let isMounted = false;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-full-'));
  const words = ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', home];
  isMounted = spawnSync('mount', words).status === 0;
  if (!isMounted) {
    process.stderr.write('\nSKIPPED: a full disk: only root can mount a small one on Linux\n');
  }
});

afterAll(async () => {
  if (isMounted) spawnSync('umount', [home]);
  await rm(home, { recursive: true, force: true });
});

function fill(): void {
  const page = Buffer.alloc(4096);
  const more = (): void => appendFileSync(join(home, 'fill'), page);
  expect(() => {
    for (;;) more();
  }).toThrow('ENOSPC');
}

test('what runs is stopped where nothing can be written any more', async () => {
  if (!isMounted) return;
  const part = spawn('sleep', ['60']);
  const ended = once(part, 'exit');
  const pid = part.pid as number;
  const record = { pid, identity: processIdentity(pid) ?? '', startedAt: '', logFile: '' };
  const file = await StackFile.open(home);
  await file.set('kafka', { ...record, state: 'running', addresses: {} });
  fill();
  await expect(acquireLock(join(home, 'stack.lock'), { waitMs: 0 })).rejects.toThrow('ENOSPC');
  expect(await stopStack(home)).toEqual(['kafka']);
  await ended;
  expect((await readdir(home)).sort()).toEqual(['fill', 'stack.json']);
});
