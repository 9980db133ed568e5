/** Ingest as the worker runs it: repeatable, heartbeating, with failures that a workflow can read. */
import { join } from 'node:path';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createIngestActivities } from '../../activities/ingest-activities';
import { createRefreshActivities } from '../../activities/refresh-activities';
import type { Lake } from '../../lakehouse/lake';
import { datasetDescriptor } from '../../lakehouse/landing/descriptor';
import type { Store } from '../../lakehouse/ports';
import { writeStedi } from '../support/stedi-people';
import type { MadeRow } from '../support/casas';
import { casasFile, samples } from '../support/casas';
import {
  SECRET,
  archiveFiles,
  CHANNELS_CSV,
  newLake,
  temporaryFolder,
  writeFolder,
  writeZip,
} from '../support/recordings';

const folder = temporaryFolder();

const activitiesOf = (lake: Lake) => createIngestActivities({ lake, subjectKey: SECRET });
const open = (source: string) => ({ source, dataset: 'watch', format: 'recordings' as const });

const recordings = Array.from({ length: 4 }, (_, index) => ({
  recording: `r${index}`,
  subject: `Person ${index}`,
}));

const PERSON = { email: 'ann@example.org', name: 'Ann', phone: '1', serial: 'serial-1' };

/** Lands archives one after the other. */
function landerOf(lake: Lake) {
  const { openArchive, landBatch, publishLanding } = activitiesOf(lake);
  return async (files: Record<string, string>) => {
    const source = await writeZip(folder.path(), files);
    const { planKey, batches } = await inActivity(() => openArchive(open(source)));
    if (batches > 0) await inActivity(() => landBatch({ planKey, batch: 0 }));
    return inActivity(() => publishLanding({ planKey }));
  };
}

/** As one attempt of an activity, with its own context. */
const inActivity = async <T>(
  work: () => Promise<T>,
  environment = new MockActivityEnvironment(),
): Promise<T> => await environment.run(work);

async function failureOf(work: Promise<unknown>): Promise<ApplicationFailure> {
  const error = await work.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApplicationFailure);
  return error as ApplicationFailure;
}

test('every step may run twice: the result is the same and nothing is doubled', async () => {
  const lake = newLake(folder.path());
  const { openArchive, landBatch, publishLanding } = activitiesOf(lake);
  const source = await writeZip(folder.path(), archiveFiles(recordings));
  const twice = async <T>(work: () => Promise<T>): Promise<T> => {
    const first = await inActivity(work);
    expect(await inActivity(work)).toEqual(first);
    return first;
  };
  const opened = await twice(() => openArchive(open(source)));
  expect(opened).toMatchObject({ dataset: 'watch', members: 4, batches: 1, alreadyLanded: false });
  const { planKey } = opened;
  const { bytes } = opened;
  expect(bytes).toBeGreaterThan(10_000);
  const landed = { members: 4, rows: 2000, bytes };
  expect(await twice(() => landBatch({ planKey, batch: 0 }))).toEqual(landed);
  const published = await twice(() => publishLanding({ planKey }));
  expect(published).toMatchObject({ table: 'recordings_landing', rows: 2000, members: 4 });
  expect(published).toMatchObject({ labels: 1 });

  const again = await inActivity(() => openArchive(open(source)));
  expect(again).toMatchObject({ ingestId: opened.ingestId, batches: 0, alreadyLanded: true });
  const same = await inActivity(() => publishLanding({ planKey: again.planKey }));
  expect(same).toEqual(published);
});

test('recordings without a row are counted', async () => {
  const { openArchive, landBatch, publishLanding } = activitiesOf(newLake(folder.path()));
  const files = archiveFiles(recordings);
  const [header] = files['recordings/r1.csv']?.split('\n') ?? [];
  const source = await writeZip(folder.path(), { ...files, 'recordings/r1.csv': `${header}\n` });
  const { planKey } = await inActivity(() => openArchive(open(source)));
  await inActivity(() => landBatch({ planKey, batch: 0 }));
  const published = await inActivity(() => publishLanding({ planKey }));
  expect(published).toMatchObject({ members: 4, membersWithoutRows: 1, rows: 1500 });
});

test('columns that nothing reads are told, once for each name, and with the archive again', async () => {
  const files = archiveFiles(recordings);
  const typo = (name: string) =>
    files[name]?.replace('label', 'Label,gx').replace(/(\d,[a-z]+)$/gm, '$1,1');
  const archive = {
    ...files,
    'channels.csv': 'channel,unit,min,maximum\nax,g,-16,16\nay,g,-16,16\naz,g,-16,16\n',
    'recordings/r1.csv': typo('recordings/r1.csv') as string,
    'recordings/r3.csv': typo('recordings/r3.csv') as string,
  };
  const land = landerOf(newLake(folder.path()));
  const published = await land(archive);
  expect(published.unreadColumns).toEqual([
    { file: 'samples', column: 'Label', files: 2 },
    { file: 'samples', column: 'gx', files: 2 },
    { file: 'channels.csv', column: 'min', files: 1 },
    { file: 'recordings.csv', column: 'side', files: 1 },
  ]);
  expect(await land(archive)).toEqual(published);
});

