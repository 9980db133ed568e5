/** Schedules on a real server: they start `retrain`, skip overlaps, pause, and can be triggered. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { ALL_TASK_QUEUES } from '../../core/task-queues';
import { workflowIds } from '../../core/workflow-ids';
import { createOpenRuns } from '../../activities/open-runs';
import { createRegistryActivities } from '../../activities/registry-activities';
import { createRegistry } from '../../registry/registry';
import {
  applySchedules,
  listSchedules,
  pauseSchedule,
  triggerSchedule,
  type ScheduleDeclaration,
} from '../../workers/schedules';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { happyActivities } from '../support/fakes';
import { createTestNamespace, until, type TestNamespace } from '../support/test-namespace';
import { startWorkers } from '../support/workers';

const LIMIT_MS = 90_000;

let database: TestDatabase;
let temporal: TestNamespace;
let client: Client;
let stopWorkers: () => Promise<void>;
/** What a training waits for: tests that need a long run hold it. */
let training: Promise<void> = Promise.resolve();
/** Names of those that were opened. */
const campaigns: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  temporal = await createTestNamespace('schedules');
  ({ client } = temporal);
  const registry = createRegistry(database.pool);
  const { takeLease, returnLease } = createRegistryActivities({
    registry,
    isOpen: createOpenRuns(client),
  });
  const activities = {
    ...happyActivities(),
    takeLease,
    returnLease,
    openCampaign: async ({ campaign }: { campaign: string }) => {
      campaigns.push(campaign);
      return { tasks: 20, uncertain: 17, audit: 3 };
    },
    freezeTrainingSet: async () => {
      await training;
      return { snapshotId: 'frozen', rows: 10, subjects: 2 };
    },
  };
  stopWorkers = await startWorkers(temporal, { queues: ALL_TASK_QUEUES, activities });
}, LIMIT_MS);

afterAll(async () => {
  await stopWorkers();
  await temporal.close();
  await database.drop();
});

const everySecond = (id: string, model: string): ScheduleDeclaration => ({
  id,
  workflow: 'retrain',
  every: '1 second',
  jitter: '0 seconds',
  catchUp: '10 seconds',
  note: 'short, for a test',
  input: { model, dataset: 'watch' },
});

const daily = (id: string, model: string): ScheduleDeclaration => ({
  ...everySecond(id, model),
  every: '1 day',
});

async function finishedRuns(model: string): Promise<number> {
  let runs = 0;
  const query = `WatchlakeModel = '${model}' AND WorkflowType = 'retrain' AND ExecutionStatus = 'Completed'`;
  for await (const _run of client.workflow.list({ query })) runs += 1;
  return runs;
}

const infoOf = async (id: string) => (await client.schedule.getHandle(id).describe()).info;

test(
  'a short interval really starts retrain, and a pause ends that',
  async () => {
    await applySchedules(client, { paused: false, declarations: [everySecond('often', 'often')] });
    await until(async () => (await finishedRuns('often')) >= 2);
    await pauseSchedule(client, 'often', true);
    expect((await listSchedules({ client })).find(({ id }) => id === 'often')?.paused).toBe(true);
    await sleep(1_500); // A run that had begun may still be counted.
    const { numActionsTaken } = await infoOf('often');
    await sleep(3_000);
    expect((await infoOf('often')).numActionsTaken).toBe(numActionsTaken);
  },
  LIMIT_MS,
);

test(
  'a run that is due while another runs is skipped',
  async () => {
    let finish = () => {};
    training = new Promise((resolve) => (finish = resolve));
    try {
      await applySchedules(client, { paused: false, declarations: [everySecond('slow', 'slow')] });
      await until(async () => (await infoOf('slow')).numActionsSkippedOverlap >= 2);
      expect((await infoOf('slow')).runningActions).toHaveLength(1);
      await pauseSchedule(client, 'slow', true);
      expect(await triggerSchedule(client, 'slow')).toMatchObject({ outcome: 'skipped' });
    } finally {
      finish();
      await pauseSchedule(client, 'slow', true);
    }
  },
  LIMIT_MS,
);

test(
  'a paused schedule starts nothing by itself, and runs once when it is triggered',
  async () => {
    await applySchedules(client, { paused: true, declarations: [daily('paused', 'paused')] });
    expect(await finishedRuns('paused')).toBe(0);
    const { outcome, workflowId = '' } = await triggerSchedule(client, 'paused');
    expect(outcome).toBe('started');
    expect(workflowId).toMatch(/^retrain\/paused-\d{4}-/);
    await client.workflow.getHandle(workflowId).result();
    await until(async () => (await finishedRuns('paused')) === 1);
  },
  LIMIT_MS,
);

