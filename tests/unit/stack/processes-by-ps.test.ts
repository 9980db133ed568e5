/** Where there is no /proc, as on macOS, `ps` tells of processes: the same of each in every shell. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../../../core/project-root';

const TYPESCRIPT = join(PROJECT_ROOT, 'tests', 'support', 'typescript.js');
const PROCESSES = join(PROJECT_ROOT, 'stack', 'processes');

/** As another command of another shell sees this process. */
function seenFrom(shell: Readonly<Record<string, string>>, expression: string): unknown {
  const script = `Object.defineProperty(process, 'platform', { value: 'darwin' });
    const { processIdentity, findProcesses } = require(${JSON.stringify(PROCESSES)});
    process.stdout.write(JSON.stringify(${expression} ?? null));`;
  const env = { ...process.env, ...shell };
  const text = execFileSync(process.execPath, ['-r', TYPESCRIPT, '-e', script], { env });
  return JSON.parse(text.toString());
}

test('a process is the same one in every time zone and language', () => {
  const own = `processIdentity(${process.pid})`;
  const here = seenFrom({ TZ: 'UTC', LC_ALL: 'C' }, own);
  expect(here).toMatch(/\d\d:\d\d:\d\d \d{4}$/);
  expect(seenFrom({ TZ: 'Asia/Tokyo' }, own)).toBe(here);
  expect(seenFrom({ LC_ALL: 'C.UTF-8', LC_TIME: 'de_DE.UTF-8' }, own)).toBe(here);
});

test('an id that nobody has is no process', () => {
  expect(seenFrom({}, 'processIdentity(2 ** 22 + 1)')).toBeNull();
});

test('a process is found by its whole argument', async () => {
  const home = '/a home of its own/temporal.db';
  const script = "process.stdout.write('up'); setInterval(() => {}, 1000)";
  const child = spawn(process.execPath, ['-e', script, '--', home]);
  try {
    await once(child.stdout, 'data');
    const found = (argument: string) =>
      seenFrom({}, `findProcesses(${JSON.stringify([argument])})`);
    const identity = seenFrom({}, `processIdentity(${child.pid})`);
    expect(found(home)).toEqual([{ pid: child.pid, identity }]);
    expect(found('/a home of its own/temporal')).toEqual([]);
  } finally {
    child.kill('SIGKILL');
  }
});