/** One recording, its samples `gap` apart as its clock writes it. */
const sampledEvery = (recording: string, gap: number, length = 200): Record<string, string> => {
  const rows = Array.from({ length }, (_, at) => `${1.7e9 + at * gap},1,1,1,walking`);
  return {
    'recordings.csv': `recording,subject\n${recording},Ann Example\n`,
    'channels.csv': CHANNELS_CSV,
    [`recordings/${recording}.csv`]: ['timestamp_ms,ax,ay,az,label', ...rows, ''].join('\n'),
  };
};

test.each([
  ['milliseconds', 20, { rateHz: 50 }],
  ['seconds', 0.02, { rateHz: expect.closeTo(50_000, -1) as number, likelyUnit: 'seconds' }],
  ['microseconds', 20_000, { rateHz: 0.05, likelyUnit: 'microseconds' }],
  // The dataset keeps to more than that, as nothing is left that could be divided by: of a first archive that is no other rate.
  ['nanoseconds', 5e6, { rateHz: 0.0002, likelyUnit: 'nanoseconds' }],
])('how densely was sampled is told, also with timestamps in %s', async (_, gap, said) => {
  const lake = newLake(folder.path());
  const land = landerOf(lake);
  const archive = sampledEvery('r1', gap);
  expect((await land(archive)).sampling).toEqual(said);
  expect((await land(archive)).sampling).toEqual(said);
  expect((await datasetDescriptor(lake, 'watch')).rateHz).toBeGreaterThan(0);
});

test('of samples of which none follows another nothing is told, also with the archive again', async () => {
  const land = landerOf(newLake(folder.path()));
  const archive = sampledEvery('r1', 20, 1);
  expect(await land(archive)).not.toHaveProperty('sampling');
  expect(await land(archive)).not.toHaveProperty('sampling');
});

test('a second archive tells what it has added, and whether it was sampled otherwise', async () => {
  const land = landerOf(newLake(folder.path()));
  const first = await land(sampledEvery('r1', 20));
  expect(first).not.toHaveProperty('added');
  const second = await land(sampledEvery('r2', 10));
  expect(second).toMatchObject({ members: 2, rows: 400, added: { members: 1, rows: 200 } });
  expect(second.sampling).toEqual({ rateHz: 50, archiveHz: 100 });
  // What had landed before adds nothing, and the dataset is as dense as its first archive.
  const again = await land(sampledEvery('r1', 20));
  expect(again).toMatchObject({ members: 2, sampling: { rateHz: 50 } });
  expect(again).not.toHaveProperty('added');
});

test.each(['recordings', 'stedi'] as const)(
  'a batch of %s tells from its first moment how far it is',
  async (format) => {
    const { openArchive, landBatch } = activitiesOf(newLake(folder.path()));
    const source =
      format === 'stedi'
        ? await writeStedi(join(folder.path(), 'stedi'), [PERSON])
        : await writeZip(folder.path(), archiveFiles(recordings));
    const { planKey, members, bytes } = await inActivity(() =>
      openArchive({ source, dataset: 'watch', format }),
    );
    const environment = new MockActivityEnvironment();
    const first: unknown[] = [];
    let latest: unknown;
    environment.on('heartbeat', (details: unknown) => {
      first.push(JSON.stringify(details));
      latest = details;
    });
    const { rows } = await inActivity(() => landBatch({ planKey, batch: 0 }), environment);
    expect(first[0]).toBe('{"underWay":{"bytesRead":0,"membersBegun":1,"rows":0}}');
    // What the steady heartbeat repeats.
    expect(latest).toEqual({ underWay: { bytesRead: bytes, membersBegun: members, rows } });
  },
);

test('no result names a person', async () => {
  const lake = newLake(folder.path());
  const { openArchive, landBatch, publishLanding } = activitiesOf(lake);
  const source = await writeFolder(folder.path(), archiveFiles(recordings));
  const environment = new MockActivityEnvironment();
  const heartbeats: unknown[] = [];
  environment.on('heartbeat', (details: unknown) => heartbeats.push(details));
  const opened = await inActivity(() => openArchive(open(source)), environment);
  const landed = await inActivity(
    () => landBatch({ planKey: opened.planKey, batch: 0 }),
    environment,
  );
  const published = await inActivity(
    () => publishLanding({ planKey: opened.planKey }),
    environment,
  );
  expect(heartbeats.length).toBeGreaterThan(0);
  expect(JSON.stringify([opened, landed, published, heartbeats])).not.toContain('Person');
});

