/** Our encoder of records says, byte for byte, what that of kafkajs says. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { compactly, type EncodeRecord, type KafkaRecord } from '../../../streaming/kafka-records';

const original = createRequire(__filename)(
  'kafkajs/src/protocol/recordBatch/record/v0',
) as EncodeRecord;
const refuse: EncodeRecord = () => {
  throw new Error('left to kafkajs');
};

const bytes = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array)),
);
const orNull = fc.oneof(bytes, fc.constant(null), fc.constant(undefined));
const name = fc.string({ unit: 'grapheme', maxLength: 20 });
const record = fc.record({
  offsetDelta: fc.nat(1_000_000),
  key: orNull,
  value: orNull,
  headers: fc.dictionary(name, bytes, { maxKeys: 5 }),
});

test('whatever the record holds', () => {
  fc.assert(
    fc.property(record, (each: KafkaRecord) => {
      expect(compactly(refuse)(each).buffer).toEqual(original(each).buffer);
    }),
  );
});

test('at the lengths where a number takes one more byte', () => {
  for (const length of [63, 64, 8191, 8192, 1_048_575, 1_048_576])
    for (const each of [{ value: 'x'.repeat(length) }, { offsetDelta: length }])
      expect(compactly(refuse)(each).buffer.equals(original(each).buffer)).toBe(true);
});

test('what the project never sends is left to kafkajs', () => {
  for (const each of [{ timestampDelta: 5 }, { headers: { many: ['a', 'b'] } }])
    expect(() => compactly(refuse)(each)).toThrow('left to kafkajs');
});
