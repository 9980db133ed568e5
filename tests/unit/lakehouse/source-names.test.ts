/** Names of files, which may name people: the same however a source writes them. */
import { readFile, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openSource } from '../../../lakehouse/sources/open-source';
import { temporaryFolder, writeFolder, writeZip } from '../../support/recordings';

const folder = temporaryFolder();
const FILES = { 'people/Zoë Ångström.csv': 'a\n1\n', 'people/Ada.csv': 'a\n2\n' };

async function namesIn(source: string, spoolFolder?: string): Promise<string[]> {
  const opened = await openSource(source, { spoolFolder });
  try {
    return opened.members.map(({ name }) => name).sort();
  } finally {
    await opened.close();
  }
}

/** As programs write it that say nothing of how they have spelled the names: bit 11 is not set. */
async function withoutFlag(path: string, [from, to]: [Buffer, Buffer] = [EMPTY, EMPTY]) {
  let bytes = await readFile(path);
  for (const [header, at] of [['PK\x01\x02', 9] as const, ['PK\x03\x04', 7] as const]) {
    for (let found = bytes.indexOf(header); found >= 0; found = bytes.indexOf(header, found + 4))
      bytes[found + at] = (bytes[found + at] ?? 0) & ~8;
  }
  if (from.length > 0)
    bytes = Buffer.from(
      bytes.toString('latin1').replaceAll(from.toString('latin1'), to.toString('latin1')),
      'latin1',
    );
  const unmarked = `${path}.unmarked.zip`;
  await writeFile(unmarked, bytes);
  return unmarked;
}
const EMPTY = Buffer.alloc(0);

test.each(['NFC', 'NFD'])(
  'an archive that does not say that its names are UTF-8, as zip and the Finder write it, names the same people (%s)',
  async (form) => {
    const files = Object.fromEntries(
      Object.entries(FILES).map(([name, text]) => [name.normalize(form), text]),
    );
    const names = await namesIn(await writeFolder(folder.path(), files));
    expect(names).toContain('people/Zoë Ångström.csv'.normalize(form));
    const marked = await writeZip(folder.path(), files);
    expect(await namesIn(marked)).toEqual(names);
    const unmarked = await withoutFlag(marked);
    expect(await namesIn(unmarked)).toEqual(names);
    const opened = await openSource(unmarked);
    const stream = await opened.open('people/Zoë Ångström.csv'.normalize(form));
    expect((await stream.toArray()).join('')).toBe('a\n1\n');
    await opened.close();
  },
);

test('names that are no UTF-8 are read as the zip format has it', async () => {
  const marked = await writeZip(folder.path(), { 'Zo_.csv': 'a\n' });
  const named = await withoutFlag(marked, [Buffer.from('Zo_'), Buffer.from([0x5a, 0x6f, 0x89])]);
  expect(await namesIn(named)).toEqual(['Zoë.csv']);
});

describe('a file at an address', () => {
  let server: Server;
  const asked: (string | undefined)[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url);
      response.end('a\n1\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  test.each([
    ['people/Zo%C3%AB%20A.csv', 'Zoë A.csv'],
    ['people/Zoë A.csv?day=1', 'Zoë A.csv'],
    ['people/Ada+1.csv', 'Ada+1.csv'],
    ['people/100%.csv', '100%.csv'],
  ])('%s is named as it is on a disk', async (path, name) => {
    const { port } = server.address() as AddressInfo;
    const spool = join(folder.path(), `spool-${asked.length}`);
    expect(await namesIn(`http://127.0.0.1:${port}/${path}`, spool)).toEqual([name]);
  });
});
