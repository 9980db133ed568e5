/** Refresh as the worker runs it: reused where nothing changed, visible only when all is right. */
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createRefreshActivities } from '../../activities/refresh-activities';
import type { Lake } from '../../lakehouse/lake';
import { DEFAULT_OPTIONS } from '../../lakehouse/stedi/options';
import {
  CHANNELS_CSV,
  archiveFiles,
  ingestInto,
  newLake,
  temporaryFolder,
  writeZip,
} from '../support/recordings';

const folder = temporaryFolder();

async function landedLake(): Promise<Lake> {
  const lake = newLake(folder.path());
  const files = archiveFiles([{ recording: 'r1' }, { recording: 'r2', label: 'running' }]);
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  return lake;
}

const run = <T>(work: () => Promise<T>): Promise<T> => new MockActivityEnvironment().run(work);

async function buildAll(lake: Lake) {
  const { planRefresh, buildTable, publishRelease } = createRefreshActivities({ lake });
  const { planKey, stages, dataset, replaces } = await run(() => planRefresh({ dataset: 'watch' }));
  const built = [];
  const snapshots: Record<string, string> = {};
  for (const table of stages.flatMap(({ tables }) => tables)) {
    const inputs = { ...snapshots };
    const result = await run(() => buildTable({ planKey, table, inputs }));
    snapshots[table] = result.snapshotId;
    built.push(result);
  }
  const publish = () => run(() => publishRelease({ dataset, snapshots, replaces }));
  return { built, snapshots, publish, stages };
}

test('tables are built in stages, and readers see them when the release is published', async () => {
  const lake = await landedLake();
  const { built, snapshots, publish, stages } = await buildAll(lake);
  expect(stages).toEqual([
    { tables: ['recordings_trusted'] },
    { tables: ['windows'] },
    { tables: ['window_features'] },
  ]);
  expect(built.map(({ table, read, rows, reused }) => [table, read, rows, reused])).toEqual([
    ['recordings_trusted', 1000, 1000, false],
    ['windows', 1000, 8, false],
    ['window_features', 8, 8, false],
  ]);
  expect((await lake.catalog.list()).map(({ table }) => table)).toEqual(['recordings_landing']);
  const release = await publish();
  expect(release.tables).toEqual(snapshots);
  expect(await publish()).toEqual(release);
  expect(await lake.catalog.list()).toHaveLength(4);
  expect(await lake.catalog.releases({ dataset: 'watch' })).toHaveLength(1);
});

test('a second refresh without news builds nothing and publishes nothing new', async () => {
  const lake = await landedLake();
  const first = await buildAll(lake);
  const release = await first.publish();
  const second = await buildAll(lake);
  expect(second.built.every(({ reused }) => reused)).toBe(true);
  expect(second.built.map(({ rows }) => rows)).toEqual(first.built.map(({ rows }) => rows));
  expect(await second.publish()).toEqual(release);
});

test('a release that comes after a newer one moves nothing back', async () => {
  const lake = await landedLake();
  const late = await buildAll(lake);
  const files = archiveFiles([{ recording: 'r3' }]);
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const newer = await buildAll(lake);
  const release = await newer.publish();
  await expect(late.publish()).rejects.toMatchObject({
    type: 'RELEASE_OUTDATED',
    nonRetryable: true,
  });
  expect(await newer.publish()).toEqual(release);
  const pointer = await lake.catalog.pointer({ dataset: 'watch', table: 'windows' });
  expect(pointer?.snapshotId).toBe(newer.snapshots.windows);
});

/** At 50 Hz from a moment on, as each clock writes it. */
const clocks: Record<string, (at: number) => string> = {
  seconds: (at) => (1_700_000_000 + at * 0.02).toFixed(2),
  microseconds: (at) => String(1_700_000_000_000_000 + at * 20_000),
  nanoseconds: (at) => String(1_700_000_000_000_000_000n + BigInt(at) * 20_000_000n),
  dates: (at) => new Date(1_700_000_000_000 + at * 20).toISOString(),
};

test.each([
  ['seconds', { medianDistanceMs: expect.closeTo(0.02, 4) as number, likelyUnit: 'seconds' }],
  ['microseconds', { medianDistanceMs: 20_000, likelyUnit: 'microseconds' }],
  [
    'nanoseconds',
    { medianDistanceMs: expect.closeTo(2e7, -3) as number, likelyUnit: 'nanoseconds' },
  ],
  ['dates', { medianDistanceMs: null }],
])('timestamps in %s give no window, and the table says what explains it', async (clock, said) => {
  const lake = newLake(folder.path());
  const rows = Array.from({ length: 500 }, (_, at) => `${clocks[clock]?.(at)},1,1,1,walking`);
  const files = {
    'recordings.csv': 'recording,subject\nr1,Ann Example\n',
    'channels.csv': CHANNELS_CSV,
    'recordings/r1.csv': ['timestamp_ms,ax,ay,az,label', ...rows, ''].join('\n'),
  };
  await ingestInto(lake, { source: await writeZip(folder.path(), files) });
  const { built } = await buildAll(lake);
  expect(built.map(({ rows, emptiness }) => [rows > 0, emptiness]).slice(1)).toEqual([
    [false, said],
    [false, undefined],
  ]);
});

test('tables with rows have nothing to explain', async () => {
  const { built } = await buildAll(await landedLake());
  expect(built.filter((each) => 'emptiness' in each)).toEqual([]);
});

test('a dataset that has not landed is said by name', async () => {
  const { planRefresh } = createRefreshActivities({ lake: newLake(folder.path()) });
  const error = await run(() => planRefresh({ dataset: 'nothing' })).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ApplicationFailure);
  expect(error).toMatchObject({ type: 'DATASET_NOT_FOUND', nonRetryable: true });
});

test('options of the format stedi ask for its sources, and are none for other formats', async () => {
  const { planRefresh } = createRefreshActivities({ lake: await landedLake() });
  const options = DEFAULT_OPTIONS;
  await expect(run(() => planRefresh({ dataset: 'stedi', options }))).rejects.toMatchObject({
    type: 'STEDI_NOT_LANDED',
    nonRetryable: true,
    message: expect.stringContaining('`npx watchlake stedi run --source ') as string,
  });
  await expect(run(() => planRefresh({ dataset: 'watch', options }))).rejects.toMatchObject({
    type: 'INPUT_INVALID',
    message: expect.stringContaining('watch is of the format recordings') as string,
  });
});
