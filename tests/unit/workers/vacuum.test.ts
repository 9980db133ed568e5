/** Vacuum finds what no catalogue tells of, and leaves what a run may still need. */
import { createReadStream } from 'node:fs';
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentHash } from '../../../core/hash';
import { landPart } from '../../../lakehouse/landing/land-part';
import { entriesOf, planIngest } from '../../../lakehouse/landing/ingest-plan';
import { RECORDINGS_KIND } from '../../../lakehouse/landing/landing-table';
import { readLayout } from '../../../lakehouse/landing/recordings-layout';
import type { Lake } from '../../../lakehouse/lake';
import { openSource, sourceHash } from '../../../lakehouse/sources/open-source';
import { downloadPath } from '../../../lakehouse/sources/spool';
import { queryTextKey } from '../../../lakehouse/query-texts';
import { findManifest } from '../../../lakehouse/snapshots';
import { trainingWindowsTable } from '../../../lakehouse/watch/model-tables';
import type { VacuumDeps } from '../../../workers/vacuum';
import { vacuumLake } from '../../../workers/vacuum';
import { publishNext } from '../../support/publishing';
import {
  SECRET,
  archiveFiles,
  ingestInto,
  keysOf,
  newLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
const TRAINING = trainingWindowsTable({ dataset: 'watch', recipe: 1 });
const ROWS = [['w', 's', 'd', 0, 'walking', Float32Array.of(1)]];

/** As if runs of these datasets had begun so many milliseconds ago and went on. */
function vacuumBeside(lake: Lake, runs: Readonly<Record<string, number>> = {}) {
  const list = async function* ({ query = '' }: { query?: string }) {
    for (const [dataset, sinceMs] of Object.entries(runs)) {
      const isAsked = !query.includes('WatchlakeDataset') || query.includes(`'${dataset}'`);
      if (isAsked) yield { startTime: new Date(Date.now() - sinceMs) };
    }
  };
  const client = { workflow: { list } } as unknown as VacuumDeps['client'];
  const registry = { listModels: async () => [] } as unknown as VacuumDeps['registry'];
  const downloads = join(folder.path(), 'downloads');
  return (options: { dataset?: string } = {}) =>
    vacuumLake({ lake, client, registry, downloads }, { ...options, dryRun: false, graceMs: 0 });
}

/** Its first part has landed; then the run was cancelled. */
async function unpublished(): Promise<Lake> {
  const lake = newLake(folder.path());
  const source = await openSource(
    await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }])),
  );
  const layout = await readLayout(source);
  const of = { source, secret: SECRET };
  const plan = await planIngest(lake, { ...of, kind: RECORDINGS_KIND, dataset: 'watch', layout });
  await landPart(lake, { ...of, plan, part: 0, entries: entriesOf(plan, 0, layout.recordings) });
  await source.close();
  await sleep(5);
  return lake;
}

test.each([[{}], [{ dataset: 'watch' }]])(
  'what an ingest has landed that was never published goes: %j',
  async (options) => {
    const lake = await unpublished();
    expect((await keysOf(lake)).length).toBeGreaterThan(1);
    expect(await vacuumBeside(lake)(options)).toMatchObject({ removed: 1 });
    expect(await keysOf(lake)).toEqual([]);
  },
);

test('it stays while an ingest of the dataset runs, and when one is asked for that is not there', async () => {
  const lake = await unpublished();
  const before = await keysOf(lake);
  await vacuumBeside(lake, { watch: 60_000 })();
  for (const dataset of ['wat', `wat' OR '`]) {
    const work = vacuumBeside(lake)({ dataset });
    await expect(work).rejects.toMatchObject({ code: 'DATASET_NOT_FOUND' });
  }
  expect(await keysOf(lake)).toEqual(before);
  expect(await vacuumBeside(lake, { other: 60_000 })()).toMatchObject({ removed: 1 });
});

