/** A removal hands over how far the topics of events were read, and what has become of its snapshot keeps nothing in the lake. */
import { EVENTS_TABLE } from '../../../lakehouse/devices/names';
import type { Lake } from '../../../lakehouse/lake';
import { manifestKey, snapshotPrefix } from '../../../lakehouse/manifest';
import { removeFromLake, type FormerDataset } from '../../../lakehouse/removal';
import {
  allRemovedStreams,
  rememberRemoved,
  removedStreams,
  type TopicPlace,
} from '../../../lakehouse/removed-streams';
import { FakeTopic, landAll, TOPIC } from '../../support/device-events';
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

test('what a landing has read that did not see the removal begin is known to the next run of it', async () => {
  const lake = newLake(folder.path());
  const topic = threeEvents();
  await landAll(lake, topic, { upTo: 1 });
  const [first] = await lake.catalog.list({ dataset });
  const key = manifestKey(snapshotPrefix(await landAll(lake, topic)));
  const [second] = await lake.catalog.list({ dataset });
  const manifest = await lake.store.get(key);
  if (!first || !second) throw new Error('nothing was published');
  await lake.catalog.drop({ dataset, table: EVENTS_TABLE });
  await lake.catalog.publish(first, 0);

  const removeRecords = async () => {
    await lake.store.put(key, manifest);
    await lake.catalog.publish(second, 0);
  };
  const removal = removeFromLake(lake, { dataset, removeRecords });
  await expect(removal).rejects.toMatchObject({ code: 'DATASET_IN_USE' });
  const { topicsRead } = await removed(lake);
  expect(topicsRead).toMatchObject({ [TOPIC]: { endOffsets: { 0: 3 } } });
});

test('what lies in one partition alone is remembered, and nothing of topics that are empty', async () => {
  const { store } = newLake(folder.path());
  const place = (...ends: number[]) => ({ endOffsets: { ...ends }, lastRead: {} });
  await rememberRemoved(store, 'none', { samples: place(0, 0), predictions: place(0) });
  await rememberRemoved(store, 'some', { samples: place(0, 0), predictions: place(0, 5) });
  const all = await allRemovedStreams(store);
  expect([...all].map(([dataset, { times }]) => [dataset, times])).toEqual([['some', 1]]);
});

test('of several removals each topic of events is remembered as far as the last one knew it', async () => {
  const { store } = newLake(folder.path());
  const place = (end: number) => ({ endOffsets: { 0: end }, lastRead: {} });
  const remember = (events?: Record<string, TopicPlace>) =>
    rememberRemoved(store, dataset, { samples: place(1), predictions: place(1), events });
  await remember({ now: place(1), former: place(2) });
  await remember({ now: place(7) });
  await remember();
  expect(await removedStreams(store, dataset)).toMatchObject({
    times: 3,
    events: { now: place(7), former: place(2) },
  });
});
