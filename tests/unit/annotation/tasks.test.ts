/** How a task's arrays are kept. */
import fc from 'fast-check';
import {
  bytesOf,
  channelBytes,
  channelsFrom,
  float32From,
  float64From,
  isTaskId,
} from '../../../annotation/tasks';

test('arrays come back as they were, also from the middle of a larger buffer', () => {
  fc.assert(
    fc.property(fc.float32Array(), fc.float64Array(), (singles, doubles) => {
      const shifted = (bytes: Buffer) => Buffer.concat([Buffer.from([7]), bytes]).subarray(1);
      expect(float32From(shifted(bytesOf(singles)))).toEqual(singles);
      expect(float64From(shifted(bytesOf(doubles)))).toEqual(doubles);
    }),
  );
});

test('channels come back one by one', () => {
  const values = [Float32Array.of(1, 2), Float32Array.of(3, 4), Float32Array.of(5, 6)];
  expect(channelsFrom(channelBytes(values), 3)).toEqual(values);
  expect(channelsFrom(Buffer.alloc(0), 0)).toEqual([]);
});

test.each([
  ['7', true],
  ['123456789012345678', true],
  ['1234567890123456789', false],
  ['', false],
  ['-1', false],
  ['1 OR 1=1', false],
  ['task 1', false],
])('%j names a task: %p', (text, expected) => expect(isTaskId(text)).toBe(expected));
