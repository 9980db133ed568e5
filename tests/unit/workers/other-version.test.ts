/** A home that another version of the code runs: known as such, and never joined unnoticed. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildVersion, CODE_VERSION } from '../../../core/version';
import { loadConfig } from '../../../workers/config';
import { up } from '../../../workers/control';
import { readState, writeState } from '../../../workers/state';
import { UP } from '../cli/fake-surroundings';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-state-'));
});
afterEach(() => rm(home, { recursive: true }));

/** This very process stands for the supervisor: it runs. */
const running = (version: string) => writeState(home, { ...UP, pid: process.pid, version });
const joinHome = () =>
  up({ config: loadConfig({ WATCHLAKE_HOME: home }), onProgress: () => undefined });

test('up joins what the same build runs', async () => {
  await running(buildVersion());
  expect(await joinHome()).toMatchObject({ pid: process.pid, version: buildVersion() });
});

test('up refuses to join another version, and names both', async () => {
  await running('0.0.1');
  const message = `${home} is run by version 0.0.1 of Watchlake, this is ${buildVersion()}.`;
  await expect(joinHome()).rejects.toMatchObject({ code: 'STACK_OTHER_VERSION', message });
});

test('a supervisor that did not yet say its version is another one', async () => {
  await running('0.0.1');
  const file = join(home, 'up.json');
  const { version: _version, ...first } = JSON.parse(await readFile(file, 'utf8')) as object & {
    version: string;
  };
  await writeFile(file, JSON.stringify(first));
  expect(await readState(home)).toMatchObject({ pid: process.pid, version: 'unknown' });
  await expect(joinHome()).rejects.toMatchObject({ code: 'STACK_OTHER_VERSION' });
});

test('two builds of one version differ, and a tree that is not built has the version alone', async () => {
  const stamp = join(home, 'built.json');
  expect(buildVersion(stamp)).toBe(CODE_VERSION);
  await writeFile(stamp, JSON.stringify({ sources: '0123456789abcdef' }));
  expect(buildVersion(stamp)).toBe(`${CODE_VERSION}+01234567`);
});
