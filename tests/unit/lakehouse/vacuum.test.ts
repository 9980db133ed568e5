/** Vacuum removes what nothing refers to, and never anything else. */
import type { Lake } from '../../../lakehouse/lake';
import { publishRows } from '../../../lakehouse/publish';
import { publishRelease } from '../../../lakehouse/release';
import { trainingWindowsTable } from '../../../lakehouse/watch/model-tables';
import type { VacuumRequest } from '../../../lakehouse/vacuum';
import { vacuum } from '../../../lakehouse/vacuum';
import {
  archiveFiles,
  ingestInto,
  keysOf,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

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
    const { manifest } = await publishRows(lake, { table, inputs: { version }, rows });
    const snapshots = { training_windows: manifest.snapshotId };
    await publishRelease(lake, { dataset: 'watch', snapshots });
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
