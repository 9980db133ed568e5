/** Schedules on a real server: they start `retrain`, skip overlaps, pause, and can be triggered. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { ALL_TASK_QUEUES } from '../../core/task-queues';
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
import { testBundle } from '../support/workflow-bundle';

const LIMIT_MS = 90_000;

let database: TestDatabase;
let temporal: TestNamespace;
let client: Client;
let workers: Worker[];
let running: Promise<unknown>;
/** What a training waits for: tests that need a long run hold it. */
let training: Promise<void> = Promise.resolve();

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
    freezeTrainingSet: async () => {
      await training;
      return { snapshotId: 'frozen', rows: 10, subjects: 2 };
    },
  };
  const bundle = { codePath: await testBundle() };
  workers = await Promise.all(
    ALL_TASK_QUEUES.map((taskQueue) =>
      Worker.create({
        connection: temporal.native,
        namespace: temporal.namespace,
        taskQueue,
        workflowBundle: bundle,
        activities,
      }),
    ),
  );
  running = Promise.all(workers.map((worker) => worker.run()));
}, LIMIT_MS);

afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
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
    await applySchedules({ client, paused: false, declarations: [everySecond('often', 'often')] });
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
      await applySchedules({ client, paused: false, declarations: [everySecond('slow', 'slow')] });
      await until(async () => (await infoOf('slow')).numActionsSkippedOverlap >= 2);
      expect((await infoOf('slow')).runningActions).toHaveLength(1);
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
    await applySchedules({ client, paused: true, declarations: [daily('paused', 'paused')] });
    expect(await finishedRuns('paused')).toBe(0);
    await triggerSchedule(client, 'paused');
    await until(async () => (await finishedRuns('paused')) === 1);
  },
  LIMIT_MS,
);

test(
  'applying the list again updates a schedule instead of making a second one',
  async () => {
    const first = daily('again', 'again');
    await applySchedules({ client, paused: true, declarations: [first] });
    const changed = { ...first, note: 'changed' };
    const [state] = await applySchedules({ client, paused: true, declarations: [changed] });
    expect(state).toMatchObject({ outcome: 'updated', note: 'changed', paused: true });
    const all = await listSchedules({ client });
    expect(all.filter(({ id }) => id === 'again')).toHaveLength(1);
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
