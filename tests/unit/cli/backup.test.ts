import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { createBackup } from '../../../cli/backup/create';
import { isNewer } from '../../../cli/backup/manifest';
import { isPresent, postgresFolder } from '../../../cli/backup/parts';
import { restoreBackup } from '../../../cli/backup/restore';
import { processIdentity } from '../../../stack/processes';
import { StackFile } from '../../../stack/stack-file';
import { PROJECT_ROOT } from '../../../core/project-root';
import { loadConfig, type Config } from '../../../workers/config';
import { onlyObject, run, UP } from './fake-surroundings';

let folder: string;
let config: Config;
/** Services of a home that is down. */
const NOTHING_RUNS = {
  readState: async () => null,
  supervisorOf: async () => null,
  down: async () => ({ stopped: false }),
};
const quiet = { onProgress: () => undefined };

async function makeHome(home: string): Promise<void> {
  await mkdir(join(home, 'lake', 'curated'), { recursive: true });
  await mkdir(join(home, 'secrets'), { recursive: true, mode: 0o700 });
  await mkdir(join(home, 'kafka', 'data'), { recursive: true });
  await mkdir(join(home, 'logs'), { recursive: true });
  await writeFile(join(home, 'lake', 'curated', 'a.parquet'), 'rows');
  await writeFile(join(home, 'secrets', 'key'), 'hidden', { mode: 0o600 });
  await writeFile(join(home, 'temporal.db'), 'histories');
  await writeFile(join(home, 'logs', 'worker.log'), 'noise');
}

const configOf = (home: string): Config => loadConfig({ WATCHLAKE_HOME: home });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-backup-'));
  // PostgreSQL's user has to reach the home, else its data would lie elsewhere.
  await chmod(folder, 0o755);
  config = configOf(join(folder, 'home'));
  await makeHome(config.WATCHLAKE_HOME);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('a backup put back into a new home has the same files, empty folders and modes', async () => {
  const target = join(folder, 'backup');
  const made = await createBackup({ config, target, ...quiet });
  expect(made).toMatchObject({ parts: ['lake', 'secrets', 'kafka', 'temporal.db'], files: 3 });

  const other = configOf(join(folder, 'other'));
  const back = await restoreBackup({ config: other, source: target, force: false, ...quiet });
  expect(back.restored).toEqual(made.parts);
  expect(await readFile(join(other.LAKE_URI, 'curated', 'a.parquet'), 'utf8')).toBe('rows');
  expect(await readdir(join(other.WATCHLAKE_HOME, 'kafka', 'data'))).toEqual([]);
  const { mode } = await stat(join(other.WATCHLAKE_HOME, 'secrets', 'key'));
  expect(mode & 0o777).toBe(0o600);
  expect(await readdir(other.WATCHLAKE_HOME)).not.toContain('logs');
});

