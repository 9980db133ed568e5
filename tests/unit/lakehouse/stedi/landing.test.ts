/** Landing again, changed files, erased people, mended rules: what lies in the lake follows. */
import { appendFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lake } from '../../../../lakehouse/lake';
import { tableContentHash } from '../../../support/content-hash';
import { modelFolders } from '../../../../lakehouse/model-artefacts';
import { query } from '../../../../lakehouse/query';
import { findManifest } from '../../../../lakehouse/snapshots';
import { SOURCE_FIELDS } from '../../../../lakehouse/stedi/fields';
import { landFile } from '../../../../lakehouse/stedi/land-file';
import { readSourceFiles } from '../../../../lakehouse/stedi/layout';
import { stediLocation } from '../../../../lakehouse/stedi/locations';
import { replayQuarantine } from '../../../../lakehouse/stedi/replay';
import { subjectKey } from '../../../../lakehouse/stedi/subject-keys';
import { withdrawalsOf } from '../../../../lakehouse/stedi/withdrawn';
import { openSource } from '../../../../lakehouse/sources/open-source';
import type { Suppression } from '../../../../lakehouse/suppression';
import { NOBODY } from '../../../../lakehouse/suppression';
import { vacuum } from '../../../../lakehouse/vacuum';
import {
  DAY,
  accelerometerLine,
  customerLine,
  emailOf,
  stediFiles,
  threePeople,
} from '../../../support/made-stedi';
import {
  SECRET,
  keysOf,
  newLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../../../support/recordings';
import { ingestStedi, refreshStedi, rowsOfTables } from '../../../support/stedi';

const folder = temporaryFolder();

async function threeLanded() {
  const lake = newLake(folder.path());
  const source = await writeFolder(folder.path(), stediFiles(threePeople()));
  return { lake, source, landed: await ingestStedi(lake, { source }) };
}

const readingsOf = async (lake: Lake) =>
  (await query(lake, { sql: 'SELECT * FROM accelerometer_landing', dataset: 'stedi' })).rows;

test('each table lies where its readers elsewhere expect it', async () => {
  const { lake } = await threeLanded();
  await refreshStedi(lake);
  for (const { table, prefix, snapshotId } of await lake.catalog.list({ dataset: 'stedi' })) {
    expect(prefix).toBe(`${stediLocation('stedi', table)}${snapshotId}/`);
    expect(await lake.store.has(`${prefix}manifest.json`)).toBe(true);
  }
  expect(stediLocation('stedi', 'step_trainer_landing')).toBe('step_trainer/landing/');
  expect(stediLocation('trial', 'machine_learning_curated')).toBe(
    'trial/machine_learning/curated/',
  );
});

test('the same source again is a no-op, and leaves nothing behind', async () => {
  const { lake, source, landed } = await threeLanded();
  const before = (await keysOf(lake)).filter((key) => !key.includes('/plan-'));
  const again = await ingestStedi(lake, { source });
  expect(again).toMatchObject({ alreadyLanded: true, snapshotId: landed.snapshotId, members: 0 });
  expect((await keysOf(lake)).filter((key) => !key.includes('/plan-'))).toEqual(before);
});

test('a file that is written to while it is read is refused, and nothing of it lands', async () => {
  const lake = newLake(folder.path());
  const from = await writeFolder(folder.path(), stediFiles(threePeople()));
  const source = await openSource(from, { extensions: ['.json'] });
  const [file] = readSourceFiles(source);
  if (file === undefined) throw new Error('there are no files');
  const pathOf = (member: string): string | null => {
    const path = source.pathOf?.(member) ?? null;
    if (path !== null) appendFileSync(path, '{}\n');
    return path;
  };
  const context = {
    withdrawals: await withdrawalsOf(NOBODY, 'stedi'),
    ...{ keyOf: () => 'a key', prefix: 'part/' },
  };
  const landing = landFile(lake, { ...source, pathOf }, file, context);
  await expect(landing).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
  expect(await keysOf(lake)).toEqual([]);
});

test('a new file is added, a changed one takes the place of its earlier version', async () => {
  const { lake, source } = await threeLanded();
  const file = (name: string) => join(source, 'accelerometer', name);
  await writeFile(file('accelerometer-2.json'), `${accelerometerLine('ann', DAY + 7)}\n`);
  expect((await ingestStedi(lake, { source })).tables?.accelerometer_landing?.rows).toBe(7);
  await writeFile(file('accelerometer-1.json'), `${accelerometerLine('ben', DAY + 8)}\n`);
  const changed = await ingestStedi(lake, { source });
  expect(changed.tables?.accelerometer_landing?.rows).toBe(2);
  expect(changed.tables?.customer_landing?.reused).toBe(true);
});

test('a zip lands as its folder does', async () => {
  const { lake } = await threeLanded();
  const other = newLake(folder.path());
  const zip = await writeZip(folder.path(), stediFiles(threePeople()));
  await ingestStedi(other, { source: zip });
  for (const table of ['customer_landing', 'accelerometer_landing', 'step_trainer_landing']) {
    const of = { dataset: 'stedi', table };
    const [ours, theirs] = [await findManifest(lake, of), await findManifest(other, of)];
    expect(await tableContentHash(other, theirs)).toBe(await tableContentHash(lake, ours));
  }
});

test('tables of another dataset lie apart and count for themselves', async () => {
  const { lake, source } = await threeLanded();
  await refreshStedi(lake);
  await ingestStedi(lake, { source, dataset: 'trial' });
  expect(rowsOfTables(await refreshStedi(lake, {}, 'trial'))).toEqual([2, 4, 2, 4, 4]);
  expect((await lake.catalog.list({ dataset: 'trial' })).map(({ prefix }) => prefix)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^trial\/customer\/trusted\//)]),
  );
});

// An erasure takes what lies in `jobs/customer/` for that of a dataset `customer`, and in `removed/` for what was removed. With
// a model `customer` goes what lies in the folders of that name.
test.each(['landing', 'jobs', 'removed', ...modelFolders('m').map((each) => each.split('/')[0])])(
  'a dataset may not take the name of a folder of the lake: %s',
  async (dataset) => {
    const { lake, source } = await threeLanded();
    const error = await ingestStedi(lake, { source, dataset }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'INPUT_INVALID', context: { field: 'dataset' } });
  },
);

