/** The format `stedi` as the worker runs it: landed, built, and refused where a dataset is of another format. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { createIngestActivities } from '../../activities/ingest-activities';
import { createRefreshActivities } from '../../activities/refresh-activities';
import type { Lake } from '../../lakehouse/lake';
import { stediFiles, threePeople } from '../support/made-stedi';
import {
  SECRET,
  archiveFiles,
  ingestInto,
  newLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../support/recordings';

const folder = temporaryFolder();
const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);
const stedi = { dataset: 'stedi', format: 'stedi' as const };

const made = () => writeFolder(folder.path(), stediFiles(threePeople()));

async function land(lake: Lake, source: string) {
  const activities = createIngestActivities({ lake, subjectKey: SECRET });
  const { planKey, batches } = await run(() => activities.openArchive({ ...stedi, source }));
  for (let batch = 0; batch < batches; batch += 1) {
    await run(() => activities.landBatch({ planKey, batch }));
  }
  return { activities, planKey, landed: await run(() => activities.publishLanding({ planKey })) };
}

test('lands a source and builds its tables', async () => {
  const lake = newLake(folder.path());
  const { landed } = await land(lake, await made());
  expect(landed).toMatchObject({ rows: 15, members: 3 });
  const { planRefresh, buildTable } = createRefreshActivities({ lake });
  const { planKey, stages } = await run(() => planRefresh({ dataset: 'stedi' }));
  const tables = stages.flatMap((stage) => stage.tables);
  const snapshots: Record<string, string> = {};
  const rows: number[] = [];
  for (const table of tables) {
    const inputs = { ...snapshots };
    const built = await run(() => buildTable({ planKey, table, inputs, engine: 'duckdb' }));
    snapshots[table] = built.snapshotId;
    rows.push(built.rows);
  }
  expect(rows).toEqual([2, 4, 2, 4, 4]);
});

test('a step that runs again after its worker was killed changes nothing', async () => {
  const lake = newLake(folder.path());
  const { activities, planKey, landed } = await land(lake, await made());
  const again = await run(() => activities.publishLanding({ planKey }));
  expect(again).toMatchObject({ snapshotId: landed.snapshotId, rows: landed.rows });
});

test('the same source has the same id, which its other files do not change', async () => {
  const { identifySource } = createIngestActivities({
    lake: newLake(folder.path()),
    subjectKey: SECRET,
  });
  const more = await writeFolder(folder.path(), {
    ...stediFiles(threePeople()),
    'notes.txt': 'not a part of it',
  });
  const idOf = (source: string) => run(() => identifySource({ source, format: 'stedi' }));
  expect(await idOf(more)).toEqual(await idOf(await made()));
});

test('a dataset of recordings takes no customers', async () => {
  const lake = newLake(folder.path());
  const archive = await writeZip(folder.path(), archiveFiles([{ recording: 'r1' }]));
  await ingestInto(lake, { source: archive });
  const { openArchive } = createIngestActivities({ lake, subjectKey: SECRET });
  const source = await made();
  const request = { ...stedi, dataset: 'watch', source };
  const error = await run(() => openArchive(request)).catch((e: unknown) => e);
  expect(error).toMatchObject({ type: 'INPUT_INVALID', nonRetryable: true });
});