test('a home that the user of PostgreSQL cannot reach takes a backup: asking where the data lie makes nothing', async () => {
  const source = join(folder, 'backup');
  const made = await createBackup({ config, target: source, ...quiet });
  await chmod(folder, 0o700);
  const other = configOf(join(folder, 'other'));
  const back = await restoreBackup({ config: other, source, force: false, ...quiet });
  expect(back).toMatchObject({ restored: made.parts, movedAside: [] });
  const place = await postgresFolder(other.WATCHLAKE_HOME);
  // Only root runs PostgreSQL as somebody else.
  if (process.getuid?.() === 0) expect(place).toMatch(/^\/var\/lib\/watchlake\//);
  expect(await isPresent(place)).toBe(false);
});

test('a lake that is a link to another disk is copied, and put back where the link leads', async () => {
  const disk = join(folder, 'disk');
  await rename(config.LAKE_URI, disk);
  await symlink(disk, config.LAKE_URI);
  const source = join(folder, 'backup');
  expect(await createBackup({ config, target: source, ...quiet })).toMatchObject({ files: 3 });

  await writeFile(join(disk, 'newer'), 'newer');
  const back = await restoreBackup({ config, source, force: true, ...quiet });
  expect((await lstat(config.LAKE_URI)).isSymbolicLink()).toBe(true);
  expect(await readdir(disk)).toEqual(['curated']);
  expect(back.movedAside).toContainEqual(expect.stringMatching(`^${disk}.before-restore-`));
});

test.each([
  ['within a part', 'lake/elsewhere', '/tmp'],
  ['that leads nowhere', 'kafka', 'gone'],
])('a running stack is not stopped for a link %s, which a backup lacked', async (_what, at, to) => {
  const link = join(config.WATCHLAKE_HOME, at);
  await rm(link, { recursive: true, force: true });
  await symlink(to, link);
  const calls: string[] = [];
  const services = {
    readState: async () => UP,
    down: async () => ({ stopped: calls.push('down') > 0 }),
    up: async () => (calls.push('up') > 0 ? UP : UP),
  };
  const words = ['backup', join(folder, 'backup'), '--yes', '--home', config.WATCHLAKE_HOME];
  const { exitCode, stderr } = await run(words, { services });
  expect([exitCode, calls]).toEqual([1, []]);
  expect(stderr).toContain(`${dirname(link)} holds the symbolic link ${basename(link)}`);
});

test('a backup names what a restored home would lack', async () => {
  const given = {
    WATCHLAKE_HOME: config.WATCHLAKE_HOME,
    WATCHLAKE_PSEUDONYM_KEY: 'sixteen letters or more',
    SCHEDULES_FILE: 'mine.yaml',
    CLOUD_PRICES_FILE: 'prices.json',
  };
  const plain = await createBackup({ config, target: join(folder, 'plain'), ...quiet });
  const made = await createBackup({
    config: loadConfig(given),
    target: join(folder, 'more'),
    ...quiet,
  });
  const more = made.notIncluded.filter((each) => !plain.notIncluded.includes(each));
  const named = ['WATCHLAKE_PSEUDONYM_KEY', 'SCHEDULES_FILE', 'CLOUD_PRICES_FILE'];
  expect(more.map((each) => each.replace(/^.*\((.*)\)$/, '$1'))).toEqual(named);
});

test('a backup is never written over another', async () => {
  const target = join(folder, 'backup');
  await createBackup({ config, target, ...quiet });
  await expect(createBackup({ config, target, ...quiet })).rejects.toMatchObject({
    code: 'TARGET_EXISTS',
  });
});

test('a backup that fails leaves nothing behind', async () => {
  await rm(join(config.WATCHLAKE_HOME), { recursive: true });
  await mkdir(config.WATCHLAKE_HOME);
  const target = join(folder, 'backup');
  await expect(createBackup({ config, target, ...quiet })).rejects.toMatchObject({
    code: 'NOTHING_TO_BACK_UP',
  });
  expect(await readdir(folder)).toEqual(['home']);
});

test('a restore refuses what is there; with force it moves all of it aside', async () => {
  const source = join(folder, 'backup');
  await createBackup({ config, target: source, ...quiet });
  // A log of the former database must not meet the restored one.
  await writeFile(join(config.WATCHLAKE_HOME, 'temporal.db-wal'), 'of another database');
  await writeFile(join(config.LAKE_URI, 'newer'), 'newer');
  const options = { config, source, ...quiet };
  await expect(restoreBackup({ ...options, force: false })).rejects.toMatchObject({
    code: 'RESTORE_TARGET_EXISTS',
  });
  const { movedAside } = await restoreBackup({ ...options, force: true });
  expect(await readdir(config.LAKE_URI)).toEqual(['curated']);
  expect(await readdir(config.WATCHLAKE_HOME)).not.toContain('temporal.db-wal');
  const lakeBefore = movedAside.find((path) => path.startsWith(config.LAKE_URI));
  expect(await readFile(join(lakeBefore ?? '', 'newer'), 'utf8')).toBe('newer');
});

test('of events that an older Kafka lacks nothing is remembered', async () => {
  const source = join(folder, 'backup');
  await createBackup({ config, target: source, ...quiet });
  const memories = [
    join(config.WATCHLAKE_HOME, 'ingest'),
    join(config.WATCHLAKE_HOME, 'devices', 'send'),
  ];
  for (const each of memories) {
    await mkdir(each, { recursive: true });
    await writeFile(join(each, 'data'), 'of today');
  }
  const own = { KAFKA_BROKERS: '127.0.0.1:1', WATCHLAKE_HOME: config.WATCHLAKE_HOME };
  await restoreBackup({ config: loadConfig(own), source, force: true, ...quiet });
  for (const each of memories) expect(await readdir(each)).toEqual(['data']);
  const { movedAside } = await restoreBackup({ config, source, force: true, ...quiet });
  for (const each of memories) {
    await expect(readdir(each)).rejects.toThrow('ENOENT');
    expect(movedAside.filter((path) => path.startsWith(`${each}.before-restore-`))).toHaveLength(1);
  }
});

test('a restore says that erased people are back, and what no erasure reaches', async () => {
  const source = join(folder, 'backup');
  await createBackup({ config, target: source, ...quiet });
  const words = ['restore', source, '--force', '--home', config.WATCHLAKE_HOME];
  const told = await run(words, { services: NOTHING_RUNS });
  expect(told.stdout).toMatch(/Who was erased after .* is back/);
  expect(told.stdout).toMatch(/moved aside/);
});

test('a restore names what it leaves in the backup, as it runs elsewhere now', async () => {
  const source = join(folder, 'backup');
  await createBackup({ config, target: source, ...quiet });
  const words = ['restore', source, '--home', join(folder, 'other')];
  const environment = { KAFKA_BROKERS: 'broker:9092' };
  const told = await run(words, { services: NOTHING_RUNS, environment });
  expect(told.stdout).toMatch(/left in the backup +kafka/);
  expect(told.stdout).toMatch(/of one moment/);
});

test('a restore names what the backup never held, and this home would lack', async () => {
  const source = join(folder, 'backup');
  const given = { WATCHLAKE_HOME: config.WATCHLAKE_HOME, KAFKA_BROKERS: 'broker:9092' };
  await createBackup({ config: loadConfig(given), target: source, ...quiet });
  const words = ['restore', source, '--home', join(folder, 'other')];
  const told = await run(words, { services: NOTHING_RUNS });
  expect(told.stdout).toMatch(/never in it +.*Kafka \(KAFKA_BROKERS\)/);
  expect(told.stdout).not.toContain('left in the backup');
});

test.each([
  ['a changed file', (source: string) => writeFile(join(source, 'temporal.db'), 'other')],
  ['a missing file', (source: string) => rm(join(source, 'temporal.db'))],
  ['a damaged manifest', (source: string) => writeFile(join(source, 'manifest.json'), '{}')],
  [
    'a path that leaves the folder',
    async (source: string) => {
      const path = join(source, 'manifest.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace('lake/curated/a.parquet', '../evil'));
    },
  ],
])('%s makes a backup unusable, and nothing is restored', async (_what, damage) => {
  const source = join(folder, 'backup');
  await createBackup({ config, target: source, ...quiet });
  await damage(source);
  const other = configOf(join(folder, 'other'));
  await expect(
    restoreBackup({ config: other, source, force: true, ...quiet }),
  ).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
  expect(await readdir(other.WATCHLAKE_HOME).catch(() => [])).toEqual([]);
});

test('the command that brings a backup back can be copied, whatever its folder is named', async () => {
  const target = join(folder, "ada's backup");
  const { stdout } = await run(['backup', target, '--home', config.WATCHLAKE_HOME], {
    services: NOTHING_RUNS,
  });
  expect(stdout).toContain(`restore '${folder}/ada'\\''s backup' --home`);
});

test.each(['.gitignore', '.dockerignore'])(
  'the folder that a backup is given by itself gets into nothing else: %s',
  async (file) => {
    const cwd = process.cwd();
    process.chdir(folder);
    const told = await run(['backup', '--home', config.WATCHLAKE_HOME, '--json'], {
      services: NOTHING_RUNS,
    }).finally(() => process.chdir(cwd));
    const name = basename(String(onlyObject(told.stdout).target));
    const patterns = (await readFile(join(PROJECT_ROOT, file), 'utf8')).split('\n');
    expect(patterns).toContain(name.replace(/\d{8}t\d{6}z$/, '*'));
  },
);

test('a restore into a home that is not there yet makes it', async () => {
  const source = join(folder, 'backup');
  await createBackup({ config, target: source, ...quiet });
  const home = join(folder, 'new', 'home');
  expect(await run(['restore', source, '--home', home], { services: NOTHING_RUNS })).toMatchObject({
    exitCode: 0,
  });
  expect(await readdir(join(home, 'lake'))).toEqual(['curated']);
});

test('a running stack is stopped for the copy only with --yes, and started again', async () => {
  const home = config.WATCHLAKE_HOME;
  const calls: string[] = [];
  const services = {
    readState: async () => UP,
    down: async () => ({ stopped: calls.push('down') > 0 }),
    up: async () => (calls.push('up') > 0 ? UP : UP),
  };
  const words = ['backup', join(folder, 'backup'), '--home', home];
  const refused = await run(words, { services });
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('Add --yes');
  expect(calls).toEqual([]);

  const done = await run([...words, '--yes'], { services });
  expect(done.exitCode).toBe(0);
  expect(calls).toEqual(['down', 'up']);
});

test.each([
  ['0.2.0', '0.10.0', true],
  ['0.2.0', '0.2.0-beta.1', false],
  ['0.2.0', '0.2.0', false],
  ['0.2.0', '0.1.9', false],
])('for version %s a backup of version %s is newer: %s', (own, other, expected) => {
  expect(isNewer(other, own)).toBe(expected);
});

test('a backup of a newer version is refused before anything is stopped or moved', async () => {
  const source = join(folder, 'backup');
  await createBackup({ config, target: source, ...quiet });
  const path = join(source, 'manifest.json');
  const manifest = JSON.parse(await readFile(path, 'utf8')) as { watchlake: string };
  await writeFile(path, JSON.stringify({ ...manifest, watchlake: '99.0.0', formatVersion: 2 }));
  const before = await readdir(config.WATCHLAKE_HOME);
  const calls: string[] = [];
  const services = {
    readState: async () => UP,
    down: async () => ({ stopped: calls.push('down') > 0 }),
  };
  const words = ['restore', source, '--force', '--yes', '--home', config.WATCHLAKE_HOME];
  const { exitCode, stderr } = await run(words, { services });
  expect([exitCode, calls]).toEqual([1, []]);
  expect(stderr).toContain(`made by Watchlake 99.0.0; this is ${manifest.watchlake}`);
  expect(await readdir(config.WATCHLAKE_HOME)).toEqual(before);
});

test('a running stack is not stopped for what cannot be done, whether or not --yes is given', async () => {
  const taken = join(folder, 'taken');
  await createBackup({ config, target: taken, ...quiet });
  const empty = join(folder, 'empty');
  await mkdir(empty);
  const calls: string[] = [];
  const services = {
    readState: async () => UP,
    down: async () => ({ stopped: calls.push('down') > 0 }),
  };
  const home = ['--home', config.WATCHLAKE_HOME];
  const told = async (...words: string[]) => {
    const { exitCode, stderr } = await run([...words, ...home], { services });
    expect(exitCode).toBe(1);
    return stderr;
  };
  for (const yes of [[], ['--yes']]) {
    expect(await told('backup', taken, ...yes)).toContain(`${taken} exists already`);
    const nowhere = join(folder, 'nowhere');
    expect(await told('restore', nowhere, ...yes)).toContain(`${nowhere} does not exist`);
    const incomplete = `${empty} is not a complete backup: it has no manifest.json`;
    expect(await told('restore', empty, ...yes)).toContain(incomplete);
    expect(await told('restore', taken, ...yes)).toContain('Add `--force`');
  }
  expect(await told('restore', taken, '--force')).toContain('while its files are replaced');
  expect(calls).toEqual([]);
});

test('a stack that is still starting is stopped only with --yes as well, and started again', async () => {
  const calls: string[] = [];
  const services = {
    readState: async () => null,
    supervisorOf: async () => 42,
    down: async () => ({ stopped: calls.push('down') > 0 }),
    up: async () => (calls.push('up') > 0 ? UP : UP),
  };
  const words = ['backup', join(folder, 'backup'), '--home', config.WATCHLAKE_HOME];
  expect((await run(words, { services })).stderr).toContain('Add --yes');
  expect(calls).toEqual([]);
  expect((await run([...words, '--yes'], { services })).exitCode).toBe(0);
  expect(calls).toEqual(['down', 'up']);
});

test('what was started between the stop and the copy is neither copied nor replaced', async () => {
  const source = join(folder, 'before');
  await createBackup({ config, target: source, ...quiet });
  const home = await realpath(config.WATCHLAKE_HOME);
  const { pid } = process;
  const part = { pid, identity: processIdentity(pid) ?? '', startedAt: '', logFile: '' };
  const file = await StackFile.open(home);
  await file.set('postgres', { ...part, state: 'running', addresses: {} });
  const busy = { code: 'STACK_BUSY', context: { holder: pid } };
  const target = join(folder, 'backup');
  await expect(createBackup({ config, target, ...quiet })).rejects.toMatchObject(busy);
  const restore = restoreBackup({ config, source, force: true, ...quiet });
  await expect(restore).rejects.toMatchObject(busy);
  expect((await readdir(folder)).sort()).toEqual(['before', 'home']);
  await file.remove('postgres');
  expect(await createBackup({ config, target, ...quiet })).toMatchObject({ files: 3 });
});

test('a backup into one of its own parts is refused, also by way of a link', async () => {
  const link = join(folder, 'link');
  await symlink(config.LAKE_URI, link);
  for (const target of [join(config.LAKE_URI, 'backups', 'monday'), join(link, 'monday')]) {
    await expect(createBackup({ config, target, ...quiet })).rejects.toMatchObject({
      code: 'TARGET_INSIDE',
    });
  }
  expect(await readdir(config.LAKE_URI)).toEqual(['curated']);
  const beside = join(config.WATCHLAKE_HOME, 'lake-of-monday');
  expect(await createBackup({ config, target: beside, ...quiet })).toMatchObject({ files: 3 });
});
