/** Who closes the terminal of `up` has stopped what it started, as with Ctrl-C: nothing runs on unseen. */
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../core/project-root';
import { readStack } from '../../stack/stack';
import { readState } from '../../workers/state';
import { makeTestHome } from '../support/start-stack';
import { ANY_PORTS, watchlake } from './demo-run';

const TERMINAL = `
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
said = b''
while b'Ctrl-C stops it' not in said:
    said += os.read(terminal, 4096)
os.close(terminal)
os.waitpid(child, 0)
`;

test('the parts end with it', async () => {
  const home = await makeTestHome();
  try {
    const up = [process.execPath, join(PROJECT_ROOT, 'bin', 'watchlake.js'), 'up'];
    const { status, stderr } = spawnSync('python3', ['-c', TERMINAL, ...up], {
      env: { ...process.env, ...ANY_PORTS, WATCHLAKE_HOME: home },
      encoding: 'utf8',
      // Jest's own limit cannot end a synchronous wait.
      timeout: 180_000,
    });
    expect([status, stderr]).toEqual([0, '']);
    expect(await readState(home)).toBeNull();
    expect((await readStack(home))?.processes).toEqual([]);
  } finally {
    await watchlake(home, ['down']).finished;
    await rm(home, { recursive: true });
  }
}, 240_000);
