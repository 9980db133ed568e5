/** Recordings are cut into the batches that devices would have sent. */
import fc from 'fast-check';
import { replay, type ReplayedBatch } from '../../../streaming/device-replay';
import type { DeviceRecording, SampleSource } from '../../../streaming/ports';
import { encodeSampleBatch } from '../../../streaming/sample-batch';
import { sliceSpan } from '../../../streaming/spans';
import { madeRecordings } from '../../support/made-recordings';

const OPTIONS = { dataset: 'exercises', batchMs: 1000 };

async function all(source: SampleSource, options = OPTIONS): Promise<ReplayedBatch[]> {
  const batches: ReplayedBatch[] = [];
  for await (const batch of replay(source, options)) batches.push(batch);
  return batches;
}

const sourceOf = (parts: readonly DeviceRecording[]): SampleSource => ({
  size: () => Promise.resolve(parts.reduce((sum, { span }) => sum + span.timestampsMs.length, 0)),
  devices: () => Promise.resolve(['watch-0']),
  async *recordings() {
    for (const part of parts) yield await Promise.resolve(part);
  },
});

const recordingOf = (timestampsMs: readonly number[], channels = 1): DeviceRecording => ({
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

test('no sample is lost or repeated, and a recording in parts gives the same batches', async () => {
  const times = fc
    .array(fc.integer({ min: 1, max: 2500 }), { minLength: 1, maxLength: 60 })
    .map((gaps) => {
      let nowMs = -3000;
      return gaps.map((gapMs) => (nowMs += gapMs));
    });
  const cuts = fc.array(fc.nat(59), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(times, cuts, async (timestampsMs, places) => {
      const whole = recordingOf(timestampsMs);
      const batches = await all(sourceOf([whole]));
      expect(batches.flatMap(({ batch }) => [...batch.span.timestampsMs])).toEqual(timestampsMs);
      expect(batches.map(({ batch }) => batch.last)).toEqual(
        batches.map((_, index) => index === batches.length - 1),
      );
      const bounds = [
        0,
        ...places.filter((place) => place < timestampsMs.length),
        timestampsMs.length,
      ];
      const ordered = [...new Set(bounds)].sort((a, b) => a - b);
      const parts = ordered.slice(1).map((until, index) => ({
        ...whole,
        span: sliceSpan(whole.span, ordered[index] as number, until),
        continues: until < timestampsMs.length,
      }));
      expect(await all(sourceOf(parts))).toEqual(batches);
    }),
  );
});

test('a second of a very fast device is cut to what a broker takes', async () => {
  const times = Array.from({ length: 40_000 }, (_, index) => index / 40);
  const batches = await all(sourceOf([recordingOf(times, 8)]));
  expect(batches.length).toBeGreaterThan(1);
  expect(() => batches.map(({ batch }) => encodeSampleBatch(batch))).not.toThrow();
});
