/** What the simulator replays: the lake's recordings in parts, of one snapshot. */
import { createSampleSource } from '../../../activities/sample-source';
import { replay } from '../../../streaming/device-replay';
import type { Store } from '../../../lakehouse/ports';
import type { RecordingSlice } from '../../../streaming/ports';
import { slicesOfAll } from '../../support/made-recordings';
import { subjectKeyOf } from '../../../lakehouse/landing/ingest-plan';
import {
  SECRET,
  archiveFiles,
  ingestInto,
  newLake,
  refreshLake,
  temporaryFolder,
  writeZip,
} from '../../support/recordings';

const folder = temporaryFolder();
const SAMPLES = 5_000;

async function lakeWith(...names: string[]) {
  const lake = newLake(folder.path());
  const add = async (...more: string[]) => {
    const recordings = more.map((recording, at) => ({
      ...{ recording, device: 'watch', samples: SAMPLES },
      startMs: at * 1_000_000,
    }));
    await ingestInto(lake, { source: await writeZip(folder.path(), archiveFiles(recordings)) });
    return refreshLake(lake);
  };
  return { lake, add, built: await add(...names) };
}

const onCall = (store: Store, method: keyof Store, called: () => void): Store =>
  new Proxy(store, {
    get(target, name) {
      const member = Reflect.get(target, name) as unknown;
      if (typeof member !== 'function') return member;
      if (name === method) called();
      return member.bind(target) as unknown;
    },
  });

async function slicesOf(slices: AsyncIterable<RecordingSlice>): Promise<RecordingSlice[]> {
  const found: RecordingSlice[] = [];
  for await (const slice of slices) found.push(slice);
  return found;
}

test('a long recording gives the same batches wherever the blocks of the lake meet', async () => {
  const { lake } = await lakeWith('first', 'second');
  const lengths: number[] = [];
  const ends: string[] = [];
  for await (const { batch } of replay(createSampleSource(lake), {
    dataset: 'watch',
    batchMs: 1000,
  })) {
    lengths.push(batch.span.timestampsMs.length);
    if (batch.last) ends.push(batch.recording);
  }
  expect(lengths).toHaveLength((2 * SAMPLES) / 50);
  expect(new Set(lengths)).toEqual(new Set([50]));
  expect(ends).toEqual(['first', 'second']);
});

test('a simulation that is pinned to a snapshot does not see a later refresh', async () => {
  const { lake, add, built } = await lakeWith('first');
  const source = createSampleSource(lake);
  const snapshotId = await source.currentSnapshot?.('watch');
  expect(snapshotId).toBe(built.recordings_trusted?.snapshotId);
  await add('first', 'second');
  expect(await source.currentSnapshot?.('watch')).not.toBe(snapshotId);
  const names = async (pinned?: string) => {
    const slices = source.slices({ dataset: 'watch', snapshotId: pinned, sliceMs: 1000 });
    return [...new Set((await slicesOf(slices)).map(({ recording }) => recording))];
  };
  expect(await names(snapshotId)).toEqual(['first']);
  expect(await names()).toEqual(['first', 'second']);
});

test('the size is that of the subjects that are replayed', async () => {
  const lake = newLake(folder.path());
  const recordings = [
    { recording: 'r1', subject: 'Ann', samples: 100 },
    { recording: 'r2', subject: 'Ben', samples: 50 },
  ];
  await ingestInto(lake, { source: await writeZip(folder.path(), archiveFiles(recordings)) });
  await refreshLake(lake);
  const source = createSampleSource(lake);
  const ben = subjectKeyOf(SECRET, 'watch', 'Ben');
  expect(await source.size({ dataset: 'watch' })).toBe(150);
  expect(await source.size({ dataset: 'watch', subjectKeys: [ben] })).toBe(50);
});

test('many devices are read side by side by one session, in the order of their time', async () => {
  const lake = newLake(folder.path());
  const DEVICES = 60;
  // In no order of their clocks, with slots of unequal size, and two recordings on the first device.
  const recordings = Array.from({ length: DEVICES + 1 }, (_, at) => ({
    ...{ recording: `r${at}`, device: `watch-${String(at % DEVICES).padStart(2, '0')}` },
    ...{ startMs: -1500 + at * 337 + (at === DEVICES ? 90_000 : 0), periodMs: 90 + (at % 7) * 13 },
    ...{ samples: 30 + at, subject: at % 2 === 0 ? 'Ann' : 'Ben' },
  }));
  await ingestInto(lake, { source: await writeZip(folder.path(), archiveFiles(recordings)) });
  await refreshLake(lake);
  let opened = 0;
  const { store } = lake;
  // Each session has a folder of its own.
  const counting = { ...lake, store: onCall(store, 'scratch', () => (opened += 1)) };
  const slices = await slicesOf(
    createSampleSource(counting).slices({ dataset: 'watch', sliceMs: 1000 }),
  );
  expect(opened).toBe(1);

  const found = slices.map((slice) => ({ ...slice, span: [...slice.span.timestampsMs] }));
  const expected = recordings.map(({ recording, device, startMs, periodMs, samples, subject }) => ({
    ...{ recording, device, subjectKey: subjectKeyOf(SECRET, 'watch', subject) },
    channels: ['ax', 'ay', 'az'],
    span: {
      timestampsMs: Float64Array.from({ length: samples }, (_, at) => startMs + at * periodMs),
      values: [],
    },
  }));
  expect(found).toEqual(
    slicesOfAll(expected, 1000).map((slice) => ({ ...slice, span: [...slice.span.timestampsMs] })),
  );
});

test('a reader that is cancelled ends its statement, and says why', async () => {
  const { lake } = await lakeWith('first', 'second');
  const reason = new Error('nobody wants it any more');
  const before = new AbortController();
  const files = onCall(lake.store, 'localPath', () => before.abort(reason));
  const unread = createSampleSource({ ...lake, store: files });
  const selection = { dataset: 'watch', sliceMs: 1000 };
  await expect(slicesOf(unread.slices({ ...selection, signal: before.signal }))).rejects.toBe(
    reason,
  );

  const within = new AbortController();
  const slices = createSampleSource(lake).slices({ ...selection, signal: within.signal });
  await slices[Symbol.asyncIterator]().next();
  within.abort(reason);
  await expect(slicesOf(slices)).rejects.toBe(reason);
  expect((await lake.store.sweep(0)).objects).toBe(0);
});
