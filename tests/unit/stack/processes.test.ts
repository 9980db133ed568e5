/** Processes: known by id and start, never mistaken for another, asked to end before they are killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findProcesses,
  isRunning,
  processIdentity,
  spawnDetached,
  stopProcess,
  waitUntilReady,
  type DetachedProcess,
} from '../../../stack/processes';

let folder: string;
let logFile: string;
const others: ChildProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-processes-'));
  logFile = join(folder, 'log');
});
afterAll(async () => {
  for (const child of others) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

const start = (script: string): Promise<DetachedProcess> =>
  spawnDetached({ service: 'Test', command: process.execPath, args: ['-e', script], logFile });

const ready = (child: DetachedProcess, check: () => Promise<void>): Promise<void> =>
  waitUntilReady({ service: 'Test', logFile, child, timeoutMs: 30_000, check });

test('knows a running process and forgets it when it has ended', async () => {
  const child = await start('setInterval(() => {}, 1000)');
  expect(isRunning(child)).toBe(true);
  expect(isRunning({ pid: child.pid, identity: 'another start' })).toBe(false);
  expect(await stopProcess(child)).toBe(true);
  expect(isRunning(child)).toBe(false);
  expect(processIdentity(child.pid)).toBeUndefined();
});

test('never stops another process that has got the id', async () => {
  const other = spawn('sleep', ['60']);
  others.push(other);
  const pid = other.pid ?? 0;
  expect(await stopProcess({ pid, identity: 'the one that ended before' })).toBe(false);
  expect(processIdentity(pid)).toBeDefined();
});

test('kills a process that does not end when asked', async () => {
  const child = await start(
    "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('deaf')",
  );
  await ready(child, async () => {
    if (!(await readFile(logFile, 'utf8')).includes('deaf')) throw new Error('not yet');
  });
  expect(await stopProcess(child, { graceMs: 100 })).toBe(false);
  expect(isRunning(child)).toBe(false);
});

test('fails at once with the end of the log when the process ends', async () => {
  const child = await start("console.error('no space in this room'); process.exit(3)");
  const never = (): Promise<void> => Promise.reject(new Error('closed'));
  await expect(ready(child, never)).rejects.toMatchObject({
    code: 'STACK_FAILED',
    message: expect.stringMatching(
      /Test did not start: it ended with 3.*no space in this room/s,
    ) as string,
  });
});

test('says how a process ended that it finds ended', async () => {
  const child = await start('process.exit(3)');
  // Blocks the event loop: the system knows of the end, this process has not heard of it.
  while (isRunning(child)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  await expect(ready(child, () => Promise.resolve())).rejects.toThrow(/it ended with 3/);
});

test('does not take the answer of somebody else for that of an ended process', async () => {
  const child = await start('process.exit(0)');
  await stopProcess(child);
  await expect(ready(child, () => Promise.resolve())).rejects.toMatchObject({
    code: 'STACK_FAILED',
  });
});

test('names a command that does not exist', async () => {
  const absent = spawnDetached({ service: 'Test', command: '/no/such/tool', args: [], logFile });
  await expect(absent).rejects.toMatchObject({ code: 'STACK_FAILED' });
});

test('finds processes by arguments that only they have together', async () => {
  const marker = join(folder, 'only-this-one');
  const args = ['-e', 'setInterval(() => {}, 1000)', marker];
  const child = await spawnDetached({ service: 'Test', command: process.execPath, args, logFile });
  expect(findProcesses(['-e', marker])).toEqual([{ pid: child.pid, identity: child.identity }]);
  // As an editor that has the file of a component open.
  expect(findProcesses(['start-dev', marker])).toEqual([]);
  await stopProcess(child);
  expect(findProcesses(['-e', marker])).toEqual([]);
});
