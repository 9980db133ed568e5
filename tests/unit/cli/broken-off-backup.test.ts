/** Backups and restores that were broken off or killed: the stack comes back, and nothing half stays unnoticed. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBackup } from '../../../cli/backup/create';
import { restoreBackup } from '../../../cli/backup/restore';
import { startStack } from '../../../stack/stack';
import { loadConfig, type Config } from '../../../workers/config';
import type { KilledRestoreInput } from '../../support/killed-restore';
import { run, UP } from './fake-surroundings';

let folder: string;
let config: Config;
const quiet = { onProgress: () => undefined };
const configOf = (home: string): Config => loadConfig({ WATCHLAKE_HOME: home });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-broken-off-'));
  const home = join(folder, 'home');
  config = configOf(home);
  for (const part of ['lake', 'secrets']) {
    await mkdir(join(home, part), { recursive: true });
    await writeFile(join(home, part, 'file'), part);
  }
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('Ctrl-C breaks off a backup and a restore: the stack is started again, and nothing is left or changed', async () => {
  const source = join(folder, 'before');
  await createBackup({ config, target: source, ...quiet });
  const inode = (await stat(config.LAKE_URI)).ino;
  for (const words of [
    ['backup', join(folder, 'backup')],
    ['restore', source, '--force'],
  ]) {
    const calls: string[] = [];
    const interrupts: (() => void)[] = [];
    const services = {
      readState: async () => UP,
      down: async () => {
        interrupts[0]?.();
        return { stopped: calls.push('down') > 0 };
      },
      up: async () => (calls.push('up') > 0 ? UP : UP),
    };
    const all = [...words, '--yes', '--home', config.WATCHLAKE_HOME];
    const onListening = (interrupt: () => void) => void interrupts.push(interrupt);
    const { exitCode, stderr } = await run(all, { services, onListening });
    expect([exitCode, calls]).toEqual([130, ['down', 'up']]);
    expect(stderr).toContain('The copy was broken off');
  }
  expect((await readdir(folder)).sort()).toEqual(['before', 'home']);
  expect((await stat(config.LAKE_URI)).ino).toBe(inode);
});

test('a copy that is broken off half-way leaves nothing', async () => {
  const asked = new AbortController();
  const target = join(folder, 'backup');
  const onProgress = (part: string) => part === 'secrets' && asked.abort(new Error('enough'));
  const copy = { signal: asked.signal, onProgress };
  await expect(createBackup({ config, target, ...copy })).rejects.toThrow('enough');
  expect(await readdir(folder)).toEqual(['home']);

  await createBackup({ config, target, ...quiet });
  const other = configOf(join(folder, 'other'));
  const back = { config: other, source: target, force: false, ...copy };
  await expect(restoreBackup(back)).rejects.toThrow();
  expect(await readdir(other.WATCHLAKE_HOME)).toEqual([]);
});

test('a backup names what a killed one has left beside it, and nothing else', async () => {
  const killed = join(folder, 'monday.partial-999999999');
  const alive = join(folder, `tuesday.partial-${process.ppid}`);
  for (const each of [killed, alive]) await mkdir(join(each, 'lake'), { recursive: true });
  await mkdir(join(folder, 'of-others.partial-999999999'));
  const services = {
    readState: async () => null,
    supervisorOf: async () => null,
    down: async () => ({ stopped: false }),
  };
  const words = ['backup', join(folder, 'backup'), '--home', config.WATCHLAKE_HOME];
  const { exitCode, stderr } = await run(words, { services });
  expect(exitCode).toBe(0);
  expect(stderr.match(/\S+partial-\d+/g)).toEqual([killed]);
  expect(stderr).toContain('may hold secrets');
});

test.each(['lake', 'secrets'])(
  'of a restore that was killed before it placed %s nothing starts and no backup is made, until it was run again',
  async (part) => {
    const source = join(folder, 'before');
    await createBackup({ config, target: source, ...quiet });
    const home = config.WATCHLAKE_HOME;
    const support = join(__dirname, '..', '..', 'support');
    const [hook, script] = [join(support, 'typescript.js'), join(support, 'killed-restore.ts')];
    const input: KilledRestoreInput = { home, source, part };
    const killed = spawnSync(process.execPath, ['-r', hook, script, JSON.stringify(input)]);
    expect(killed.signal).toBe('SIGKILL');

    const unfinished = {
      code: 'RESTORE_UNFINISHED',
      message: expect.stringContaining(source) as string,
    };
    const target = join(folder, 'backup');
    const start = () =>
      startStack({
        home,
        cache: join(folder, 'cache'),
        external: {
          temporal: { address: '127.0.0.1:1', namespace: 'default' },
          kafka: { brokers: '127.0.0.1:1' },
          postgres: { url: 'postgres://127.0.0.1:1/watchlake' },
        },
      });
    await expect(createBackup({ config, target, ...quiet })).rejects.toMatchObject(unfinished);
    await expect(start()).rejects.toMatchObject(unfinished);

    await restoreBackup({ config, source, force: true, ...quiet });
    await start();
    expect(await createBackup({ config, target, ...quiet })).toMatchObject({ files: 2 });
  },
);
