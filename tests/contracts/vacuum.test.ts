/** Vacuum beside running workflows: what one of them reads stays until it has ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TASK_QUEUES } from '../../core/task-queues';
import type { Lake } from '../../lakehouse/lake';
import { findManifest } from '../../lakehouse/snapshots';
import { TRUSTED_TABLE } from '../../lakehouse/watch/trusted';
import { createRegistry } from '../../registry/registry';
import { createSampleSource } from '../../activities/sample-source';
import { vacuumLake } from '../../workers/vacuum';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { happyActivities } from '../support/fakes';
import {
  archiveFiles,
  ingestInto,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../support/recordings';
import { createTestNamespace, until, type TestNamespace } from '../support/test-namespace';
import { withWorkers } from '../support/workers';

const LIMIT_MS = 180_000;
const dataset = 'watch';
const folder = temporaryFolder();

let database: TestDatabase;
let temporal: TestNamespace;

beforeAll(async () => {
  database = await createTestDatabase();
  temporal = await createTestNamespace('vacuum');
});

afterAll(async () => {
  await temporal.close();
  await database.drop();
});

async function landAndRefresh(lake: Lake, recording: string): Promise<void> {
  const source = await writeZip(folder.path(), archiveFiles([{ recording }]));
  await ingestInto(lake, { source, dataset });
  await refreshLake(lake, { dataset });
}

/** A simulation that reads the lake's present snapshot, once at its start and once at its end. */
function slowSimulation(lake: Lake) {
  const source = createSampleSource(lake);
  let finish = () => {};
  const told = new Promise<void>((resolve) => (finish = resolve));
  let started = (_snapshotId: string) => {};
  const reads = new Promise<string>((resolve) => (started = resolve));
  const simulate = async () => {
    const snapshotId = await source.currentSnapshot?.(dataset);
    started(snapshotId as string);
    await told;
    const devices = (await source.devices({ dataset, snapshotId })).length;
    return { batches: 0, samples: 0, devices, lastOffsets: {} };
  };
  return { simulate, reads, finish };
}

/** The server shows a run in its lists a moment after it has started. */
const untilListed = (running: number): Promise<void> =>
  until(async () => {
    const query = `WatchlakeDataset = '${dataset}' AND ExecutionStatus = 'Running'`;
    return (await temporal.client.workflow.count(query)).count === running;
  });

test(
  'the snapshot that a slow simulation replays stays through any number of refreshes',
  async () => {
    const lake = newLake(folder.path());
    const { client } = temporal;
    const registry = createRegistry(database.pool);
    const deps = { lake, client, registry, downloads: `${folder.path()}/downloads` };
    const options = { dataset, dryRun: false, graceMs: 0 };
    await landAndRefresh(lake, 'r0');
    const { simulate, reads, finish } = slowSimulation(lake);
    const queues = [TASK_QUEUES.orchestration, TASK_QUEUES.streaming];
    const activities = { ...happyActivities(), simulate };
    await withWorkers(temporal, { queues, activities }, async () => {
      const run = await client.workflow.start('simulateDevices', {
        workflowId: 'simulate/slow',
        taskQueue: TASK_QUEUES.orchestration,
        args: [{ name: 'slow', dataset }],
      });
      const snapshotId = await reads;
      await untilListed(1);
      for (const recording of ['r1', 'r2', 'r3', 'r4']) await landAndRefresh(lake, recording);
      await sleep(5);
      await vacuumLake(deps, options);
      finish();
      expect(await run.result()).toMatchObject({ devices: 1 });

      await untilListed(0);
      expect((await vacuumLake(deps, options)).removed).toBeGreaterThan(0);
      const gone = findManifest(lake, { dataset, table: TRUSTED_TABLE, snapshotId });
      await expect(gone).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' });
    });
  },
  LIMIT_MS,
);
