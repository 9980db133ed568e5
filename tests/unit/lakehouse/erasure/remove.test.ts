/** An erasure removes what is superseded, and nothing that others work on beside it. */
import { utimes } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Lake } from '../../../../lakehouse/lake';
import { removeHoldings } from '../../../../lakehouse/erasure/remove';
import { scanLake } from '../../../../lakehouse/erasure/scan';
import { publishRows, writeRows } from '../../../../lakehouse/publish';
import { findBase } from '../../../../lakehouse/published';
import { trainingWindowsTable } from '../../../../lakehouse/watch/model-tables';
import { formatNamed } from '../../../../lakehouse/formats';
import { loadPlan } from '../../../../lakehouse/landing/ingest-folder';
import { openSource } from '../../../../lakehouse/sources/open-source';
import { NOBODY } from '../../../../lakehouse/suppression';
import { renderReport } from '../../../../report/render-report';
import { stediFiles, threePeople } from '../../../support/made-stedi';
import { publishNext } from '../../../support/publishing';
import { sampleReport } from '../../report/report-fixture';
import { SECRET, keysOf, newLake, temporaryFolder, writeFolder } from '../../../support/recordings';

const folder = temporaryFolder();
const DATASET = 'watch';
const GRACE_MS = 60_000;

const table = {
  ...trainingWindowsTable({ dataset: DATASET, recipe: 1 }),
  ...{ name: 'samples_landing', zone: 'landing' as const },
};
const OF = { dataset: DATASET, table: table.name };
const rows = () => [['w', 's', 'd', 0, 'walking', Float32Array.of(1)]];
const version = (inputs: string) => ({ table, inputs: { version: inputs }, rows });

const needles = { texts: ['eve@example.org'], values: [] };
const remove = (lake: Lake, graceMs = GRACE_MS, since?: string) =>
  removeHoldings(lake, { dataset: DATASET, needles, instead: '00000000000000aa', graceMs, since });

const snapshots = async (lake: Lake): Promise<string[]> => {
  const keys = await keysOf(lake, `landing/${DATASET}/${table.name}/`);
  return [...new Set(keys.map((key) => key.split('/')[3] as string))];
};

/** The lake, with something that happens around the catalogue's answer. */
const aroundList = (
  lake: Lake,
  { before = async () => {}, after = async () => {} }: Record<string, () => Promise<unknown>>,
): Lake => ({
  ...lake,
  catalog: {
    ...lake.catalog,
    list: async (of) => {
      await before();
      const answer = await lake.catalog.list(of);
      await after();
      return answer;
    },
  },
});

const once = (work: () => Promise<unknown>) => {
  let done: Promise<unknown> | undefined;
  return () => (done ??= work());
};

test('what was published before goes at once, however young', async () => {
  const lake = newLake(folder.path());
  await publishNext(lake, version('1'));
  const { manifest } = await publishNext(lake, version('2'));
  expect(await remove(lake)).toMatchObject({ snapshots: 1 });
  expect(await snapshots(lake)).toEqual([manifest.snapshotId]);
});

test.each(['before', 'after'])('what is published %s the pointers are read stays', async (when) => {
  const lake = newLake(folder.path());
  await publishNext(lake, version('1'));
  const publishes = { [when]: once(() => publishNext(lake, version('2'))) };
  await remove(aroundList(lake, publishes)).catch(() => undefined);
  const { before } = await findBase(lake, OF);
  expect(before?.inputs).toEqual({ version: '2' });
  await remove(lake);
  expect(await snapshots(lake)).toEqual([before?.snapshotId]);
});

test('what is finished and about to be published is waited for', async () => {
  const lake = newLake(folder.path());
  await publishNext(lake, version('1'));
  const replaces = await findBase(lake, OF);
  const { manifest } = await writeRows(lake, version('2'));
  await expect(remove(lake)).rejects.toMatchObject({ code: 'ERASURE_WAITS' });
  await publishRows(lake, { ...version('2'), replaces });
  await remove(lake);
  expect(await snapshots(lake)).toEqual([manifest.snapshotId]);
});

test('what nobody has published within the grace goes', async () => {
  const lake = newLake(folder.path());
  const { manifest } = await publishNext(lake, version('1'));
  await writeRows(lake, version('2'));
  await remove(lake, -1);
  expect(await snapshots(lake)).toEqual([manifest.snapshotId]);
});

const at = (offsetMs: number): string => new Date(Date.now() + offsetMs).toISOString();

/** An ingest that has landed everything and published nothing; what is left to do is returned. */
async function beginIngest(lake: Lake) {
  const format = formatNamed('stedi');
  const address = await writeFolder(folder.path(), stediFiles(threePeople()));
  const source = await openSource(address, { extensions: format.extensions });
  const request = { dataset: DATASET, source, secret: SECRET, suppression: NOBODY };
  const { planKey, batches } = await format.openIngest(lake, request);
  const plan = await loadPlan(lake, planKey);
  for (const batch of Array.from({ length: batches }).keys()) {
    await format.landBatch(lake, { ...request, plan, batch });
  }
  await source.close();
  return async () => format.publishLanding(lake, await loadPlan(lake, planKey), {});
}

