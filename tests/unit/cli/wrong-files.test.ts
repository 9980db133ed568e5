/** A file that cannot be read, or not be made, is said for what it is. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './fake-surroundings';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wrong-files-'));
  file = join(folder, 'file');
  await writeFile(file, '');
});
afterAll(() => rm(folder, { recursive: true }));

const told = async (...words: string[]): Promise<string> => (await run(words)).stderr;

test('a folder in place of a file is not said to be absent', async () => {
  const said = `error: ${folder} is a folder, a file is needed.`;
  expect(await told('devices', 'profiles', 'import', folder)).toContain(said);
  expect(await told('devices', 'send', '--file', folder)).toContain(said);
  const absent = join(folder, 'nope');
  expect(await told('devices', 'send', '--file', absent)).toContain(`${absent} does not exist`);
});

test('a file in place of a folder is said with what helps', async () => {
  const stderr = await told('stedi', 'generate', '--out', file);
  expect(stderr).toContain(`error: ${file} cannot be written: EEXIST`);
  expect(stderr).toContain('remedy: Give another place');
});
