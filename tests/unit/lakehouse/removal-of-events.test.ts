/** A removal hands over how far the topics of events were read, and what has become of its snapshot keeps nothing in the lake. */
import { EVENTS_TABLE } from '../../../lakehouse/devices/names';
import type { Lake } from '../../../lakehouse/lake';
import { manifestKey, snapshotPrefix } from '../../../lakehouse/manifest';
import { removeFromLake, type FormerDataset } from '../../../lakehouse/removal';
import { FakeTopic, landAll } from '../../support/device-events';
import { keysOf, newLake, temporaryFolder } from '../../support/recordings';

const folder = temporaryFolder();
const dataset = 'devices';

const threeEvents = (): FakeTopic =>
  new FakeTopic().add(...[1, 2, 3].map((hour) => ({ at: `2026-03-01T0${hour}:00:00Z` })));

async function removed(lake: Lake): Promise<FormerDataset> {
  let told: FormerDataset | null = null;
  await removeFromLake(lake, { dataset, removeRecords: async (former) => void (told = former) });
  if (told === null) throw new Error('nothing was told');
  return told;
}

test.each([
  ['is lost', (lake: Lake, key: string) => lake.store.remove(key)],
  ['is cut off', (lake: Lake, key: string) => lake.store.put(key, '{"rows":')],
])('a dataset whose manifest of events %s goes as well', async (_what, damage) => {
  const lake = newLake(folder.path());
  await damage(lake, manifestKey(snapshotPrefix(await landAll(lake, threeEvents()))));
  expect(await removed(lake)).toEqual({ tables: [EVENTS_TABLE], topicsRead: {} });
  expect(await lake.catalog.list({ dataset })).toEqual([]);
  expect((await keysOf(lake)).filter((key) => key.includes('/devices/'))).toEqual([]);
});

test('a store that cannot be asked is no lost manifest: nothing is begun', async () => {
  const lake = newLake(folder.path());
  const key = manifestKey(snapshotPrefix(await landAll(lake, threeEvents())));
  await lake.catalog.identity();
  const before = await keysOf(lake);
  const get = (of: string) =>
    of === key ? Promise.reject(new Error('no network')) : lake.store.get(of);
  await expect(removed({ ...lake, store: { ...lake.store, get } })).rejects.toThrow('no network');
  expect(await keysOf(lake)).toEqual(before);
});
