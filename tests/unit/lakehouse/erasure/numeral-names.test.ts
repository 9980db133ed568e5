/** People, recordings and devices called by digits alone: they go, and nobody's numbers with them. */
import { formatNamed } from '../../../../lakehouse/formats';
import { rewriteEvents } from '../../../../lakehouse/devices/rewrite-events';
import { removeHoldings } from '../../../../lakehouse/erasure/remove';
import { scanLake } from '../../../../lakehouse/erasure/scan';
import { LANDING_TABLE } from '../../../../lakehouse/landing/descriptor';
import { subjectKeyOf } from '../../../../lakehouse/landing/ingest-plan';
import { query } from '../../../../lakehouse/query';
import { findManifest } from '../../../../lakehouse/snapshots';
import { FakeTopic, landAll } from '../../../support/device-events';
import {
  SECRET,
  archiveFiles,
  ingestInto,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../../../support/recordings';

const folder = temporaryFolder();
const INSTEAD = '00000000000000aa';

test('a subject goes, and samples that are the same number stay', async () => {
  const dataset = 'watch';
  const subject = '100234';
  const lake = newLake(folder.path());
  // The times of the others run over the names of the erased one.
  const files = archiveFiles([
    { recording: '200345', subject, device: '300456' },
    { recording: 'ada-one', subject: 'Ada Sample', startMs: 100_034 },
    { recording: 'ada-two', subject: 'Ada Sample', startMs: 200_345 },
    { recording: 'bob-one', subject: 'Bob Moss', startMs: 300_456 },
  ]);
  files['recordings/ada-one.csv'] += '100234,fast,0,100234,walking\n';
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  await refreshLake(lake);
  const artefact = (name: string) => ({
    ...{ subjects: [name, 'Ada'], rows: 100234, weights: [100234, -200345, 0.300456] },
    ...{ file: `recordings/${name}.csv`, by: { [name]: 100234 } },
  });
  const key = 'models/activity/1/artefact.json';
  await lake.store.put(key, JSON.stringify(artefact(subject)));

  const known = { identifier: subject, subjectKey: subjectKeyOf(SECRET, dataset, subject) };
  const { erasing } = formatNamed('recordings');
  const { person } = await erasing.findPerson(lake, { ...known, dataset });
  const texts = expect.arrayContaining([subject, '200345', '300456', known.subjectKey]) as string[];
  expect(person).toMatchObject({ texts, values: [], shared: 0 });
  const request = { dataset, needles: person };
  expect((await scanLake(lake, request)).found.length).toBeGreaterThan(3);
  await erasing.rewriteLanding(lake, { dataset, subject: INSTEAD, erased: INSTEAD, person });
  const rebuilt = await refreshLake(lake);
  await removeHoldings(lake, { ...request, instead: INSTEAD, graceMs: -1 });

  // The proof goes by this.
  expect((await scanLake(lake, request)).found).toEqual([]);
  expect(JSON.parse((await lake.store.get(key)).toString())).toEqual(artefact(INSTEAD));
  expect(await findManifest(lake, { dataset, table: LANDING_TABLE })).toMatchObject({
    rows: 1_501,
  });
  expect(Object.values(rebuilt).map(({ quarantined }) => quarantined)).toContainEqual({
    'timestamp-backwards': 1,
  });
});

test('numbers in events of others, and in messages that are none, are left alone', async () => {
  const lake = newLake(folder.path());
  const topic = new FakeTopic().add(
    { device: '200345', at: '2026-03-01T10:00:00Z', hr: 60 },
    { at: '2026-03-01T11:00:00.100234Z', hr: 61, total: 100234, of: [200345] },
    { at: '2026-03-01T12:00:00Z', hr: 61, pairedWith: '200345' },
    { at: '2026-03-01T13:00:00Z', hr: 61, 'met-100234': true },
    '{"device_id":"watch-1","hr":"fast","steps":100234,"seen":[100234,200345]}',
    '{"device_id":"watch-1","hr":"fast","seen":"100234"}',
    '{"device_id":"watch-1","steps":100234,"hr":',
  );
  await landAll(lake, topic);
  const names = { texts: ['100234', '200345'], values: [], shared: 0 };
  const person = { identifier: '100234', subjectKey: 'none', devices: ['200345'], ...names };
  const request = { dataset: 'devices', erased: INSTEAD, person };
  expect(await rewriteEvents(lake, request)).toEqual({ device_events: 2 });
  const sql = 'SELECT extra FROM device_events ORDER BY timestamp_ms';
  expect((await query(lake, { sql, dataset: 'devices' })).rows).toEqual([
    { extra: '{"total":100234,"of":[200345]}' },
    { extra: null },
    { extra: null },
  ]);
  const { quarantined } = await findManifest(lake, { dataset: 'devices', table: 'device_events' });
  expect(Object.values(quarantined).reduce((sum, n) => sum + n, 0)).toBe(2);
});
