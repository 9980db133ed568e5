/** The store in a folder keeps the contract of stores. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileStore } from '../../lakehouse/stores/file';
import { storeContract } from './store-contract';

let folders: string[] = [];

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-store-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  folders = [];
});

storeContract('in a folder', async () => createFileStore({ folder: await newFolder() }));

test('a disk without space is said by the key that was being written', async () => {
  const store = createFileStore({ folder: await newFolder() });
  async function* full(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('the first bytes');
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }
  await expect(store.put('data/x', full())).rejects.toMatchObject({
    code: 'STORE_FULL',
    context: { key: 'data/x' },
  });
  expect(await store.has('data/x')).toBe(false);
});