test('landing tables found by their prefix give the same tables', async () => {
  const { lake } = await threeLanded();
  const byCatalog = await refreshStedi(lake);
  const byPath = await refreshStedi(lake, { from: 'path' });
  expect(Object.values(byPath).map(({ snapshotId, reused }) => [snapshotId, reused])).toEqual(
    Object.values(byCatalog).map(({ snapshotId }) => [snapshotId, true]),
  );
});

test('vacuum removes what the catalogue has left behind, and nothing else', async () => {
  const { lake, source } = await threeLanded();
  await refreshStedi(lake);
  await writeFile(join(source, 'customer', 'customer-2.json'), customerLine({ name: 'dan' }));
  await ingestStedi(lake, { source });
  await refreshStedi(lake);
  await new Promise((resolve) => setTimeout(resolve, 5));
  const request = { dataset: 'stedi', dryRun: false, keepSnapshotIds: [], keepReleases: 1 };
  const { removed } = await vacuum(lake, { ...request, graceMs: 0 });
  expect(removed).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^customer\/landing\/[^/]+$/),
      expect.stringMatching(/^machine_learning\/curated\/[^/]+$/),
    ]),
  );
  expect(rowsOfTables(await refreshStedi(lake))).toEqual([3, 4, 2, 4, 4]);
  expect(Object.values(await refreshStedi(lake)).every(({ reused }) => reused)).toBe(true);
});

