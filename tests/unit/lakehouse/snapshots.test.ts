/** Write, check, publish: what is unchanged is reused, what is broken stays out of sight. */
import { WatchlakeError } from '../../../core/errors';
import { writeJson } from '../../../lakehouse/json';
import type { Lake } from '../../../lakehouse/lake';
import { manifestKey, snapshotPrefix } from '../../../lakehouse/manifest';
import type { Store } from '../../../lakehouse/ports';
import { writeRows } from '../../../lakehouse/publish';
import { ensureSnapshot, imbalance, newestManifest } from '../../../lakehouse/snapshots';
import type { RowsTransform, TableCheck, TableDeclaration } from '../../../lakehouse/tables';
import { column, declareTable, recipeHash } from '../../../lakehouse/tables';
import { stagesOf } from '../../../lakehouse/stages';
import { tableContentHash } from '../../support/content-hash';
import { query } from '../../../lakehouse/query';
import { latestRelease, publishNext, releaseNext } from '../../support/publishing';
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

const things = (checks: readonly TableCheck[] = [], recipe = 1): TableDeclaration<RowsTransform> =>
  declareTable({
    dataset: 'watch',
    name: 'things',
    zone: 'curated',
    comment: 'For tests',
    columns: [
      column('id', 'string', 'Id'),
      column('size', 'bigint', 'Size', { required: false }),
      column('share', 'double', 'Share', { required: false }),
      column('parts', 'float-list', 'Parts', { required: false }),
      column('tags', 'string-list', 'Tags', { required: false }),
    ],
    key: ['id'],
    partitions: [],
    orderBy: ['id'],
    inputs: [],
    transform: { type: 'rows', recipe },
    checks,
  });

const twoRows = () => [
  ['b', 2, 0.5, Float32Array.of(1, 2.5), ['x', 'y']],
  ['a', null, null, null, null],
];

const pointerOf = (lake: Lake) => lake.catalog.pointer({ dataset: 'watch', table: 'things' });

test('rows of our own are published with their types, in the declared order', async () => {
  const lake = newLake(folder.path());
  const { manifest, reused } = await publishNext(lake, {
    table: things(),
    inputs: { labels: 'l1' },
    rows: twoRows,
    facts: { note: 'kept' },
  });
  expect(reused).toBe(false);
  expect(manifest).toMatchObject({ rows: 2, inputs: { labels: 'l1' }, facts: { note: 'kept' } });
  expect((await query(lake, { sql: 'SELECT * FROM things' })).rows).toEqual([
    { id: 'a', size: null, share: null, parts: null, tags: null },
    { id: 'b', size: 2, share: 0.5, parts: [1, 2.5], tags: ['x', 'y'] },
  ]);
});

test('the same inputs and recipe are not made again; other ones are', async () => {
  const lake = newLake(folder.path());
  let made = 0;
  const rows = () => {
    made += 1;
    return twoRows();
  };
  const first = await writeRows(lake, { table: things(), inputs: { a: '1' }, rows });
  const second = await writeRows(lake, { table: things(), inputs: { a: '1' }, rows });
  const input = await writeRows(lake, { table: things(), inputs: { a: '2' }, rows });
  const recipe = await writeRows(lake, { table: things([], 2), inputs: { a: '1' }, rows });
  expect([first.reused, second.reused, input.reused, recipe.reused]).toEqual([
    false,
    true,
    false,
    false,
  ]);
  expect(made).toBe(3);
});

const broken: [string, Parameters<typeof publishNext>[1], string][] = [
  [
    'a declared check',
    {
      table: things([
        { name: 'no-b', sql: `SELECT count(*) AS offending FROM things t WHERE t.id = 'b'` },
      ]),
      inputs: {},
      rows: twoRows,
    },
    'no-b (1 row)',
  ],
  [
    'a missing required value',
    { table: things(), inputs: {}, rows: () => [[null]] },
    'required-columns (1 row)',
  ],
  [
    'a key that is there twice',
    { table: things(), inputs: {}, rows: () => [['a'], ['a']] },
    'unique-key (1 row)',
  ],
  [
    'rows that are not accounted for',
    { table: things(), inputs: {}, rows: twoRows, inputRows: 5 },
    'balance (3 rows)',
  ],
];

