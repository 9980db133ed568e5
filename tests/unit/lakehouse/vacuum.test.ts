/** Vacuum removes what nothing refers to, and never anything else. */
import { utimes } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { datasetsOf } from '../../../lakehouse/datasets';
import type { Lake } from '../../../lakehouse/lake';
import { openLake } from '../../../lakehouse/lake';
import { writeRows } from '../../../lakehouse/publish';
import { trainingWindowsTable } from '../../../lakehouse/watch/model-tables';
import type { VacuumRequest } from '../../../lakehouse/vacuum';
import { vacuum } from '../../../lakehouse/vacuum';
import { jobCloudOptions } from '../../support/jobs/cloud-options';
import { publishNext, releaseNext } from '../../support/publishing';
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
import { stediFiles, threePeople } from '../../support/made-stedi';
import { ingestStedi } from '../../support/stedi';

const folder = temporaryFolder();

const request = (changes: Partial<VacuumRequest> = {}): VacuumRequest => ({
  dataset: 'watch',
  dryRun: false,
  keepSnapshotIds: [],
  keepReleases: 1,
  graceMs: 0,
  ...changes,
});

const rows = () => [['w', 's', 'd', 0, 'walking', Float32Array.of(1)]];
const table = trainingWindowsTable({ dataset: 'watch', recipe: 1 });

// What is newer than the grace of zero ends with this.
const aMoment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Three releases of one table; the first two are old. */
async function lakeWithHistory() {
  const lake = newLake(folder.path());
  const ids: string[] = [];
  for (const version of ['1', '2', '3']) {
    const { manifest } = await publishNext(lake, { table, inputs: { version }, rows });
    const snapshots = { training_windows: manifest.snapshotId };
    await releaseNext(lake, { dataset: 'watch', snapshots });
    ids.push(manifest.snapshotId);
  }
  await aMoment();
  return { lake, ids: ids as [string, string, string] };
}

const snapshotsOf = async (lake: Lake, name: string): Promise<string[]> => {
  const keys = await keysOf(lake, `curated/watch/${name}/`);
  return [...new Set(keys.map((key) => key.split('/')[3] as string))].sort();
};

test('a dry run says what would go and removes nothing', async () => {
  const { lake, ids } = await lakeWithHistory();
  const before = await keysOf(lake);
  const { removed, bytes } = await vacuum(lake, request({ dryRun: true }));
  const old = [ids[0], ids[1]].map((id) => `curated/watch/training_windows/${id}`);
  expect(removed.sort()).toEqual(old.sort());
  expect(bytes).toBeGreaterThan(0);
  expect(await keysOf(lake)).toEqual(before);
});

test('old snapshots go, the one that the catalogue points at stays', async () => {
  const { lake, ids } = await lakeWithHistory();
  await vacuum(lake, request());
  expect(await snapshotsOf(lake, 'training_windows')).toEqual([ids[2]]);
  expect((await vacuum(lake, request())).removed).toEqual([]);
});

test('what was used within the grace when the vacuum began stays, however long the listing takes', async () => {
  const { lake, ids } = await lakeWithHistory();
  const usedAt = new Date(Date.now() - 58_500);
  for (const key of await keysOf(lake)) {
    await utimes(fileURLToPath(lake.store.uriOf(key)), usedAt, usedAt);
  }
  let isFirst = true;
  async function* list(prefix: string) {
    if (isFirst) await new Promise((resolve) => setTimeout(resolve, 2_000));
    isFirst = false;
    yield* lake.store.list(prefix);
  }
  const slow = { ...lake, store: { ...lake.store, list } };
  const { removed } = await vacuum(slow, request({ graceMs: 60_000 }));
  expect(removed).toEqual([]);
  expect(await snapshotsOf(lake, 'training_windows')).toEqual([...ids].sort());
});

test('kept releases and passed references stay', async () => {
  const { lake, ids } = await lakeWithHistory();
  await vacuum(lake, request({ keepReleases: 2 }));
  expect(await snapshotsOf(lake, 'training_windows')).toEqual([ids[1], ids[2]].sort());
  await vacuum(lake, request({ keepSnapshotIds: [ids[1]] }));
  expect(await snapshotsOf(lake, 'training_windows')).toEqual([ids[1], ids[2]].sort());
});