test('snapshots of a dataset that this catalogue does not know stay: another one may', async () => {
  const lake = newLake(folder.path());
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  const { prefix } = await ingestInto(lake, { source });
  const catalog = { ...lake.catalog, list: async () => [], releases: async () => [] };
  const before = await keysOf(lake, prefix);
  expect(before.length).toBeGreaterThan(1);
  await sleep(5);
  await vacuumBeside({ ...lake, catalog })();
  expect(await keysOf(lake, prefix)).toEqual(before);
});

test('what killed processes left outside every dataset goes once no run may need it', async () => {
  const lake = newLake(folder.path());
  const left = await lake.store.scratch();
  await sleep(5);
  await vacuumBeside(lake, { watch: 60_000 })();
  await expect(stat(left)).resolves.toBeDefined();
  await vacuumBeside(lake)();
  await expect(stat(left)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('an archive that was fetched and never landed goes, one that is being fetched does not', async () => {
  const archive = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  const server = createServer((_, response) => void createReadStream(archive).pipe(response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const spoolFolder = join(folder.path(), 'downloads');
  const address = `http://127.0.0.1:${port}/archive.zip`;
  await sourceHash(address, { spoolFolder });
  server.close();
  const [fetched] = (await readdir(spoolFolder)) as [string];
  // As objects of S3 have it; what counts is when it came.
  await utimes(join(spoolFolder, fetched), new Date(2020, 0), new Date(2020, 0));
  // The process that has started this one is there.
  const half = `${downloadPath(address, spoolFolder)}.part-${contentHash(hostname(), 8)}-${process.ppid}`;
  await mkdir(half);
  await writeFile(join(half, 'body'), 'half of it');
  await sleep(5);
  const lake = newLake(folder.path());
  await vacuumBeside(lake, { watch: 60_000 })();
  expect((await readdir(spoolFolder)).sort()).toEqual([fetched, basename(half)].sort());
  await vacuumBeside(lake)();
  expect(await readdir(spoolFolder)).toEqual([basename(half)]);
});

test('the text of a query goes whose run was terminated, that of one that runs does not', async () => {
  const lake = newLake(folder.path());
  await lake.store.put(queryTextKey('c0ffee'), "SELECT * FROM people WHERE name = 'Ann'");
  await sleep(5);
  await vacuumBeside(lake, { watch: 60_000 })();
  expect(await keysOf(lake)).toEqual([queryTextKey('c0ffee')]);
  await vacuumBeside(lake)();
  expect(await keysOf(lake)).toEqual([]);
});

/** Of two snapshots of a training set the older one is that of the only version. */
async function vacuumWithVersion(removedAt: string | null) {
  const lake = newLake(folder.path());
  const publish = (version: string) =>
    publishNext(lake, { table: TRAINING, inputs: { version }, rows: () => ROWS });
  const { manifest } = await publish('1');
  await publish('2');
  await sleep(5);
  // When the runs are asked for it is none any more; its card was registered just before that.
  let versions: object[] = [];
  const list = async function* () {
    const card = { data: { snapshots: { training_windows: manifest.snapshotId } } };
    versions = [{ card, removedAt }];
    yield* [];
  };
  const client = { workflow: { list } } as unknown as VacuumDeps['client'];
  const registry = {
    listModels: async () => versions.map(() => ({ model: 'activity' })),
    listVersions: async () => versions,
  } as unknown as VacuumDeps['registry'];
  const deps = { lake, client, registry, downloads: join(folder.path(), 'downloads') };
  const { removed } = await vacuumLake(deps, { dryRun: false, graceMs: 0 });
  const of = { dataset: 'watch', table: TRAINING.name, snapshotId: manifest.snapshotId };
  return { removed, found: findManifest(lake, of) };
}

test('the snapshot of a model stays whose training ends while the vacuum begins', async () => {
  const { removed, found } = await vacuumWithVersion(null);
  expect(removed).toBe(0);
  await expect(found).resolves.toMatchObject({ rows: 1 });
});

test('the snapshot of a version that was removed goes', async () => {
  const { removed, found } = await vacuumWithVersion('2026-11-28T00:00:00.000Z');
  expect(removed).toBe(1);
  await expect(found).rejects.toThrow();
});
