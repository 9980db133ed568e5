/** A home has one supervisor: a second one does not start, and `down` ends one that still starts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { processIdentity } from '../../../stack/processes';
import { StackFile } from '../../../stack/stack-file';
import { loadConfig } from '../../../workers/config';
import { down, up } from '../../../workers/control';
import { claimHome, readState, supervisorOf, writeState } from '../../../workers/state';
import { partsToRestart, supervise, takeDown } from '../../../workers/supervisor';
import { UP } from '../cli/fake-surroundings';

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-supervisor-'));
});
afterEach(() => rm(home, { recursive: true }));

test('a second supervisor names the first, and starts nothing', async () => {
  const release = await claimHome(home);
  expect(await supervisorOf(home)).toBe(process.pid);
  const second = supervise({
    config: loadConfig({ WATCHLAKE_HOME: home, WATCHLAKE_CACHE: join(home, 'cache') }),
    log: pino({ enabled: false }),
    signal: AbortSignal.abort(),
    onProgress: () => undefined,
  });
  await expect(second).rejects.toMatchObject({
    code: 'STACK_BUSY',
    context: { holder: process.pid },
  });
  expect(await readdir(home)).toEqual(['supervisor.lock']);
  await release();
  expect(await supervisorOf(home)).toBeNull();
});

test('a lake that cannot be written to is refused before anything starts', async () => {
  const file = join(home, 'file');
  await writeFile(file, '');
  const config = loadConfig({ WATCHLAKE_HOME: join(home, 'own'), LAKE_URI: join(file, 'lake') });
  await expect(up({ config, onProgress: () => undefined })).rejects.toMatchObject({
    code: 'NOT_WRITABLE',
    context: { path: join(file, 'lake') },
  });
  expect(await supervisorOf(config.WATCHLAKE_HOME)).toBeNull();
});

test('one whose home was deleted and started anew leaves what runs there alone', async () => {
  const next = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
  const pid = next.pid as number;
  const holder = { pid, identity: processIdentity(pid) };
  await writeFile(join(home, 'supervisor.lock'), JSON.stringify(holder));
  await writeState(home, { ...UP, pid });
  await takeDown(home);
  expect(await readState(home)).toMatchObject({ pid });
  next.kill();
  await once(next, 'exit');
});

test('a part whose restart has failed, and which left no record, is tried again', async () => {
  const config = loadConfig({ WATCHLAKE_HOME: home, KAFKA_BROKERS: 'kafka.example:9092' });
  expect(await partsToRestart(config)).toEqual([]); // Nothing was ever started there.
  const file = await StackFile.open(await realpath(home));
  const own = { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
  const known = { startedAt: '2026-01-01T00:00:00.000Z', logFile: '/log', addresses: {} };
  const running = { ...own, ...known, state: 'running' } as const;
  await Promise.all(['temporal', 'postgres'].map((name) => file.set(name, running)));
  expect(await partsToRestart(config)).toEqual([]);
  await file.set('temporal', { ...running, identity: 'an earlier process' });
  expect(await partsToRestart(config)).toEqual(['temporal']);
  await file.remove('temporal');
  expect(await partsToRestart(config)).toEqual(['temporal']);
});

test('down ends a supervisor that has nothing to show yet', async () => {
  const starting = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
  const ended = once(starting, 'exit');
  const pid = starting.pid as number;
  const holder = { pid, identity: processIdentity(pid) };
  await writeFile(join(home, 'supervisor.lock'), JSON.stringify(holder));
  const messages: string[] = [];
  const { stopped } = await down({ home, onProgress: ({ message }) => messages.push(message) });
  expect(stopped).toBe(true);
  expect(messages).toEqual(['stopping']);
  expect((await ended)[1]).toBe('SIGTERM');
});
