/** What `watchlake doctor` says of a restore that was killed, and of one that still runs. */
import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createBackup } from '../../cli/backup/create';
import { restoreBackup } from '../../cli/backup/restore';
import { examine } from '../../cli/doctor';
import { exists } from '../../stack/files';
import { lockHome } from '../../stack/stack';
import { loadConfig, type Config } from '../../workers/config';
import type { KilledRestoreInput } from '../support/killed-restore';
import { makeTestHome } from '../support/start-stack';

let folder: string;
let home: string;
let source: string;
let config: Config;

beforeEach(async () => {
  folder = await makeTestHome();
  [home, source] = [join(folder, 'home'), join(folder, 'backup')];
  config = loadConfig({ ...process.env, WATCHLAKE_HOME: home });
  for (const part of ['lake', 'secrets']) {
    await mkdir(join(home, part), { recursive: true });
    await writeFile(join(home, part, 'file'), part);
  }
  await createBackup({ config, target: source, onProgress: () => undefined });
});
afterEach(() => rm(folder, { recursive: true }));

/** Kills a restore before it renames something to `part`. */
function killBefore(part: string): void {
  const support = join(__dirname, '..', 'support');
  const [hook, script] = [join(support, 'typescript.js'), join(support, 'killed-restore.ts')];
  const input: KilledRestoreInput = { home, source, part };
  const killed = spawnSync(process.execPath, ['-r', hook, script, JSON.stringify(input)]);
  expect(killed.signal).toBe('SIGKILL');
}

const ofTheRestore = async () => (await examine(config)).filter(({ name }) => name === 'Restore');

const restoreAgain = () =>
  restoreBackup({ config, source, force: true, onProgress: () => undefined });

test('one that was killed while it copied has left folders, until it is run again', async () => {
  expect(await ofTheRestore()).toEqual([]);
  killBefore('unfinished-restore');
  const left = ['lake', 'secrets'].map((part) => join(home, `${part}.restoring`));
  expect(await Promise.all(left.map(exists))).toEqual([true, true]);
  expect(await ofTheRestore()).toEqual([
    {
      ...{ name: 'Restore', status: 'note' },
      found: `one that was killed has left ${left.join(' and ')}`,
      remedy: expect.stringMatching(/restore.* again, or remove .*secrets/) as string,
    },
  ]);
  await restoreAgain();
  expect(await ofTheRestore()).toEqual([]);
});

test('one that was killed while it exchanged the parts keeps the home from starting', async () => {
  killBefore('lake');
  expect(await ofTheRestore()).toEqual([
    {
      ...{ name: 'Restore', status: 'missing' },
      found: expect.stringContaining(source) as string,
      remedy: expect.stringContaining('--force') as string,
    },
  ]);
  await restoreAgain();
  expect(await ofTheRestore()).toEqual([]);
});

test('of one that still runs, and of a home that is not there, nothing is said', async () => {
  killBefore('unfinished-restore');
  await lockHome(home, async () => expect(await ofTheRestore()).toEqual([]));
  await rm(home, { recursive: true });
  expect(await ofTheRestore()).toEqual([]);
});
