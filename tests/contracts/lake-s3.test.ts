/** A lake in a bucket: its catalogue, its engine, and recordings that come from S3 and land on S3. */
import { readFile, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createIngestActivities } from '../../activities/ingest-activities';
import { createRefreshActivities } from '../../activities/refresh-activities';
import { tableContentHash } from '../support/content-hash';
import type { Lake } from '../../lakehouse/lake';
import { createFileCatalog } from '../../lakehouse/catalogs/file';
import { query } from '../../lakehouse/query';
import { removeFromLake } from '../../lakehouse/removal';
import { findManifest } from '../../lakehouse/snapshots';
import { vacuum } from '../../lakehouse/vacuum';
import { startFaultProxy } from '../support/fault-proxy';
import type { Files } from '../support/recordings';
import {
  SECRET,
  archiveFiles,
  ingestInto,
  keysOf,
  newLake,
  refreshLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../support/recordings';
import { BUCKET, useS3 } from '../support/s3';
import { catalogContract } from './catalog-contract';
import { engineContract } from './engine-contract';

const s3 = useS3();
const folder = temporaryFolder();

catalogContract('of JSON objects on S3', async () =>
  createFileCatalog({ store: await s3.store() }),
);

engineContract('duckdb on S3', () => s3.lake());

const FILES: Files = archiveFiles([
  { recording: 'r1', subject: 'Ann Example' },
  { recording: 'r2', subject: 'Bob Example', label: 'sitting' },
]);

const access = () => ({ aws: s3.aws().client, pathStyle: true });
const inActivity = async <T>(work: () => Promise<T>): Promise<T> =>
  new MockActivityEnvironment().run(work);

async function putObject(key: string, Body: string | Buffer): Promise<string> {
  await s3.client().send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body }));
  return `s3://${BUCKET}/${key}`;
}

async function putFolder(prefix: string, files: Files): Promise<string> {
  for (const [name, text] of Object.entries(files)) await putObject(`${prefix}${name}`, text);
  return `s3://${BUCKET}/${prefix}`;
}

/** As the workflows `ingest` and `refreshTables` do it, with every step run twice. */
async function ingestAndRefresh(lake: Lake, source: string, spoolFolder: string) {
  const twice = async <T>(work: () => Promise<T>): Promise<T> => {
    const first = await inActivity(work);
    expect(await inActivity(work)).toMatchObject(first as object);
    return first;
  };
  const options = { s3: access(), spoolFolder };
  const ingest = createIngestActivities({ lake, subjectKey: SECRET, source: options });
  const opening = { source, dataset: 'watch', format: 'recordings' as const };
  const { planKey, batches } = await twice(() => ingest.openArchive(opening));
  for (let batch = 0; batch < batches; batch += 1) {
    await twice(() => ingest.landBatch({ planKey, batch }));
  }
  await inActivity(() => ingest.publishLanding({ planKey }));
  const refresh = createRefreshActivities({ lake });
  const plan = await twice(() => refresh.planRefresh({ dataset: 'watch' }));
  const snapshots: Record<string, string> = {};
  for (const table of plan.stages.flatMap(({ tables }) => tables)) {
    const request = { planKey: plan.planKey, table, inputs: { ...snapshots } };
    snapshots[table] = (await inActivity(() => refresh.buildTable(request))).snapshotId;
    expect((await inActivity(() => refresh.buildTable(request))).reused).toBe(true);
  }
  await twice(() => refresh.publishRelease({ dataset: 'watch', snapshots }));
  return snapshots;
}

test('recordings in a folder of a bucket land and become tables, as they do on a disk', async () => {
  const spoolFolder = await s3.folder();
  const lake = await s3.lake();
  const snapshots = await ingestAndRefresh(lake, await putFolder('in/', FILES), spoolFolder);
  expect(await readdir(spoolFolder)).toEqual([]);

  const local = newLake(folder.path());
  const same = await ingestInto(local, { source: await writeFolder(folder.path(), FILES) });
  expect(await findManifest(lake, { dataset: 'watch', table: 'recordings_landing' })).toMatchObject(
    { rows: same.rows, snapshotId: same.snapshotId },
  );
  for (const [table, there] of Object.entries(await refreshLake(local))) {
    expect(snapshots[table]).toBe(there.snapshotId);
    const here = await findManifest(lake, { dataset: 'watch', table });
    expect(await tableContentHash(lake, here)).toBe(await tableContentHash(local, there));
  }
  const sql = 'SELECT label, count(*) AS n FROM windows GROUP BY label ORDER BY label';
  expect((await query(lake, { sql })).rows).toEqual((await query(local, { sql })).rows);
});