test('young snapshots stay: a refresh may be about to publish them', async () => {
  const { lake } = await lakeWithHistory();
  expect((await vacuum(lake, request({ graceMs: 60_000 }))).removed).toEqual([]);
});

const HOUR_MS = 60 * 60 * 1000;

/** As if everything in the lake had been written two hours ago. */
async function age(lake: Lake): Promise<void> {
  const before = new Date(Date.now() - 2 * HOUR_MS);
  for (const key of await keysOf(lake)) {
    await utimes(fileURLToPath(lake.store.uriOf(key)), before, before);
  }
}

test('however old, what was published until a moment ago stays: it may still be read', async () => {
  const { lake, ids } = await lakeWithHistory();
  await age(lake);
  const { manifest } = await publishNext(lake, { table, inputs: { version: '4' }, rows });
  const within = request({ keepReleases: 0, graceMs: HOUR_MS });
  await vacuum(lake, within);
  const stayed = [ids[2], manifest.snapshotId].sort();
  expect(await snapshotsOf(lake, 'training_windows')).toEqual(stayed);
  await age(lake);
  await vacuum(lake, within);
  expect(await snapshotsOf(lake, 'training_windows')).toEqual([manifest.snapshotId]);
});

test('however old, what a run has just built upon again stays', async () => {
  const { lake, ids } = await lakeWithHistory();
  await age(lake);
  const again = await writeRows(lake, { table, inputs: { version: '1' }, rows });
  expect(again).toMatchObject({ reused: true, manifest: { snapshotId: ids[0] } });
  await vacuum(lake, request({ graceMs: HOUR_MS }));
  expect(await snapshotsOf(lake, 'training_windows')).toEqual([ids[0], ids[2]].sort());
});

test('what a job may still work on stays until it has answered, or its time is up', async () => {
  const jobMs = 12 * HOUR_MS;
  const cloud = jobCloudOptions(undefined, { jobMs });
  const lake = openLake({ uri: folder.path(), cloud });
  const works = async (id: string, hours: number, names: readonly string[]) => {
    const then = new Date(Date.now() - hours * HOUR_MS);
    for (const name of ['manifest-1.json', ...names]) {
      await lake.store.put(`jobs/watch/${id}/${name}`, '{}');
      await utimes(fileURLToPath(lake.store.uriOf(`jobs/watch/${id}/${name}`)), then, then);
    }
  };
  const chosen = ['emr/1/claim.json', 'emr/1/chosen.json'];
  await works('working', 11, chosen);
  await works('second-working', 11, [...chosen, 'emr/1/result-1.json', 'emr/2/chosen.json']);
  await works('answered', 11, [...chosen, 'emr/1/result-1.json']);
  await works('never-chosen', 11, ['emr/1/claim.json']);
  await works('past-its-time', 14, chosen);
  const { removed } = await vacuum(lake, request({ graceMs: HOUR_MS }));
  const gone = ['answered', 'never-chosen', 'past-its-time'].map((id) => `jobs/watch/${id}`);
  expect(removed.sort()).toEqual(gone);
});

test('a snapshot that is built upon while vacuum lists the others stays', async () => {
  const { lake, ids } = await lakeWithHistory();
  await age(lake);
  // Between the listing of the objects and the removal lies the reading of the references.
  const releases: Lake['catalog']['releases'] = async (of) => {
    await writeRows(lake, { table, inputs: { version: '1' }, rows });
    return lake.catalog.releases(of);
  };
  const watched = { ...lake, catalog: { ...lake.catalog, releases } };
  await vacuum(watched, request({ graceMs: HOUR_MS }));
  expect(await snapshotsOf(lake, 'training_windows')).toEqual([ids[0], ids[2]].sort());
});