test(
  'each campaign of a schedule has a name of its own, and its run is found by it',
  async () => {
    const input = { model: 'labels', dataset: 'watch' };
    const labels = { ...daily('labels', 'labels'), workflow: 'annotationCampaign' as const, input };
    const [state] = await applySchedules(client, { paused: true, declarations: [labels] });
    expect(state).toMatchObject({ outcome: 'created', recordingsOf: 'watch' });
    for (const times of [1, 2]) {
      await triggerSchedule(client, 'labels');
      await until(async () => campaigns.length === times);
      await sleep(1_100); // Runs of one second would share their id.
    }
    expect(new Set(campaigns).size).toBe(2);
    for (const campaign of campaigns) {
      expect(campaign).toMatch(/^labels-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const run = client.workflow.getHandle(workflowIds.annotationCampaign(campaign));
      expect(await run.result()).toMatchObject({ campaign, outcome: 'complete' });
    }
  },
  LIMIT_MS,
);

test(
  'applying the list again updates a schedule instead of making a second one',
  async () => {
    const first = daily('again', 'again');
    await applySchedules(client, { paused: true, declarations: [first] });
    const changed = { ...first, note: 'changed' };
    const [state] = await applySchedules(client, { paused: true, declarations: [changed] });
    expect(state).toMatchObject({ outcome: 'updated', note: 'changed', paused: true });
    const all = await listSchedules({ client });
    expect(all.filter(({ id }) => id === 'again')).toHaveLength(1);
  },
  LIMIT_MS,
);

test(
  'applying the list leaves a pause as it is unless it is told',
  async () => {
    const declarations = [daily('holiday', 'holiday')];
    const isPaused = async (paused?: boolean) =>
      (await applySchedules(client, { declarations, ...(paused === undefined ? {} : { paused }) }))
        .filter(({ id }) => id === 'holiday')
        .map((state) => state.paused);
    expect(await isPaused()).toEqual([false]);
    await pauseSchedule(client, 'holiday', true);
    // What it is for is told of a paused one as well.
    const paused = (await listSchedules({ client })).find(({ id }) => id === 'holiday');
    expect(paused).toMatchObject({ paused: true, note: declarations[0]?.note });
    expect(await isPaused()).toEqual([true]);
    expect(await isPaused(false)).toEqual([false]);
    expect(await isPaused(true)).toEqual([true]);
  },
  LIMIT_MS,
);

test(
  'what is declared no longer is told, deleted when that is asked for, and nothing of others is',
  async () => {
    await applySchedules(client, {
      paused: true,
      declarations: [daily('stays', 'stays'), daily('goes', 'goes')],
    });
    await client.schedule.create({
      scheduleId: 'of-others',
      spec: { intervals: [{ every: '1 day' }] },
      action: { type: 'startWorkflow', workflowType: 'report', taskQueue: 'theirs' },
      state: { paused: true },
    });
    const listedIds = async () => (await listSchedules({ client })).map(({ id }) => id);
    await until(async () => {
      const ids = await listedIds();
      return ['of-others', 'goes'].every((id) => ids.includes(id));
    });
    const declarations = [daily('stays', 'stays')];
    const told = await applySchedules(client, { declarations });
    expect(told).toContainEqual(expect.objectContaining({ id: 'goes', outcome: 'undeclared' }));
    const pruned = await applySchedules(client, { declarations, prune: true });
    expect(pruned).toContainEqual(expect.objectContaining({ id: 'goes', outcome: 'deleted' }));
    await until(async () => !(await listedIds()).includes('goes'));
    expect(await listedIds()).toEqual(expect.arrayContaining(['of-others', 'stays']));
    await client.schedule.getHandle('of-others').delete();
  },
  LIMIT_MS,
);

test(
  'the lease keeps two retrains of one model apart, whatever their ids',
  async () => {
    let finish = () => {};
    training = new Promise((resolve) => (finish = resolve));
    const start = (workflowId: string) =>
      client.workflow.start('retrain', {
        workflowId,
        taskQueue: 'orchestration',
        args: [{ model: 'leased', dataset: 'watch' }],
      });
    const first = await start('retrain/leased/first');
    const lease = () =>
      database.pool.query(`SELECT 1 FROM registry.leases WHERE name = 'retrain/leased'`);
    await until(async () => (await lease()).rowCount === 1);
    const second = await start('retrain/leased/second');
    expect(await second.result()).toMatchObject({ outcome: 'skipped', reason: 'lease-held' });
    finish();
    expect(await first.result()).not.toMatchObject({ outcome: 'skipped' });
  },
  LIMIT_MS,
);

test(
  'a retrain that waits longer than its lease keeps it, and one that was terminated does not',
  async () => {
    let finish = () => {};
    training = new Promise((resolve) => (finish = resolve));
    const start = (workflowId: string) =>
      client.workflow.start('retrain', {
        workflowId,
        taskQueue: 'orchestration',
        args: [{ model: 'queued', dataset: 'watch' }],
      });
    // As if the training queue had been busy for longer than that.
    const expire = () =>
      database.pool.query(
        `UPDATE registry.leases SET expires_at = now() - interval '1 second'
         WHERE name = 'retrain/queued'`,
      );
    try {
      const first = await start('retrain/queued/first');
      await until(async () => (await expire()).rowCount === 1);
      const second = await start('retrain/queued/second');
      expect(await second.result()).toMatchObject({ outcome: 'skipped', reason: 'lease-held' });
      await expire();
      await first.terminate();
      const third = await start('retrain/queued/third');
      finish();
      expect(await third.result()).not.toMatchObject({ outcome: 'skipped' });
    } finally {
      finish();
    }
  },
  LIMIT_MS,
);
