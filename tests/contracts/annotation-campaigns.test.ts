/** What the annotation store promises to whoever goes from one task, or one campaign, to another. */
import { createAnnotationStore, type AnnotationStore } from '../../annotation/annotation';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { openCampaignWith } from '../support/label-tasks';

let database: TestDatabase;
let store: AnnotationStore;

beforeAll(async () => {
  database = await createTestDatabase();
  store = createAnnotationStore(database.pool);
});
afterAll(() => database.drop());

test('comes to another campaign when the one before has no free task, the oldest first', async () => {
  // Of the same windows, one as sure as the other; their names say nothing of their age.
  for (const campaign of ['second', 'first', 'third'])
    await openCampaignWith(store, { campaign, tasks: 3, dataset: campaign });
  const asked: string[] = [];
  for (let round = 0; round < 5; round += 1) {
    const [got] = await store.leaseTasks({ annotator: 'anna', leaseSeconds: 60 });
    const { task, lease, campaign } = got!;
    asked.push(campaign);
    await store.answerTasks({ annotator: 'anna', answers: [{ task, lease, label: 'walk' }] });
  }
  const rest = await store.leaseTasks({ annotator: 'anna', leaseSeconds: 60, count: 9 });
  asked.push(...rest.map(({ campaign }) => campaign));
  const inTurn = ['second', 'first', 'third'].flatMap((campaign) => [campaign, campaign, campaign]);
  expect(asked).toEqual(inTurn);
});

test('gives a returned task to the next, but no answered one, nor one that is in other hands', async () => {
  const campaign = 'returned';
  await openCampaignWith(store, { campaign, tasks: 1, dataset: campaign });
  const leaseFor = async (annotator: string) =>
    (await store.leaseTasks({ campaign, annotator, leaseSeconds: 60 }))[0];
  const { task, lease } = (await leaseFor('anna'))!;
  expect(await store.returnTask({ task, annotator: 'ben', lease })).toEqual({ returned: false });
  expect(await leaseFor('ben')).toBeUndefined();
  expect(await store.returnTask({ task, annotator: 'anna', lease })).toEqual({ returned: true });
  const next = (await leaseFor('ben'))!;
  expect(next.task).toBe(task);
  expect(await store.returnTask({ task, annotator: 'anna', lease })).toEqual({ returned: false });
  const answers = [{ task, lease: next.lease, label: 'walk' }];
  await store.answerTasks({ annotator: 'ben', answers });
  const answered = { task, annotator: 'ben', lease: next.lease };
  expect(await store.returnTask(answered)).toEqual({ returned: false });
  expect(await store.progress({ campaign })).toMatchObject({ answered: 1, open: 0, leased: 0 });
});

test('gives first what is in hand, though another campaign has been open for longer', async () => {
  for (const campaign of ['hand-old', 'hand-new'])
    await openCampaignWith(store, { campaign, tasks: 2, dataset: campaign });
  const asked = { annotator: 'hanna', leaseSeconds: 60 };
  const [held] = await store.leaseTasks({ ...asked, campaign: 'hand-new' });
  const leased = await store.leaseTasks({ ...asked, count: 3 });
  expect(leased[0]!.task).toBe(held!.task);
  expect(leased[1]!.campaign).not.toBe('hand-new');
});

test('lists the newest campaigns first, and hides no open one behind those that have closed', async () => {
  const before = await store.listCampaigns();
  for (const { campaign } of before) await store.closeCampaign({ campaign });
  for (const campaign of ['still-open', 'closed-1', 'closed-2']) {
    await openCampaignWith(store, { campaign, tasks: 1, dataset: campaign });
    if (campaign !== 'still-open') await store.closeCampaign({ campaign });
  }
  const listed = async (limit: number) =>
    (await store.listCampaigns({ limit })).map(({ campaign }) => campaign);
  expect(await listed(2)).toEqual(['closed-2', 'still-open']);
  expect(await listed(3)).toEqual(['closed-2', 'closed-1', 'still-open']);
});
