/** The catalogue of JSON objects keeps the contract of catalogues. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFileCatalog } from '../../lakehouse/catalogs/file';
import { createFileStore } from '../../lakehouse/stores/file';
import { catalogContract } from './catalog-contract';

const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

catalogContract('of JSON objects in a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-catalog-'));
  folders.push(folder);
  return createFileCatalog({ store: createFileStore({ folder }) });
});
