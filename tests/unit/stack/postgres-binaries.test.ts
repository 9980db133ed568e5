/** PostgreSQL's programs: the links that npm leaves out are made, and only those. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repairLinks } from '../../../stack/postgres-binaries';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'watchlake-links-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('makes the missing links once', async () => {
  const library = join(folder, 'native', 'lib');
  await mkdir(library, { recursive: true });
  await writeFile(join(library, 'libx.so.1.2'), 'x');
  await writeFile(join(library, 'liby.so'), 'y');
  const links = [
    { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' },
    { source: 'native/lib/libx.so.1.2', target: 'native/lib/liby.so' },
  ];
  await writeFile(join(folder, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  expect(await repairLinks(folder)).toBe(1);
  expect(await repairLinks(folder)).toBe(0);
  expect(await readFile(join(library, 'libx.so'), 'utf8')).toBe('x');
  expect(await readFile(join(library, 'liby.so'), 'utf8')).toBe('y');
});

test('has nothing to do where the package needs no links', async () => {
  expect(await repairLinks(folder)).toBe(0);
});
