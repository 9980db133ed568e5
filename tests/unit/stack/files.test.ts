/** Folders: made with those above them, or an error that names the place. */
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeFolder } from '../../../stack/files';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('makes a folder with those above it, also when it is there already', async () => {
  const path = join(folder, 'one', 'two', 'three');
  await makeFolder(path, 0o700);
  await makeFolder(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

test.each([
  ['a file is in its way', 'file'],
  ['a file is above it', 'file/below'],
  ['a file is far above it', 'file/below/it'],
])('says which folder cannot be made where %s', async (_where, path) => {
  await writeFile(join(folder, 'file'), '');
  const made = makeFolder(join(folder, path));
  await expect(made).rejects.toMatchObject({
    code: 'NOT_WRITABLE',
    context: { path: join(folder, path) },
  });
});

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('ends where the system says of every new folder that it is missing', async () => {
  await expect(makeFolder('/proc/watchlake/home')).rejects.toMatchObject({ code: 'NOT_WRITABLE' });
});
