/** The binary codec of sample batches: what goes in comes out, and nothing else does. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { isWatchlakeError } from '../../../core/errors';
import { LARGEST_VALUE, LATEST_MS, MAXIMUM_CHANNELS } from '../../../models/signal';
import {
  checkChannels,
  decodeSampleBatch,
  encodeSampleBatch,
  MAXIMUM_BATCH_BYTES,
  SAMPLE_BATCH_SCHEMA,
  type SampleBatch,
} from '../../../streaming/sample-batch';

const batchOf = (samples: number, channels: readonly string[] = ['ax', 'ay']): SampleBatch => ({
  dataset: 'exercises',
  device: 'watch-ü-left',
  subjectKey: '0123456789abcdef',
  recording: 'r001',
  channels,
  last: false,
  span: {
    timestampsMs: Float64Array.from({ length: samples }, (_, index) => index * 20),
    values: channels.map((_, channel) =>
      Float32Array.from({ length: samples }, (_value, index) => channel + index / 7),
    ),
  },
});

function reasonOf(task: () => unknown): unknown {
  try {
    task();
  } catch (error) {
    return isWatchlakeError(error) && error.code === 'BATCH_UNREADABLE' && error.context.reason;
  }
  return 'no error';
}

const decode = (value: Buffer | null) => decodeSampleBatch(value, SAMPLE_BATCH_SCHEMA);

test('a batch is the same after encoding and decoding', () => {
  const largest = Math.fround(LARGEST_VALUE);
  const values = fc.float({ noNaN: true, min: -largest, max: largest });
  const times = fc.double({ noNaN: true, min: -LATEST_MS, max: LATEST_MS });
  const channels = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 20 }), {
    minLength: 1,
    maxLength: 6,
  });
  const batches = fc.tuple(channels, fc.nat(40), fc.boolean()).chain(([names, samples, last]) =>
    fc.record({
      ...{ dataset: fc.constant('d'), subjectKey: fc.constant('s'), recording: fc.constant('r') },
      device: fc
        .string({ minLength: 1, maxLength: 50, unit: 'grapheme' })
        .filter((t) => t.length < 150),
      ...{ channels: fc.constant(names), last: fc.constant(last) },
      span: fc.record({
        timestampsMs: fc
          .array(times, { minLength: samples, maxLength: samples })
          .map((numbers) => Float64Array.from(numbers)),
        values: fc.tuple(
          ...names.map(() =>
            fc
              .array(values, { minLength: samples, maxLength: samples })
              .map((numbers) => Float32Array.from(numbers)),
          ),
        ),
      }),
    }),
  );
  fc.assert(
    fc.property(batches, (batch) => {
      expect(decode(encodeSampleBatch(batch))).toEqual(batch);
    }),
  );
});

test('a batch is decoded from anywhere in a larger buffer', () => {
  const encoded = encodeSampleBatch(batchOf(5));
  const moved = Buffer.concat([Buffer.alloc(3), encoded]).subarray(3);
  expect(decode(moved)).toEqual(batchOf(5));
});

test('no altered byte goes unnoticed', () => {
  const encoded = encodeSampleBatch(batchOf(3));
  for (let index = 0; index < encoded.length; index += 1) {
    const altered = Buffer.from(encoded);
    altered[index] = (altered[index] as number) ^ 0x10;
    expect(['malformed', 'checksum-differs']).toContain(reasonOf(() => decode(altered)));
  }
});

test('a batch that was cut off is refused at every length', () => {
  const encoded = encodeSampleBatch(batchOf(3));
  for (let length = 1; length < encoded.length; length += 1) {
    const reason = reasonOf(() => decode(encoded.subarray(0, length)));
    expect(['malformed', 'checksum-differs']).toContain(reason);
  }
});

test('a frame that contradicts itself is refused, whatever its checksum', () => {
  const withCount = (at: number, change: (count: number) => number): Buffer => {
    const frame = encodeSampleBatch(batchOf(3));
    frame.writeUInt32LE(change(frame.readUInt32LE(at)), at);
    frame.writeUInt32LE(crc32(frame.subarray(8)), 4);
    return frame;
  };
  expect(reasonOf(() => decode(withCount(12, (samples) => samples)))).toBe('no error');
  for (const frame of [
    withCount(12, (samples) => samples + 1),
    withCount(12, (samples) => samples - 1),
    withCount(8, (metadata) => metadata - 1),
    withCount(8, () => 4_000_000_000),
  ])
    expect(reasonOf(() => decode(frame))).toBe('malformed');
});

test('a batch names why it cannot be read', () => {
  const encoded = encodeSampleBatch(batchOf(3));
  expect(reasonOf(() => decode(null))).toBe('empty');
  expect(reasonOf(() => decode(Buffer.alloc(0)))).toBe('empty');
  expect(reasonOf(() => decodeSampleBatch(encoded, undefined))).toBe('schema-unknown');
  expect(reasonOf(() => decodeSampleBatch(encoded, 'watch.samples/2'))).toBe('schema-unknown');
  expect(reasonOf(() => decode(Buffer.from('{"json":"batch, long enough"}')))).toBe('malformed');
  const checked = () => checkChannels(batchOf(3), ['ay', 'ax']);
  expect(reasonOf(checked)).toBe('channels-differ');
  expect(() => checkChannels(batchOf(3), ['ax', 'ay'])).not.toThrow();
});

test('numbers that are not finite are refused', () => {
  const batch = batchOf(3);
  batch.span.timestampsMs[1] = Number.NaN;
  expect(reasonOf(() => decode(encodeSampleBatch(batch)))).toBe('malformed');
  const other = batchOf(3);
  (other.span.values[1] as Float32Array)[2] = Infinity;
  expect(reasonOf(() => decode(encodeSampleBatch(other)))).toBe('malformed');
});

test('as many channels as a dataset may have, with the longest names, come out as they went in', () => {
  const channels = Array.from({ length: MAXIMUM_CHANNELS }, (_, at) => `${at}`.padStart(63, 'c'));
  const batch = batchOf(3, channels);
  expect(decode(encodeSampleBatch(batch))).toEqual(batch);
  const more = batchOf(3, [...channels, 'another']);
  expect(reasonOf(() => decode(encodeSampleBatch(more)))).toBe('malformed');
});

test('metadata that nobody could read are never sent', () => {
  const channels = Array.from({ length: 200 }, (_, at) => `${at}`.padStart(300, 'c'));
  expect(reasonOf(() => encodeSampleBatch(batchOf(1, channels)))).toBe('too-large');
});

test.each(['device', 'subjectKey', 'recording'] as const)(
  'a %s that no prediction could be kept under is refused',
  (field) => {
    const named = (text: string) => encodeSampleBatch({ ...batchOf(1), [field]: text });
    expect(reasonOf(() => decode(named('a\0b')))).toBe('malformed');
    expect(reasonOf(() => decode(named('a\tb')))).toBe('no error');
  },
);

test('numbers that no device can mean are refused, and those beside them are not', () => {
  const withTime = (ms: number) => {
    const batch = batchOf(3);
    batch.span.timestampsMs[2] = ms;
    return reasonOf(() => decode(encodeSampleBatch(batch)));
  };
  const withValue = (value: number) => {
    const batch = batchOf(3);
    (batch.span.values[1] as Float32Array)[2] = value;
    return reasonOf(() => decode(encodeSampleBatch(batch)));
  };
  const tooFar = [1e20, -1e20, 1e300, -Number.MAX_VALUE, LATEST_MS + 1];
  expect(tooFar.map(withTime)).toEqual(tooFar.map(() => 'malformed'));
  const tooLarge = [3.4e38, -3.4e38, 1.1e18];
  expect(tooLarge.map(withValue)).toEqual(tooLarge.map(() => 'malformed'));
  expect([LATEST_MS, -LATEST_MS].map(withTime)).toEqual(['no error', 'no error']);
  expect([9e17, -9e17].map(withValue)).toEqual(['no error', 'no error']);
});

test('a batch larger than a broker takes is never made, nor read', () => {
  const samples = Math.ceil(MAXIMUM_BATCH_BYTES / 16);
  expect(reasonOf(() => encodeSampleBatch(batchOf(samples)))).toBe('too-large');
  const beside = Buffer.alloc(MAXIMUM_BATCH_BYTES);
  const longer = Buffer.concat([encodeSampleBatch(batchOf(3)), beside]);
  expect(reasonOf(() => decode(longer))).toBe('too-large');
});

test('a batch whose values are not those of its channels is never made', () => {
  const { span } = batchOf(3, ['ax', 'ay', 'az']);
  expect(reasonOf(() => encodeSampleBatch({ ...batchOf(3), span }))).toBe('channels-differ');
});
