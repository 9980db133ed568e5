/** What the simulator replays: the lake's recordings in parts, of one snapshot. */
import { createSampleSource } from '../../../activities/sample-source';
import { replay } from '../../../streaming/device-replay';
import type { DeviceRecording } from '../../../streaming/ports';
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

async function partsOf(parts: AsyncIterable<DeviceRecording>): Promise<DeviceRecording[]> {
  const found: DeviceRecording[] = [];
  for await (const part of parts) found.push(part);
  return found;
}

test('a long recording comes in parts, the last of which says that it ends', async () => {
  const { lake } = await lakeWith('first', 'second');
  const parts = await partsOf(createSampleSource(lake).recordings({ dataset: 'watch' }, 'watch'));
  for (const name of ['first', 'second']) {
    const own = parts.filter(({ recording }) => recording === name);
    expect(own.length).toBeGreaterThan(1);
    expect(own.map(({ continues }) => continues)).toEqual(own.map((_, at) => at < own.length - 1));
    const times = own.flatMap(({ span }) => [...span.timestampsMs]);
    expect(times).toHaveLength(SAMPLES);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  }
  expect(Math.max(...parts.map(({ span }) => span.timestampsMs.length))).toBeLessThan(SAMPLES);
});

test('batches do not show where the parts met', async () => {
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
    const parts = source.recordings({ dataset: 'watch', snapshotId: pinned }, 'watch');
    return [...new Set((await partsOf(parts)).map(({ recording }) => recording))];
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
