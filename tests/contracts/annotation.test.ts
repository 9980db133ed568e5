/** What the annotation store promises to annotators, to campaigns and to training. */
import { setTimeout as pause } from 'node:timers/promises';
import { createAnnotationStore, type AnnotationStore } from '../../annotation/annotation';
import type { Label } from '../../annotation/labels';
import type { LeasedTask } from '../../annotation/tasks';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { CLASSES, newTask, openCampaignWith } from '../support/label-tasks';

let database: TestDatabase;
let store: AnnotationStore;
let campaign: string;
let campaigns = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  store = createAnnotationStore(database.pool);
});
afterAll(() => database.drop());
beforeEach(() => {
  campaigns += 1;
  campaign = `campaign-${campaigns}`;
});

const lease = (annotator: string, count = 1, leaseSeconds = 60) =>
  store.leaseTasks({ campaign, annotator, count, leaseSeconds });

const answerAll = (annotator: string, tasks: readonly LeasedTask[], label: string | null) =>
  store.answerTasks({
    annotator,
    answers: tasks.map(({ task, lease: held }) => ({ task, lease: held, label })),
  });

async function labelsOf(query: { dataset: string; knownUntil?: string; pageSize?: number }) {
  const found: Label[] = [];
  for await (const label of store.labels(query)) found.push(label);
  return found;
}

/** By a connection of its own: within a transaction it is always told the same. */
async function untilWaiting(count = 1): Promise<void> {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  while ((await database.pool.query(waiting)).rowCount !== count) await pause(10);
}

/** Nobody else can change the campaign's tasks meanwhile; promises are handed out in a list, lest they are waited for here. */
async function whileHeld<T extends readonly Promise<unknown>[]>(
  work: () => Promise<T>,
): Promise<T> {
  const holder = await database.pool.connect();
  try {
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM annotation.tasks WHERE campaign = $1 FOR UPDATE', [campaign]);
    const underWay = await work();
    await holder.query('COMMIT');
    return underWay;
  } finally {
    holder.release();
  }
}

const failsWith = (code: string) => expect.objectContaining({ code }) as Error;

describe('a campaign', () => {
  test('opened again is the same, and refuses another content', async () => {
    const input = { campaign, dataset: 'watch', model: 'm', classes: CLASSES, target: 5 };
    const fewer = { ...input, classes: CLASSES.slice(1) };
    expect(await store.openCampaign(fewer)).toEqual({ filled: false });
    // Until its tasks are there: a refresh has brought another activity.
    expect(await store.openCampaign(input)).toEqual({ filled: false });
    await store.markFilled({ campaign });
    expect(await store.openCampaign(input)).toEqual({ filled: true });
    await expect(store.openCampaign({ ...input, classes: ['rest', 'run'] })).rejects.toEqual(
      failsWith('CAMPAIGN_DIFFERS'),
    );
  });

  test('takes each window once', async () => {
    await openCampaignWith(store, { campaign, tasks: 3 });
    const again = [newTask(1, { kind: 'audit' }), newTask(9)];
    expect(await store.createTasks({ campaign, tasks: again })).toEqual({ created: 1 });
    expect(await store.countTasks({ campaign })).toEqual({ uncertain: 4, audit: 0 });
  });

  test('knows the windows that others of its dataset ask', async () => {
    const dataset = 'asked';
    await openCampaignWith(store, { campaign: `${campaign}-a`, tasks: 2, dataset });
    await openCampaignWith(store, { campaign: `${campaign}-b`, tasks: 4, dataset });
    const asked = await store.askedWindows({ dataset, except: `${campaign}-b` });
    expect([...asked.keys()].sort()).toEqual(['w0000', 'w0001']);
    expect(asked.get('w0001')).toEqual({ device: 'watch-1', startMs: 4000, endMs: 8000 });
  });

  test('that does not exist is named', async () => {
    await expect(store.progress({ campaign: 'nowhere' })).rejects.toEqual(
      failsWith('CAMPAIGN_NOT_FOUND'),
    );
    await expect(store.closeCampaign({ campaign: 'nowhere' })).rejects.toEqual(
      failsWith('CAMPAIGN_NOT_FOUND'),
    );
  });

  test('tells how far it is', async () => {
    await openCampaignWith(store, { campaign, tasks: 8 });
    const [first, second, third, ...others] = await lease('anna', 6);
    await answerAll('anna', [first!, second!], 'walk');
    await answerAll('anna', [third!], null);
    expect(others).toHaveLength(3);
    expect(await store.progress({ campaign })).toMatchObject({
      status: 'open',
      tasks: 8,
      open: 2,
      leased: 3,
      answered: 2,
      skipped: 1,
      labels: { uncertain: 2, audit: 0 },
      byOracle: 0,
      lastAnswerAt: expect.any(String) as string,
    });
  });

  test('tells how many the recordings have answered themselves', async () => {
    await openCampaignWith(store, { campaign, tasks: 8 });
    const [first, second, third] = await lease('oracle', 3);
    await answerAll('oracle', [first!, second!], 'walk');
    await answerAll('oracle', [third!], null);
    const [other] = await lease('anna');
    await answerAll('anna', [other!], 'walk');
    expect(await store.progress({ campaign })).toMatchObject({ answered: 3, byOracle: 2 });
  });

  test('that is closed hands out nothing and takes nothing', async () => {
    await openCampaignWith(store, { campaign, tasks: 4 });
    const [task] = await lease('anna');
    await store.closeCampaign({ campaign });
    expect((await store.closeCampaign({ campaign })).status).toBe('closed');
    expect(await lease('anna')).toEqual([]);
    const outcome = await answerAll('anna', [task!], 'walk');
    expect(outcome).toMatchObject({ accepted: [], refused: [{ code: 'CAMPAIGN_CLOSED' }] });
  });
});