test.each(broken)('%s keeps the old snapshot and leaves no file', async (_name, request, said) => {
  const lake = newLake(folder.path());
  const { manifest } = await publishNext(lake, {
    table: things(),
    inputs: { before: '1' },
    rows: twoRows,
  });
  const before = await keysOf(lake);
  await expect(publishNext(lake, request)).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringContaining(said) as string,
  });
  expect(await keysOf(lake)).toEqual(before);
  expect((await pointerOf(lake))?.snapshotId).toBe(manifest.snapshotId);
});

test('what is personal in an input does not come into a curated table, whatever that declares', async () => {
  const lake = newLake(folder.path());
  const people = { columns: [column('tags', 'string', 'Name', { personal: true })], files: [] };
  const request = { table: things(), inputs: {}, rows: twoRows, relations: { people } };
  await expect(writeRows(lake, request)).rejects.toMatchObject({
    message: expect.stringContaining('no-personal-column (1 row)') as string,
  });
});

test('the newest snapshot is the one that was finished last, wherever it is listed', async () => {
  const lake = newLake(folder.path());
  const made = [];
  for (const version of ['1', '2', '3']) {
    const request = { table: things(), inputs: { version }, rows: twoRows };
    made.push((await writeRows(lake, request)).manifest);
  }
  for (const newest of made) {
    for (const each of made) {
      const createdAt = `20${each === newest ? 3 : 2}0-01-01T00:00:00.000Z`;
      await writeJson(lake.store, manifestKey(snapshotPrefix(each)), { ...each, createdAt });
    }
    const found = await newestManifest(lake, 'curated/watch/things/');
    expect(found?.snapshotId).toBe(newest.snapshotId);
  }
});

test('of two twins one writes, and both publish the same', async () => {
  const lake = newLake(folder.path());
  const request = { table: things(), inputs: {}, rows: twoRows };
  const twins = await Promise.all([writeRows(lake, request), writeRows(lake, request)]);
  expect(twins[0].manifest).toEqual(twins[1].manifest);
  const files = (await keysOf(lake)).filter((key) => key.endsWith('.parquet'));
  expect(files).toEqual(twins[0].manifest.files.map(({ key }) => key));
});

test('a manifest that was written though its answer was lost keeps its files', async () => {
  const lake = newLake(folder.path());
  const lost = new WatchlakeError('AWS_UNAVAILABLE', { action: 'PutObject', detail: '503' });
  const put: Store['put'] = async (key, ...rest) => {
    await lake.store.put(key, ...rest);
    if (key.endsWith('/manifest.json')) throw lost;
  };
  const store = Object.assign(Object.create(lake.store) as Store, { put });
  const request = { table: things(), inputs: { labels: 'lost' }, rows: twoRows };
  const { manifest, reused } = await writeRows({ ...lake, store }, request);
  expect(reused).toBe(false);
  expect(await lake.store.has(manifest.files[0]?.key ?? '')).toBe(true);
  expect(await writeRows(lake, request)).toEqual({ manifest, reused: true });
});

test('a build that dies leaves nothing that a reader sees, and the next one succeeds', async () => {
  const lake = newLake(folder.path());
  async function* dies(): AsyncGenerator<string[]> {
    yield ['a'];
    throw new Error('killed');
  }
  const request = { table: things(), inputs: {} };
  await expect(publishNext(lake, { ...request, rows: dies })).rejects.toThrow('killed');
  expect(await pointerOf(lake)).toBeNull();
  expect((await publishNext(lake, { ...request, rows: twoRows })).manifest.rows).toBe(2);
});

test('cancelling a build stops it with the reason of the cancellation', async () => {
  const lake = newLake(folder.path());
  const controller = new AbortController();
  const reason = new Error('cancelled');
  function* endless(): Generator<string[]> {
    for (let id = 0; ; id += 1) {
      if (id === 1000) controller.abort(reason);
      yield [String(id)];
    }
  }
  const { signal } = controller;
  const building = writeRows(lake, { table: things(), inputs: {}, rows: endless, signal });
  await expect(building).rejects.toBe(reason);
  expect(await keysOf(lake)).toEqual([]);
});

