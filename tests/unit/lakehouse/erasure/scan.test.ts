/** The scan of an erasure: beside others who remove, and without taking their own words for people. */
import { WatchlakeError } from '../../../../core/errors';
import { rewriteEvents } from '../../../../lakehouse/devices/rewrite-events';
import { scanLake } from '../../../../lakehouse/erasure/scan';
import type { Lake } from '../../../../lakehouse/lake';
import { trainingWindowsTable } from '../../../../lakehouse/watch/model-tables';
import { FakeTopic, landAll } from '../../../support/device-events';
import { publishNext } from '../../../support/publishing';
import { newLake, temporaryFolder } from '../../../support/recordings';

const folder = temporaryFolder();
const DATASET = 'watch';
const needles = { texts: ['eve@example.org'], values: [] };

const table = trainingWindowsTable({ dataset: DATASET, recipe: 1 });
const rows = () => [['w', 'eve@example.org', 'd', 0, 'walking', Float32Array.of(1)]];

/** The lake, in which somebody removes what is about to be read. */
const losing = (lake: Lake, isLost: (key: string) => boolean): Lake => {
  const after =
    <T>(read: (key: string) => Promise<T>) =>
    async (key: string): Promise<T> => {
      if (isLost(key)) await lake.store.remove(key);
      return read(key);
    };
  const { localPath, stream, get } = lake.store;
  const store = {
    ...lake.store,
    localPath: after(localPath),
    stream: after(stream),
    get: after(get),
  };
  return { ...lake, store };
};

test('what somebody removes between the listing and the reading is skipped', async () => {
  const lake = newLake(folder.path());
  await publishNext(lake, { table, inputs: { version: '1' }, rows });
  await lake.store.put('reports/old.html', 'eve@example.org');
  const request = { dataset: DATASET, needles };
  const whole = await scanLake(lake, request);
  expect(whole.found).toHaveLength(2);
  const rest = await scanLake(
    losing(lake, (key) => whole.found.includes(key)),
    request,
  );
  expect(rest).toMatchObject({ objects: whole.objects - 2, found: [], rows: 0 });
});

test('a message that is no text, kept in quarantine, is searched and goes', async () => {
  const lake = newLake(folder.path());
  const dataset = 'devices';
  await landAll(
    lake,
    new FakeTopic().add(Buffer.from('{"user":"eve@example.org","at":"caf\xe9"}', 'latin1')),
  );
  const known = { identifier: 'eve', subjectKey: 'none', devices: [], shared: 0, ...needles };
  expect((await scanLake(lake, { dataset, needles })).found).toHaveLength(1);
  expect(await rewriteEvents(lake, { dataset, erased: 'eve', person: known })).toEqual({
    device_events: 1,
  });
});

test('what is there and cannot be read is not skipped', async () => {
  const lake = newLake(folder.path());
  await lake.store.put('reports/old.html', 'eve@example.org');
  const stream = async (): Promise<never> => {
    throw new WatchlakeError('AWS_UNAVAILABLE', { operation: 's3:GetObject', subject: 'reports' });
  };
  const broken = { ...lake, store: { ...lake.store, stream } };
  await expect(scanLake(broken, { dataset: DATASET, needles })).rejects.toMatchObject({
    code: 'AWS_UNAVAILABLE',
  });
});