describe('a lease', () => {
  test('gives the least certain window first, with signal, units and probabilities', async () => {
    await openCampaignWith(store, { campaign, tasks: 5 });
    const [task] = await lease('anna');
    const { signal, features: _features, featureSchema: _schema, ...expected } = newTask(0);
    expect(task).toMatchObject({ ...expected, campaign, dataset: 'watch', labels: CLASSES });
    expect(task!.signal).toEqual({
      ...signal,
      units: ['g', 'g', 'g', 'rad/s', 'rad/s', 'rad/s'],
    });
    const [plain] = await store.leaseTasks({
      campaign,
      annotator: 'anna',
      leaseSeconds: 60,
      withSignal: false,
    });
    expect(plain!.signal).toBeUndefined();
  });

  test('comes to audits at even distances, however sure the model was of them', async () => {
    await openCampaignWith(store, { campaign, tasks: 0 });
    // The first of them by name is the one that the model was surest of.
    const audits = [19, 18, 17, 16].map((index, at) =>
      newTask(index, { kind: 'audit', windowId: `a${at}` }),
    );
    const others = Array.from({ length: 16 }, (_, at) => newTask(at, { kind: 'uncertain' }));
    await store.createTasks({ campaign, tasks: [...audits, ...others] });
    const asked: string[] = [];
    for (const count of [3, 4, 3]) {
      const got = await lease('anna', count);
      asked.push(...got.map(({ windowId }) => windowId));
      await answerAll('anna', got, 'rest');
    }
    expect(asked).toEqual('w0000 w0001 a0 w0002 w0003 w0004 w0005 a1 w0006 w0007'.split(' '));
  });

  test('never gives one task to two annotators, however many ask at once', async () => {
    const tasks = 60;
    await openCampaignWith(store, { campaign, tasks });
    const taken = new Map<string, string[]>();
    const labelled: string[] = [];
    async function work(annotator: string) {
      for (let empty = 0; empty < 3;) {
        const got = await lease(annotator, 2);
        empty = got.length === 0 ? empty + 1 : 0;
        for (const { task } of got) taken.set(task, [...(taken.get(task) ?? []), annotator]);
        if (got.length === 0) continue;
        const { accepted, refused } = await answerAll(annotator, got, 'rest');
        expect(refused).toEqual([]);
        labelled.push(...accepted);
      }
    }
    await Promise.all(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].map(work));
    expect(taken.size).toBe(tasks);
    expect([...taken.values()].filter((annotators) => annotators.length > 1)).toEqual([]);
    expect(labelled).toHaveLength(tasks);
    expect(await store.progress({ campaign })).toMatchObject({ answered: tasks, open: 0 });
  });

  test('is found again by its holder, and by nobody else', async () => {
    await openCampaignWith(store, { campaign, tasks: 2 });
    const [first] = await lease('anna');
    const [again] = await lease('anna');
    const [other] = await lease('ben');
    expect(again).toMatchObject({ task: first!.task, lease: first!.lease });
    expect(other!.task).not.toBe(first!.task);
    expect(await lease('carl')).toEqual([]);
  });

  test('that ran out goes to the next, and the first answer is refused', async () => {
    await openCampaignWith(store, { campaign, tasks: 1 });
    const [mine] = await lease('anna', 1, 0);
    const [yours] = await lease('ben');
    expect(yours!.task).toBe(mine!.task);
    expect(await answerAll('anna', [mine!], 'walk')).toMatchObject({
      accepted: [],
      refused: [{ task: mine!.task, code: 'TASK_LEASE_LOST' }],
    });
    expect((await answerAll('ben', [yours!], 'rest')).accepted).toEqual([mine!.task]);
  });

  test('that ran out still counts when nobody took the task', async () => {
    await openCampaignWith(store, { campaign, tasks: 1 });
    const mine = await lease('anna', 1, 0);
    expect((await answerAll('anna', mine, 'walk')).accepted).toHaveLength(1);
  });

  test('of any campaign passes over closed ones', async () => {
    await openCampaignWith(store, { campaign, tasks: 1 });
    await store.closeCampaign({ campaign });
    const got = await store.leaseTasks({ annotator: 'zoe', leaseSeconds: 60, count: 500 });
    expect(got.filter((task) => task.campaign === campaign)).toEqual([]);
  });
});

