/** A dataset is removed from the lake as a whole, whenever the removal is interrupted, and nothing else is. */
import { createFileCatalog } from '../../../lakehouse/catalogs/file';
import { datasetSummaries } from '../../../lakehouse/dataset-summaries';
import { datasetsOf } from '../../../lakehouse/datasets';
import type { Lake } from '../../../lakehouse/lake';
import { holdingsOf, isBeingRemoved, removeFromLake } from '../../../lakehouse/removal';
import { trainingWindowsTable } from '../../../lakehouse/watch/model-tables';
import { stediFiles, threePeople } from '../../support/made-stedi';
import { publishNext } from '../../support/publishing';
import {
  archiveFiles,
  ingestInto,
  keysOf,
  newLake,
  refreshLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../support/recordings';
import { ingestStedi } from '../../support/stedi';

const folder = temporaryFolder();
const dataset = 'watch';
const noRecords = async () => {};

async function land(lake: Lake, into: string) {
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  const landed = await ingestInto(lake, { source, dataset: into });
  await refreshLake(lake, { dataset: into });
  return landed;
}

async function lakeOfTwo(): Promise<Lake> {
  const lake = newLake(folder.path());
  await land(lake, dataset);
  await land(lake, 'other');
  await lake.catalog.identity();
  return lake;
}

const others = async (lake: Lake): Promise<string[]> =>
  (await keysOf(lake)).filter((key) => key.split('/')[1] !== dataset);

/** As if the process ended before so many objects were removed. */
function killedAfter(lake: Lake, removals: number): Lake {
  let left = removals;
  const remove = async (key: string) => {
    if ((left -= 1) < 0) throw new Error('killed');
    await lake.store.remove(key);
  };
  const store = { ...lake.store, remove };
  return { ...lake, store, catalog: createFileCatalog({ store }) };
}

test('all of it goes, and nothing of another dataset', async () => {
  const lake = await lakeOfTwo();
  const before = await others(lake);
  const held = await holdingsOf(lake, dataset);
  const own = (await keysOf(lake)).length - before.length;
  expect(held).toMatchObject({ objects: own, worksUntilMs: 0 });
  expect(held.tables).toEqual([
    ...['recordings_landing', 'recordings_trusted', 'window_features', 'windows'],
  ]);
  let removed = 0;
  const onObject = () => void (removed += 1);
  await removeFromLake(lake, { dataset, removeRecords: noRecords, onObject });
  expect(await keysOf(lake)).toEqual(before);
  expect(await datasetsOf(lake)).toEqual(['other']);
  expect(removed).toBeGreaterThan(0);
});

test('what landed again afterwards is what had landed before', async () => {
  const lake = newLake(folder.path());
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  const first = await ingestInto(lake, { source });
  await removeFromLake(lake, { dataset, removeRecords: noRecords });
  const again = await ingestInto(lake, { source });
  expect(again.rows).toBe(first.rows);
  expect(again.snapshotId).toBe(first.snapshotId);
});

test('wherever it is interrupted, it is told so, nobody publishes, and the next run ends it', async () => {
  const whole = await lakeOfTwo();
  const all = (await keysOf(whole)).length - (await others(whole)).length;
  for (let removals = 0; removals <= all; removals += 3) {
    const lake = await lakeOfTwo();
    const before = await others(lake);
    const request = { dataset, removeRecords: noRecords };
    const killed = killedAfter(lake, removals);
    await expect(removeFromLake(killed, request)).rejects.toThrow('killed');

    expect((await datasetSummaries(lake))[1]).toMatchObject({ dataset, isBeingRemoved: true });
    const table = trainingWindowsTable({ dataset, recipe: 1 });
    const rows = () => [['w', 's', 'd', 0, 'walking', Float32Array.of(1)]];
    await expect(
      publishNext(lake, { table, inputs: { n: `${removals}` }, rows }),
    ).rejects.toMatchObject({ code: 'DATASET_BEING_REMOVED' });

    await removeFromLake(lake, request);
    expect(await keysOf(lake)).toEqual(before);
  }
}, 120_000);

test('who may not take a table out of the catalogue leaves the dataset as it was', async () => {
  const lake = await lakeOfTwo();
  const before = await keysOf(lake);
  const drop = async () => {
    throw new Error('not allowed');
  };
  const refused: Lake = { ...lake, catalog: { ...lake.catalog, drop } };
  const removal = removeFromLake(refused, { dataset, removeRecords: noRecords });
  await expect(removal).rejects.toThrow('not allowed');
  expect(await keysOf(lake)).toEqual(before);
});

test('what turns out to be in the way once the removal is marked leaves the dataset as it was', async () => {
  const lake = await lakeOfTwo();
  const before = await keysOf(lake);
  let marked = false;
  const requireFree = async () => {
    marked = await isBeingRemoved(lake, dataset);
    throw new Error('a run has begun');
  };
  const removal = removeFromLake(lake, { dataset, requireFree, removeRecords: noRecords });
  await expect(removal).rejects.toThrow('a run has begun');
  expect(marked).toBe(true);
  expect(await keysOf(lake)).toEqual(before);
});

test('records elsewhere go before the lake forgets the dataset', async () => {
  const lake = await lakeOfTwo();
  const failing = async () => {
    throw new Error('no database');
  };
  await expect(removeFromLake(lake, { dataset, removeRecords: failing })).rejects.toThrow();
  expect(await datasetsOf(lake)).toContain(dataset);
  await removeFromLake(lake, { dataset, removeRecords: noRecords });
  expect(await datasetsOf(lake)).toEqual(['other']);
});

test('what another catalogue may know stays', async () => {
  const lake = await lakeOfTwo();
  const snapshots = await keysOf(lake, `curated/${dataset}/`);
  // One that shares the store, and has never published anything of it.
  const pointers = { list: async () => [], identity: async () => 'glue:another' };
  const strange: Lake = { ...lake, catalog: { ...lake.catalog, ...pointers } };
  await removeFromLake(strange, { dataset, removeRecords: noRecords });
  expect(await keysOf(lake, `curated/${dataset}/`)).toEqual(snapshots);
  expect(await lake.catalog.list({ dataset })).toHaveLength(4);
});

test('a publication that did not see the removal begin is told', async () => {
  const lake = await lakeOfTwo();
  const pointer = (await lake.catalog.list({ dataset }))[0];
  const publishing = async () => {
    if (pointer) await lake.catalog.publish(pointer, 0);
  };
  const removal = removeFromLake(lake, { dataset, removeRecords: publishing });
  await expect(removal).rejects.toMatchObject({ code: 'DATASET_IN_USE' });
  await removeFromLake(lake, { dataset, removeRecords: noRecords });
  expect(await datasetsOf(lake)).toEqual(['other']);
});

test('of STEDI, whose places are shared, only what is ours goes', async () => {
  const lake = newLake(folder.path());
  await ingestStedi(lake, { source: await writeFolder(folder.path(), stediFiles(threePeople())) });
  const place = 'customer/landing/customers-1.json';
  await lake.store.put(place, '{}');
  expect((await holdingsOf(lake, 'stedi')).objects).toBeGreaterThan(3);
  await removeFromLake(lake, { dataset: 'stedi', removeRecords: noRecords });
  expect(await keysOf(lake)).toEqual(expect.arrayContaining([place]));
  expect((await keysOf(lake)).filter((key) => key.endsWith('.parquet'))).toEqual([]);
});