test('a file with a bad line lands its good ones exactly as a file without', async () => {
  const good = [
    accelerometerLine('ann', DAY),
    '{"user":"a\\"\\u00e9\\n@b.c","timestamp":1655500000001,"x":1e-3,"y":-0.0,"z":1}',
    '  {"z":2.5,"y":0,"x":-1,"timestamp":1655500000002,"user":" Zoë@b.c ","other":{"a":[1]}}\r',
  ];
  const rowsWith = async (more: readonly string[]) => {
    const lake = newLake(folder.path());
    const source = await writeFolder(
      folder.path(),
      stediFiles({ accelerometer: [...good, ...more] }),
    );
    await ingestStedi(lake, { source });
    return readingsOf(lake);
  };
  const quick = await rowsWith([]);
  expect(quick).toHaveLength(3);
  expect(quick[1]).toMatchObject({ user: 'a"é\n@b.c', x: 0.001, source_line: 2 });
  expect(await rowsWith(['[]'])).toEqual(quick);
});

/** Withdrew and was erased: known by the keyed hash alone. */
const without = (name: string): Suppression => ({
  keys: async () => new Set([subjectKey(SECRET, 'stedi', emailOf(name))]),
  keyOf: (dataset, identifier) => subjectKey(SECRET, dataset, identifier),
});

test('an erased person does not come back: no row, no reading, no line in quarantine', async () => {
  const lake = newLake(folder.path());
  const made = threePeople();
  const broken = accelerometerLine('ann', DAY).replace('0.5', '"fast"');
  const cut = accelerometerLine('ann', DAY).slice(0, -10);
  const files = stediFiles({ ...made, accelerometer: [...made.accelerometer, broken, cut] });
  const source = await writeFolder(folder.path(), files);
  const { tables } = await ingestStedi(lake, { source, suppression: without('ann') });
  expect(tables).toMatchObject({
    customer_landing: { rows: 2, dropped: { 'consent-withdrawn': 1 } },
    accelerometer_landing: { rows: 4, quarantined: {}, dropped: { 'consent-withdrawn': 4 } },
    step_trainer_landing: { rows: 4, dropped: { 'consent-withdrawn': 2 } },
  });
  expect(JSON.stringify(await readingsOf(lake))).not.toContain('ann@');
});

describe('a rule that was mended', () => {
  // As if distances had to be texts once: every reading was quarantined.
  async function quarantinedBefore() {
    const stricter = SOURCE_FIELDS.accelerometer.map((each) =>
      each.name === 'x' ? { ...each, type: 'text' as const } : each,
    );
    const lake = newLake(folder.path());
    const made = threePeople();
    const files = stediFiles({ ...made, accelerometer: [...made.accelerometer, '[]'] });
    const source = await writeFolder(folder.path(), files);
    const replaced = jest.replaceProperty(SOURCE_FIELDS, 'accelerometer', stricter);
    try {
      const { tables } = await ingestStedi(lake, { source });
      expect(tables?.accelerometer_landing?.quarantined).toEqual({
        'not-an-object': 1,
        'wrong-type': 6,
      });
    } finally {
      replaced.restore();
    }
    return lake;
  }

  const replay = (lake: Lake, suppression = NOBODY) =>
    replayQuarantine(lake, { dataset: 'stedi', secret: SECRET, suppression });

  test('brings the rows back that pass it now, and keeps the rest', async () => {
    const lake = await quarantinedBefore();
    const { accelerometer_landing: after, customer_landing: other } = await replay(lake);
    expect(after).toMatchObject({ rows: 6, quarantined: { 'not-an-object': 1 }, reused: false });
    expect(other?.reused).toBe(true);
    expect(await readingsOf(lake)).toHaveLength(6);
    expect(rowsOfTables(await refreshStedi(lake))).toEqual([2, 4, 2, 4, 4]);
    expect(await keysOf(lake, 'landing/stedi/ingests/replay')).toEqual([]);
  });

  test('a second time changes nothing', async () => {
    const lake = await quarantinedBefore();
    const first = await replay(lake);
    const second = await replay(lake);
    expect(second.accelerometer_landing).toEqual({ ...first.accelerometer_landing, reused: true });
  });

  test('does not bring back who was erased in between', async () => {
    const lake = await quarantinedBefore();
    const { accelerometer_landing: after } = await replay(lake, without('ann'));
    expect(after).toMatchObject({ rows: 4, dropped: { 'consent-withdrawn': 2 } });
  });
});