describe('an answer', () => {
  test('sent twice is kept once', async () => {
    await openCampaignWith(store, { campaign, tasks: 2, dataset: 'twice' });
    const tasks = await lease('anna', 2);
    const first = await answerAll('anna', tasks, 'walk');
    const second = await answerAll('anna', tasks, 'walk');
    expect(second.accepted.sort()).toEqual(first.accepted.sort());
    expect(second.campaigns).toEqual([]);
    expect(await labelsOf({ dataset: 'twice' })).toHaveLength(2);
  });

  test('that differs from the one kept comes too late', async () => {
    await openCampaignWith(store, { campaign, tasks: 1, dataset: 'late' });
    const tasks = await lease('anna');
    await answerAll('anna', tasks, 'walk');
    expect(await answerAll('anna', tasks, 'rest')).toMatchObject({
      refused: [{ code: 'TASK_ANSWERED' }],
    });
    expect(await answerAll('anna', tasks, null)).toMatchObject({
      refused: [{ code: 'TASK_ANSWERED' }],
    });
    expect((await labelsOf({ dataset: 'late' })).map(({ label }) => label)).toEqual(['walk']);
  });

  test('of a batch is kept although others of the batch are refused', async () => {
    await openCampaignWith(store, { campaign, tasks: 3 });
    const [one, two] = await lease('anna', 2);
    const outcome = await store.answerTasks({
      annotator: 'anna',
      answers: [
        { task: one!.task, lease: one!.lease, label: 'walk' },
        { task: two!.task, lease: two!.lease, label: 'swim' },
        { task: '999999999', lease: one!.lease, label: 'walk' },
        { task: 'nonsense', lease: one!.lease, label: 'walk' },
      ],
    });
    expect(outcome.accepted).toEqual([one!.task]);
    expect(outcome.refused.map(({ code }) => code)).toEqual([
      'LABEL_UNKNOWN',
      'TASK_NOT_FOUND',
      'TASK_NOT_FOUND',
    ]);
    expect(outcome.campaigns).toEqual([{ campaign, answered: 1, skipped: 0 }]);
  });

  test('given by two at the same moment counts for one of them', async () => {
    await openCampaignWith(store, { campaign, tasks: 1, dataset: 'race' });
    const tasks = await lease('anna');
    const outcomes = await Promise.all(
      ['walk', 'rest', 'walk', 'rest'].map((label) => answerAll('anna', tasks, label)),
    );
    expect(outcomes.flatMap(({ campaigns: counted }) => counted)).toHaveLength(1);
    expect(await labelsOf({ dataset: 'race' })).toHaveLength(1);
  });

  test('sent again while it is under way is a repetition, and no skip of it is', async () => {
    await openCampaignWith(store, { campaign, tasks: 1, dataset: 'again' });
    const tasks = await lease('anna');
    const [first, again, skip] = await whileHeld(async () => {
      const one = answerAll('anna', tasks, 'walk');
      await untilWaiting();
      const two = answerAll('anna', tasks, 'walk');
      await untilWaiting(2);
      const three = answerAll('anna', tasks, null);
      await untilWaiting(3);
      return [one, two, three] as const;
    });
    const accepted = [tasks[0]!.task];
    expect(await first).toMatchObject({ accepted, refused: [] });
    expect(await again).toMatchObject({ accepted, refused: [], campaigns: [] });
    expect(await skip).toMatchObject({ accepted: [], refused: [{ code: 'TASK_ANSWERED' }] });
  });

  test('under way while its campaign is closed comes too late', async () => {
    await openCampaignWith(store, { campaign, tasks: 1, dataset: 'meanwhile' });
    const tasks = await lease('anna');
    const [answering] = await whileHeld(async () => {
      const answer = answerAll('anna', tasks, 'walk');
      await untilWaiting();
      await store.closeCampaign({ campaign });
      return [answer] as const;
    });
    expect(await answering).toMatchObject({
      accepted: [],
      refused: [{ code: 'CAMPAIGN_CLOSED' }],
    });
    expect(await labelsOf({ dataset: 'meanwhile' })).toEqual([]);
  });

  test('taken back while the person is erased is gone, and neither waits for the other', async () => {
    await openCampaignWith(store, { campaign, tasks: 1, dataset: 'erased' });
    const [task] = await lease('anna');
    await answerAll('anna', [task!], 'walk');
    const holder = await database.pool.connect();
    try {
      await holder.query('BEGIN');
      // With the task in its hands the undoing waits here.
      await holder.query('SELECT 1 FROM annotation.campaigns WHERE campaign = $1 FOR UPDATE', [
        campaign,
      ]);
      const undoing = store.undoAnswer({ ...task!, annotator: 'anna' });
      await untilWaiting();
      const erasing = store.eraseAnswers({ dataset: 'erased', subjectKey: task!.subjectKey });
      await untilWaiting(2);
      await holder.query('COMMIT');
      expect(await Promise.all([undoing, erasing])).toEqual([
        { undone: true },
        { labels: 0, tasks: 1 },
      ]);
    } finally {
      holder.release();
    }
    expect(await labelsOf({ dataset: 'erased' })).toEqual([]);
  });

  test('that skips gives no label', async () => {
    await openCampaignWith(store, { campaign, tasks: 1, dataset: 'skips' });
    await answerAll('anna', await lease('anna'), null);
    expect(await labelsOf({ dataset: 'skips' })).toEqual([]);
    expect(await store.progress({ campaign })).toMatchObject({ skipped: 1, answered: 0 });
  });
});