test('a refresh with nothing new reuses every table and repeats the release', async () => {
  const lake = newLake(folder.path());
  await ingestInto(lake, {
    source: await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }])),
  });
  const first = await refreshLake(lake);
  const release = await latestRelease(lake, 'watch');
  const again = await refreshLake(lake);
  expect(Object.values(again).map(({ reused }) => reused)).toEqual([true, true, true]);
  expect(await latestRelease(lake, 'watch')).toEqual(release);
  expect(release?.snapshots).toEqual(
    Object.fromEntries(Object.entries(first).map(([table, m]) => [table, m.snapshotId])),
  );
  const other = await refreshLake(lake, { window: { lengthMs: 2000, stepMs: 1000 } });
  expect(other.recordings_trusted?.reused).toBe(true);
  expect(other.windows?.reused).toBe(false);
});

test('the same source gives the same content in two lakes', async () => {
  const source = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  const hashes = [];
  for (const lake of [newLake(folder.path()), newLake(folder.path())]) {
    await ingestInto(lake, { source });
    const built = await refreshLake(lake);
    hashes.push(await Promise.all(Object.values(built).map((m) => tableContentHash(lake, m))));
  }
  expect(hashes[0]).toEqual(hashes[1]);
  expect(new Set(hashes[0]).size).toBe(3);
});

test('a release of a snapshot that does not exist moves no pointer', async () => {
  const lake = newLake(folder.path());
  const { manifest } = await writeRows(lake, { table: things(), inputs: {}, rows: twoRows });
  const snapshots = { things: manifest.snapshotId, windows: 'nowhere' };
  await expect(releaseNext(lake, { dataset: 'watch', snapshots })).rejects.toMatchObject({
    code: 'TABLE_NOT_FOUND',
  });
  expect(await pointerOf(lake)).toBeNull();
  expect(await latestRelease(lake, 'watch')).toBeNull();
});

test('a curated table cannot have a personal column', () => {
  const personal = column('name', 'string', 'Name', { personal: true });
  expect(() => declareTable({ ...things(), columns: [...things().columns, personal] })).toThrow(
    'personal columns: name',
  );
  expect(() => declareTable({ ...things(), key: ['nothing'] })).toThrow('no column nothing');
});

test('the recipe changes with the checks and the columns, not with the comments', () => {
  const check = { name: 'c', sql: 'SELECT 0 AS offending' };
  expect(recipeHash(things([check]))).not.toBe(recipeHash(things()));
  expect(recipeHash({ ...things(), comment: 'other words' })).toBe(recipeHash(things()));
});

test('tables that need each other are refused, others are put in stages', () => {
  const named = (name: string, inputs: string[]) => ({ ...things(), name, inputs });
  expect(stagesOf([named('c', ['a', 'b']), named('a', ['x']), named('b', ['x'])])).toEqual([
    { tables: ['a', 'b'] },
    { tables: ['c'] },
  ]);
  expect(() => stagesOf([named('a', ['b']), named('b', ['a'])])).toThrow('need each other');
});

test('the imbalance counts rows lost and rows made up', () => {
  const counts = { quarantined: { x: 2 }, dropped: { y: 1 } };
  expect(imbalance({ inputRows: 10, usedRows: 7, ...counts })).toBe(0);
  expect(imbalance({ inputRows: 10, usedRows: 6, ...counts })).toBe(1);
  expect(imbalance({ inputRows: 10, usedRows: 9, ...counts })).toBe(2);
});

test('an engine that says nothing of the files it wrote is not believed', async () => {
  const lake = newLake(folder.path());
  const nothing = { rows: 1, inputRows: 1, usedRows: 1, quarantined: {}, dropped: {} };
  const write = async () => ({ ...nothing, files: [], quarantineFiles: [], firstProblems: [] });
  await expect(ensureSnapshot(lake, { table: things(), inputs: {}, write })).rejects.toMatchObject({
    code: 'CHECK_FAILED',
    message: expect.stringContaining('files-hold-the-rows') as string,
  });
});