test('nor does one where files are named after persons and lines break rules', async () => {
  const lake = newLake(folder.path());
  const { openArchive, landBatch, publishLanding } = activitiesOf(lake);
  const { planRefresh, buildTable } = createRefreshActivities({ lake });
  const [first, second] = samples(Date.UTC(2021, 5, 1, 8), 2);
  const lines = [first as MadeRow, 'a,b', { ...second, yaw: '' }];
  const source = await writeZip(folder.path(), { 'ann.smith.csv': casasFile(lines) });
  const opened = await inActivity(() => openArchive({ source, dataset: 'wsu', format: 'casas' }));
  const { planKey } = opened;
  const landed = await inActivity(() => landBatch({ planKey, batch: 0 }));
  const published = await inActivity(() => publishLanding({ planKey }));
  const plan = await inActivity(() => planRefresh({ dataset: 'wsu' }));
  const table = { planKey: plan.planKey, table: 'recordings_trusted', inputs: {} };
  const built = await inActivity(() => buildTable(table));
  expect(built.firstProblems).toEqual([
    expect.stringMatching(/^recording \w+, line 5: motion-incomplete \(yaw\)$/),
  ]);
  expect(JSON.stringify([opened, landed, published, plan, built])).not.toContain('ann.smith');
});

test('a failure carries the code, the place and the remedy, and is not retried', async () => {
  const { openArchive, landBatch } = activitiesOf(newLake(folder.path()));
  const environment = new MockActivityEnvironment();
  const missing = await failureOf(
    inActivity(() => openArchive(open('/nowhere/archive.zip')), environment),
  );
  expect(missing).toMatchObject({ type: 'SOURCE_NOT_FOUND', nonRetryable: true });
  expect(missing.details).toEqual([
    {
      context: { source: '/nowhere/archive.zip' },
      remedy: expect.stringContaining('path') as string,
    },
  ]);

  const files = { ...archiveFiles(recordings), 'recordings/r2.csv': 'timestamp_ms,ax\n0,1\n' };
  const source = await writeZip(folder.path(), files);
  const { planKey } = await inActivity(() => openArchive(open(source)), environment);
  const failure = await failureOf(inActivity(() => landBatch({ planKey, batch: 0 }), environment));
  expect(failure.type).toBe('COLUMN_MISSING');
  expect(failure.message).toContain('recordings/r2.csv, line 1: the column ay is missing');
});

test('of two first archives of one dataset the one of another format is refused', async () => {
  const lake = newLake(folder.path());
  const { openArchive, landBatch, publishLanding } = activitiesOf(lake);
  const archives = {
    recordings: await writeZip(folder.path(), archiveFiles(recordings)),
    casas: await writeZip(folder.path(), { 'p1.csv': casasFile(samples(Date.UTC(2024, 0), 20)) }),
  } as const;
  const plan = async (format: keyof typeof archives) => {
    const given = { source: archives[format], dataset: 'watch', format };
    const { planKey } = await inActivity(() => openArchive(given));
    await inActivity(() => landBatch({ planKey, batch: 0 }));
    return planKey;
  };
  const [first, second] = [await plan('recordings'), await plan('casas')];
  await inActivity(() => publishLanding({ planKey: first }));
  const failure = await failureOf(inActivity(() => publishLanding({ planKey: second })));
  expect(failure).toMatchObject({ type: 'INPUT_INVALID', nonRetryable: true });
  expect(failure.message).toContain('the dataset watch is of the format recordings');
  expect((await lake.catalog.list()).map(({ table }) => table)).toEqual(['recordings_landing']);
});

test('a full disk stops the ingest without a retry and publishes nothing', async () => {
  const lake = newLake(folder.path());
  const source = await writeZip(folder.path(), archiveFiles(recordings));
  const { planKey } = await inActivity(() => activitiesOf(lake).openArchive(open(source)));
  const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
  const store: Store = { ...lake.store, adopt: () => Promise.reject(full) };
  const failing = activitiesOf({ ...lake, store });
  const failure = await failureOf(inActivity(() => failing.landBatch({ planKey, batch: 0 })));
  expect(failure).toMatchObject({ type: 'STORE_FULL', nonRetryable: true });
  expect(await lake.catalog.list()).toEqual([]);
  const { landBatch, publishLanding } = activitiesOf(lake);
  await inActivity(() => landBatch({ planKey, batch: 0 }));
  const published = await inActivity(() => publishLanding({ planKey }));
  expect(published.rows).toBe(2000);
});

test('a cancelled batch ends as cancelled, and the next attempt completes it', async () => {
  const lake = newLake(folder.path());
  const { openArchive, landBatch } = activitiesOf(lake);
  const source = await writeZip(folder.path(), archiveFiles(recordings));
  const { planKey } = await inActivity(() => openArchive(open(source)));
  const environment = new MockActivityEnvironment();
  environment.on('heartbeat', () => environment.cancel());
  const error = await environment
    .run(landBatch, { planKey, batch: 0 })
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CancelledFailure);
  const landed = await inActivity(() => landBatch({ planKey, batch: 0 }));
  expect(landed).toMatchObject({ members: 4, rows: 2000 });
});