describe('labels', () => {
  test('carry what training needs, page by page', async () => {
    const dataset = 'training';
    await openCampaignWith(store, { campaign, tasks: 7, dataset });
    const { batch } = await answerAll('anna', await lease('anna', 7), 'walk');
    const labels = await labelsOf({ dataset, pageSize: 3 });
    expect(labels.map(({ windowId }) => windowId)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((index) => newTask(index).windowId),
    );
    expect(labels[3]).toMatchObject({
      device: 'watch-0',
      subjectKey: 'key0',
      label: 'walk',
      annotator: 'anna',
      kind: 'audit',
      eventTimeMs: 12_000,
      startMs: 12_000,
      endMs: 16_000,
      campaign,
      batch,
      featureSchema: 'schema-1',
      features: Float32Array.of(3, 0.5, -1),
    });
  });

  test('are counted from a moment on, and in all without one', async () => {
    const dataset = `counted-${campaign}`;
    await openCampaignWith(store, { campaign, tasks: 3, dataset });
    await answerAll('ann', await lease('ann', 2), 'rest');
    const [first] = await labelsOf({ dataset });
    expect(await store.countLabels({ dataset, after: null })).toEqual({ labels: 2 });
    expect(await store.countLabels({ dataset, after: '2020-01-01T00:00:00Z' })).toEqual({
      labels: 2,
    });
    // All of one answer are known at one and the same time, and not after it.
    const after = (first as Label).knownAt;
    expect(await store.countLabels({ dataset, after })).toEqual({ labels: 0 });
    expect(await store.countLabels({ dataset: 'another', after: null })).toEqual({ labels: 0 });
  });

  test('that came after a moment are not seen at that moment', async () => {
    const dataset = 'as-of';
    await openCampaignWith(store, { campaign, tasks: 2, dataset });
    await answerAll('anna', await lease('anna'), 'walk');
    const [first] = await labelsOf({ dataset });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await answerAll('anna', await lease('anna'), 'rest');
    const then = await labelsOf({ dataset, knownUntil: first!.knownAt });
    expect(then.map(({ label }) => label)).toEqual(['walk']);
    expect(await labelsOf({ dataset })).toHaveLength(2);
    expect(await labelsOf({ dataset: 'another' })).toEqual([]);
  });
});