test('what a vacuum that was killed has half removed is no snapshot any more', async () => {
  const { lake } = await lakeWithHistory();
  const retire = async (key: string): Promise<boolean> => {
    await lake.store.retire(key);
    throw new Error('killed');
  };
  const store = { ...lake.store, retire };
  await expect(vacuum({ ...lake, store }, request())).rejects.toThrow('killed');
  for (const version of ['1', '2']) {
    const { manifest } = await writeRows(lake, { table, inputs: { version }, rows });
    for (const { key } of manifest.files) expect(await lake.store.has(key)).toBe(true);
  }
});

test('snapshots that the catalogue does not know stay: another one may', async () => {
  const { lake, ids } = await lakeWithHistory();
  const { name } = table;
  await lake.catalog.drop({ dataset: 'watch', table: name });
  await lake.store.put('landing/watch/ingests/old/plan-1', 'x');
  await aMoment();
  const all = request({ keepReleases: 0 });
  expect((await vacuum(lake, { ...all, table: name })).removed).toEqual([]);
  expect((await vacuum(lake, all)).removed).toEqual(['landing/watch/ingests/old']);
  expect(await snapshotsOf(lake, name)).toEqual([...ids].sort());
});

test('what others have put beside the tables stays, in folders that they know by name as well', async () => {
  const lake = newLake(folder.path());
  const source = await writeFolder(folder.path(), stediFiles(threePeople()));
  await ingestStedi(lake, { source });
  const others = [
    ...['customer/landing/customers-1.json', 'customer/landing/2022/06/customers.parquet'],
    ...['accelerometer/landing/0123456789abcdef', 'step_trainer/trusted/notes/manifest.json'],
    ...['landing/stedi/readme.txt', 'landing/stedi/mine/backup/customers.json'],
  ];
  const own = [
    'customer/landing/0123456789abcdef/data/0.parquet',
    'landing/stedi/ingests/old/plan-1',
  ];
  for (const key of [...others, ...own]) await lake.store.put(key, 'x');
  await aMoment();
  const vacuumed = await vacuum(lake, request({ dataset: 'stedi' }));
  const left = new Set(await keysOf(lake));
  expect(others.filter((key) => !left.has(key))).toEqual([]);
  expect(own.filter((key) => left.has(key))).toEqual([]);
  expect(vacuumed.removed).toContain('customer/landing/0123456789abcdef');
  const { customer_landing: again } = (await ingestStedi(lake, { source })).tables ?? {};
  expect(again).toMatchObject({ rows: 3 });
});

test('other datasets are left alone', async () => {
  const { lake } = await lakeWithHistory();
  const before = await keysOf(lake);
  expect((await vacuum(lake, request({ dataset: 'wat' }))).removed).toEqual([]);
  expect(await keysOf(lake)).toEqual(before);
});

test('after it a refresh finds everything that it needs', async () => {
  const lake = newLake(folder.path());
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source });
  await refreshLake(lake);
  await aMoment();
  // The plans of past refreshes are all that goes.
  const { removed } = await vacuum(lake, request());
  expect(removed.filter((name) => !name.startsWith('refresh/'))).toEqual([]);
  const again = await refreshLake(lake);
  expect(Object.values(again).every(({ reused }) => reused)).toBe(true);
  expect((await ingestInto(lake, { source })).rows).toBe(500);
});

test('which datasets a lake holds is told without listing what lies in them', async () => {
  const lake = newLake(folder.path());
  const parts = Array.from({ length: 30 }, (_, part) => `landing/first/ingests/1/parts/${part}`);
  const others = [
    'refresh/second/plan',
    'jobs/third/1/x',
    'landing/own/x',
    'landing/x',
    'jobs/No/x',
  ];
  for (const key of [...parts, ...others]) await lake.store.put(key, 'x');
  let listed = 0;
  async function* list(prefix: string) {
    for await (const object of lake.store.list(prefix)) {
      listed += 1;
      yield object;
    }
  }
  const datasets = await datasetsOf({ ...lake, store: { ...lake.store, list } });
  expect(datasets).toEqual(['first', 'second', 'third']);
  expect(listed).toBeLessThan(5);
});