test('an ingest that began meanwhile keeps its plan and what it has landed', async () => {
  const lake = newLake(folder.path());
  const since = at(0);
  const publish = await beginIngest(lake);
  await remove(lake, GRACE_MS, since);
  expect(await publish()).toMatchObject({ rows: 15 });
});

test('what an ingest that began before has left goes at once', async () => {
  const lake = newLake(folder.path());
  await beginIngest(lake);
  expect(await remove(lake, GRACE_MS, at(2_000))).toMatchObject({ snapshots: 1 });
  expect(await keysOf(lake, `landing/${DATASET}/ingests/`)).toEqual([]);
});

test('of an ingest that names the person the end is waited for, and a dead one goes', async () => {
  const lake = newLake(folder.path());
  const since = at(0);
  const key = `landing/${DATASET}/ingests/0123456789abcdef/plan-1.json`;
  await lake.store.put(key, '{"known":{"members":[{"name":"eve@example.org.csv"}]}}');
  await expect(remove(lake, GRACE_MS, since)).rejects.toMatchObject({ code: 'ERASURE_WAITS' });
  await remove(lake, -1, since);
  expect(await keysOf(lake, key)).toEqual([]);
});

test('a file system whose clock is a tick behind tells nobody to be dead', async () => {
  const lake = newLake(folder.path());
  const key = `landing/${DATASET}/ingests/0123456789abcdef/plan-1.json`;
  await lake.store.put(key, '{"known":{"members":[{"name":"eve@example.org.csv"}]}}');
  const second = Math.floor(Date.now() / 1_000) * 1_000;
  await utimes(fileURLToPath(lake.store.uriOf(key)), (second - 4) / 1_000, (second - 4) / 1_000);
  const since = new Date(second).toISOString();
  await expect(remove(lake, GRACE_MS, since)).rejects.toMatchObject({ code: 'ERASURE_WAITS' });
});

test('a table that is being written by who began meanwhile is kept, and not waited for', async () => {
  const lake = newLake(folder.path());
  await publishNext(lake, version('1'));
  const since = at(0);
  const key = `landing/${DATASET}/${table.name}/0123456789abcdef/data/0.txt`;
  await lake.store.put(key, 'rows of others');
  await expect(remove(lake)).rejects.toMatchObject({ code: 'ERASURE_WAITS' });
  await remove(lake, GRACE_MS, since);
  expect(await keysOf(lake, key)).toEqual([key]);
  await lake.store.put(key, 'rows of eve@example.org');
  await expect(remove(lake, GRACE_MS, since)).rejects.toMatchObject({ code: 'ERASURE_WAITS' });
});

test('what an erasure itself has left goes, whenever that was', async () => {
  const lake = newLake(folder.path());
  const since = at(0);
  await lake.store.put(`landing/${DATASET}/ingests/erasure/1/data/0.txt`, 'kept by an erasure');
  await remove(lake, GRACE_MS, since);
  expect(await keysOf(lake, `landing/${DATASET}/ingests/`)).toEqual([]);
});

test('a report forgets the person, also by the short form of the key that charts had', async () => {
  const lake = newLake(folder.path());
  const key = 'aaf3bb9c01d24e67';
  const report = 'reports/demo.html';
  const others = 'fill="#aaf3bb9c" 0.aaf3bb9c aaf3bb9c99999999 aaf3bb9c-0000 /aaf3bb9cx';
  const ofPerson = `<title>${key}: 0.8</title><title>before: aaf3bb9c 0.8 → 0.9.</title>`;
  await lake.store.put(report, `${ofPerson}<text>aaf3bb9c</text><p>${others}</p>`);
  await lake.store.put('reports/short.html', '<text>aaf3bb9c</text>');
  await lake.store.put('reports/notes.txt', 'aaf3bb9c');
  const request = { dataset: DATASET, needles: { texts: [key], values: [] } };
  expect((await scanLake(lake, request)).found).toEqual([report, 'reports/short.html']);
  const removal = { ...request, instead: '00000000000000aa', graceMs: GRACE_MS };
  expect(await removeHoldings(lake, removal)).toMatchObject({ rewritten: 2 });
  expect((await lake.store.get(report)).toString()).toBe(
    `<title>00000000000000aa: 0.8</title><title>before: 00000000 0.8 → 0.9.</title><text>00000000</text><p>${others}</p>`,
  );
  expect((await lake.store.get('reports/notes.txt')).toString()).toBe('aaf3bb9c');
  expect((await scanLake(lake, request)).found).toEqual([]);
});

test('nothing of the key of an erased person is left in a report', async () => {
  const lake = newLake(folder.path());
  const data = sampleReport();
  const key = 'aaf3bb9c01d24e67';
  const known = data.after?.evaluation.bySubject[0]?.subject as string;
  const named = JSON.parse(JSON.stringify(data).replaceAll(known, key)) as typeof data;
  await lake.store.put('reports/demo.html', renderReport(named));
  const request = { dataset: DATASET, needles: { texts: [key], values: [] } };
  await removeHoldings(lake, { ...request, instead: '00000000000000aa', graceMs: GRACE_MS });
  const left = (await lake.store.get('reports/demo.html')).toString();
  expect(left).not.toContain(key.slice(0, 8));
  expect(left).toContain('<code>00000000000000aa</code>');
});