test('an archive in a bucket is the same source as on a disk; another object is another one', async () => {
  const archive = await writeZip(folder.path(), FILES);
  const source = await putObject(`in/${basename(archive)}`, await readFile(archive));
  const lake = await s3.lake();
  const options = { s3: access(), spoolFolder: await s3.folder() };
  const landed = await ingestInto(lake, { source, options });
  expect(landed.snapshotId).toBe(
    (await ingestInto(newLake(folder.path()), { source: archive })).snapshotId,
  );
  const ingest = createIngestActivities({ lake, subjectKey: SECRET, source: options });
  const opening = { source, dataset: 'other', format: 'recordings' as const };
  const { planKey } = await inActivity(() => ingest.openArchive(opening));
  const changed = await writeZip(folder.path(), archiveFiles([{ recording: 'r3' }]));
  await putObject(`in/${basename(archive)}`, await readFile(changed));
  const landing = inActivity(() => ingest.landBatch({ planKey, batch: 0 }));
  await expect(landing).rejects.toMatchObject({ type: 'SOURCE_CHANGED' });
});

test.each([
  ['nothing/there.zip', 'SOURCE_NOT_FOUND'],
  ['nothing/there/', 'SOURCE_NOT_FOUND'],
  ['unsafe/', 'ARCHIVE_MEMBER_UNSAFE'],
])('the source %s is refused with %s', async (key, code) => {
  await putObject('unsafe/a//b.csv', 'x');
  const options = { s3: access(), spoolFolder: await s3.folder() };
  const opening = ingestInto(await s3.lake(), { source: `s3://${BUCKET}/${key}`, options });
  await expect(opening).rejects.toMatchObject({ code });
  expect(await readdir(options.spoolFolder)).toEqual([]);
});

test('a source above the limit is refused before it is fetched', async () => {
  const source = await putFolder('large/', FILES);
  const options = { s3: access(), limits: { downloadBytes: 100 }, spoolFolder: await s3.folder() };
  await expect(ingestInto(await s3.lake(), { source, options })).rejects.toMatchObject({
    code: 'ARCHIVE_TOO_LARGE',
  });
});

test('vacuum gives data up by a tag, counts them once, and what refers to them is gone', async () => {
  const lake = await s3.lake();
  const one = await writeFolder(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source: one });
  await refreshLake(lake);
  const two = await writeFolder(folder.path(), archiveFiles([{ recording: 'r2' }]));
  await ingestInto(lake, { source: two });
  await refreshLake(lake);
  const request = { dataset: 'watch', dryRun: false, keepSnapshotIds: [], keepReleases: 1 };
  const foretold = await vacuum(lake, { ...request, dryRun: true, graceMs: -1000 });
  const found = await vacuum(lake, { ...request, graceMs: -1000 });
  expect(found.removed.length).toBeGreaterThan(0);
  expect(foretold).toEqual(found);
  const left = (await keysOf(lake)).filter((key) =>
    found.removed.some((prefix) => key.startsWith(`${prefix}/`)),
  );
  expect(left.length).toBeGreaterThan(0);
  expect(left.filter((key) => !key.endsWith('.parquet'))).toEqual([]);
  for (const dryRun of [true, false]) {
    const again = await vacuum(lake, { ...request, dryRun, graceMs: -1000 });
    expect(again).toEqual({ removed: [], bytes: 0 });
  }
  const { planRefresh } = createRefreshActivities({ lake });
  await inActivity(() => planRefresh({ dataset: 'watch' }));
  expect((await query(lake, { sql: 'SELECT count(*) AS n FROM windows' })).rows).toHaveLength(1);
});

test('a dataset that is removed leaves nothing in the bucket, also after a removal that was interrupted', async () => {
  const lake = await s3.lake();
  const source = await writeFolder(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source, dataset: 'kept' });
  await ingestInto(lake, { source });
  await refreshLake(lake);
  const kept = (await keysOf(lake)).filter((key) => key.split('/')[1] === 'kept');
  const failing = async () => {
    throw new Error('no database');
  };
  const request = { dataset: 'watch', removeRecords: failing };
  await expect(removeFromLake(lake, request)).rejects.toThrow('no database');
  await removeFromLake(lake, { ...request, removeRecords: async () => {} });
  const left = (await keysOf(lake)).filter((key) => key !== 'catalog/identity.json');
  expect(left).toEqual(kept);
});

test('engines read local copies: what was built here is not fetched, and all else once', async () => {
  const proxy = await startFaultProxy(s3.aws().endpoint);
  try {
    const aws = { ...s3.aws().client, endpoint: proxy.endpoint };
    const options = await s3.options({ aws });
    const lake = await s3.lake(options);
    await ingestInto(lake, { source: await writeFolder(folder.path(), FILES) });
    await refreshLake(lake);
    const sql = 'SELECT count(*) AS n FROM recordings_trusted';
    const { rows } = await query(lake, { sql });
    const fetched = () => proxy.seen.filter((line) => /^GET .*\.parquet/.test(line));
    expect(fetched().filter((line) => !line.includes('/landing/'))).toEqual([]);
    expect(await readdir(join(options.cacheFolder, 'scratch'))).toEqual([]);

    proxy.heal();
    const elsewhere = await s3.lake({ ...options, cacheFolder: await s3.folder() });
    expect((await query(elsewhere, { sql })).rows).toEqual(rows);
    expect((await query(elsewhere, { sql })).rows).toEqual(rows);
    expect(fetched().length).toBeGreaterThan(0);
    expect(new Set(fetched()).size).toBe(fetched().length);
  } finally {
    await proxy.close();
  }
});
