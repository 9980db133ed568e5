/** One home has one pseudonym key, however many begin at the same moment. */
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../workers/config';
import { pseudonymKey } from '../../../workers/secrets';

let home: string;
let file: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'watchlake-secrets-'));
  file = join(home, 'secrets', 'pseudonym-key');
});
afterEach(() => rm(home, { recursive: true }));

test('those that need a key at the same moment get the same one', async () => {
  const config = loadConfig({ WATCHLAKE_HOME: home });
  const keys = await Promise.all(Array.from({ length: 8 }, () => pseudonymKey(config)));
  const kept = (await readFile(file, 'utf8')).trim();
  expect(kept).toMatch(/^[0-9a-f]{64}$/);
  expect(keys).toEqual(keys.map(() => kept));
  expect(await readdir(join(home, 'secrets'))).toEqual(['pseudonym-key']);
});

test('a key that another container has just put in place, under the same process id, stays', async () => {
  await mkdir(join(home, 'secrets'), { mode: 0o700 });
  await writeFile(file, 'the key of the other');
  await link(file, `${file}.${process.pid}`); // Not yet removed there.
  expect(await pseudonymKey(loadConfig({ WATCHLAKE_HOME: home }))).toBe('the key of the other');
  expect(await readFile(file, 'utf8')).toBe('the key of the other');
});

test('a key that was lost, as with the power of the machine, is told and not taken for one', async () => {
  const config = loadConfig({ WATCHLAKE_HOME: home });
  await pseudonymKey(config);
  await writeFile(file, '\n');
  await expect(pseudonymKey(config)).rejects.toMatchObject({ code: 'KEY_LOST', context: { file } });
});
