/** Recordings are cut into the batches that devices would have sent. */
import { MAXIMUM_CHANNELS } from '../../../models/signal';
import { replay, type ReplayedBatch } from '../../../streaming/device-replay';
import type { SampleSource } from '../../../streaming/ports';
import { encodeSampleBatch } from '../../../streaming/sample-batch';
import { madeRecordings, slicesOfAll, type MadeRecording } from '../../support/made-recordings';

const OPTIONS = { dataset: 'exercises', batchMs: 1000 };

async function all(source: SampleSource, options = OPTIONS): Promise<ReplayedBatch[]> {
  const batches: ReplayedBatch[] = [];
  for await (const batch of replay(source, options)) batches.push(batch);
  return batches;
}

const sourceOf = (recording: MadeRecording): SampleSource => ({
  size: () => Promise.resolve(recording.span.timestampsMs.length),
  devices: () => Promise.resolve([recording.device]),
  async *slices({ sliceMs }) {
    for (const slice of slicesOfAll([recording], sliceMs)) yield await Promise.resolve(slice);
  },
});

const recordingOf = (timestampsMs: readonly number[], channels = 1): MadeRecording => ({
  device: 'watch-0',
  recording: 'r1',
  subjectKey: 's1',
  channels: Array.from({ length: channels }, (_, index) => `c${index}`),
  span: {
    timestampsMs: Float64Array.from(timestampsMs),
    values: Array.from({ length: channels }, () => Float32Array.from(timestampsMs)),
  },
});

test('devices send one batch a second, in the order of the time since they began', async () => {
  const batches = await all(madeRecordings({ devices: 3, recordings: 2, secondsEach: 4 }));
  expect(batches).toHaveLength(3 * 2 * 4);
  expect(batches.slice(0, 4).map(({ batch }) => batch.device)).toEqual([
    ...['watch-0', 'watch-1', 'watch-2', 'watch-0'],
  ]);
  const elapsed = batches.map(({ elapsedMs }) => elapsedMs);
  expect(elapsed).toEqual(elapsed.toSorted((a, b) => a - b));
  const ends = batches.filter(({ batch }) => batch.last);
  expect(ends.map(({ elapsedMs }) => elapsedMs)).toEqual([
    3000, 3000, 3000, 17_000, 17_000, 17_000,
  ]);
});

test('a second of a very fast device is cut to what a broker takes', async () => {
  const times = Array.from({ length: 40_000 }, (_, index) => index / 40);
  const batches = await all(sourceOf(recordingOf(times, 8)));
  expect(batches.length).toBeGreaterThan(1);
  expect(() => batches.map(({ batch }) => encodeSampleBatch(batch))).not.toThrow();
  expect(batches.flatMap(({ batch }) => [...batch.span.timestampsMs])).toEqual(times);
  expect(batches.map(({ batch }) => batch.last)).toEqual(
    batches.map((_, index) => index === batches.length - 1),
  );
});

test('so is a second of as many channels as a dataset may have', async () => {
  const times = Array.from({ length: 1_200 }, (_, index) => index / 1.2);
  const batches = await all(sourceOf(recordingOf(times, MAXIMUM_CHANNELS)));
  expect(batches.length).toBeGreaterThan(1);
  expect(() => batches.map(({ batch }) => encodeSampleBatch(batch))).not.toThrow();
});
