/** Which datasets a lake holds: also those whose work was never published. */
import { holdsDevices } from './formats';
import type { Lake } from './lake';
import type { Store } from './ports';
import { unknownDataset } from './unknown-names';

/** Where datasets have folders, and what in such a folder is ours: what else lies there may be somebody's own. */
const WORK = {
  ...{ 'landing/': 'ingests/', 'refresh/': '', 'jobs/': '' },
  'catalog/': 'removal.json',
};
const DATASET = /^[a-z0-9._-]+$/;

async function holdsAny(store: Store, prefix: string): Promise<boolean> {
  for await (const _ of store.list(prefix)) return true;
  return false;
}

/** Lists no more than the datasets: of an ingest alone there may be thousands of files. */
export async function datasetsOf({ catalog, store }: Lake): Promise<string[]> {
  const names = new Set((await catalog.list()).map(({ dataset }) => dataset));
  for (const [root, own] of Object.entries(WORK)) {
    for (const folder of await store.folders(root)) {
      const name = folder.slice(root.length, -1);
      if (names.has(name) || !DATASET.test(name)) continue;
      if (await holdsAny(store, `${folder}${own}`)) names.add(name);
    }
  }
  return [...names].sort();
}

/** DATASET_NOT_FOUND where the lake holds nothing of it, and it is not that of devices, whose people may come first. */
export async function requireDataset(lake: Lake, dataset: string): Promise<void> {
  if (await holdsDevices(lake, dataset)) return;
  if (!(await datasetsOf(lake)).includes(dataset)) throw await unknownDataset(lake, dataset);
}
