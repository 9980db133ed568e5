/** Addresses on S3, how large objects are divided, and work that is done a few at a time. */
import fc from 'fast-check';
import { asPrefix, parseS3Address } from '../../../../lakehouse/stores/s3/address';
import { createGate, inParallel } from '../../../../lakehouse/in-parallel';
import { piecesOf, type Piece } from '../../../../lakehouse/stores/s3/pieces';

test.each([
  ['s3://bucket', 'bucket', ''],
  ['s3://my.bucket-1/', 'my.bucket-1', ''],
  ['s3://bucket/lake/of mine/', 'bucket', 'lake/of mine/'],
  ['s3://bucket/a..b/archive.zip', 'bucket', 'a..b/archive.zip'],
])('%s is read', (text, bucket, key) => {
  expect(parseS3Address(text)).toEqual({ bucket, key });
});

test.each(['s3://', 's3://B/x', 's3://bucket//x', 's3://bucket/a/../b', 's3:bucket/x', 'bucket/x'])(
  '%s is refused',
  (text) => {
    expect(() => parseS3Address(text)).toThrow('give a bucket and a prefix');
  },
);

test('a prefix ends with a slash, or is none', () => {
  expect(['', 'lake', 'lake/'].map(asPrefix)).toEqual(['', 'lake/', 'lake/']);
});

test('the pieces of an object are all of it, none larger than needed, at most 9,000', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 44 }),
      fc.integer({ min: 1, max: 2 ** 33 }),
      (size, wanted) => {
        fc.pre(size / wanted < 20_000);
        const pieces = piecesOf(size, wanted);
        const isNext = ({ number, offset }: Piece, index: number) => {
          const before = pieces[index - 1];
          return number === index + 1 && offset === (before ? before.offset + before.bytes : 0);
        };
        expect(pieces.every(isNext)).toBe(true);
        expect(pieces.every(({ bytes }) => bytes > 0)).toBe(true);
        expect(pieces.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(size);
        expect(pieces.length).toBeLessThanOrEqual(9_000);
        const most = Math.max(wanted, Math.ceil(size / 9_000));
        expect(pieces.every(({ bytes }) => bytes <= most)).toBe(true);
      },
    ),
  );
});

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

test('at most so many run at once, results keep their order', async () => {
  let [running, most] = [0, 0];
  const work = async (item: number) => {
    running += 1;
    most = Math.max(most, running);
    await later();
    running -= 1;
    return item * 2;
  };
  expect(await inParallel([1, 2, 3, 4, 5, 6, 7], 3, work)).toEqual([2, 4, 6, 8, 10, 12, 14]);
  expect(most).toBe(3);
  const gate = createGate(2);
  most = 0;
  const through = [1, 2, 3, 4, 5].map((item) => gate(() => work(item)));
  expect(await Promise.all(through)).toEqual([2, 4, 6, 8, 10]);
  expect(most).toBe(2);
  // Also once nobody was in it for a while.
  most = 0;
  await Promise.all([1, 2, 3, 4, 5].map((item) => gate(() => work(item))));
  expect(most).toBe(2);
});

test('after a failure nothing new is begun, and what runs is waited for', async () => {
  const begun: number[] = [];
  const ended: number[] = [];
  const working = inParallel([1, 2, 3, 4, 5, 6], 2, async (item) => {
    begun.push(item);
    if (item === 2) throw new Error('two');
    await later();
    ended.push(item);
  });
  await expect(working).rejects.toThrow('two');
  expect(begun.length).toBeLessThan(6);
  expect(ended).toContain(1);
});

test('a gate lets others through after a failure', async () => {
  const gate = createGate(1);
  await expect(gate(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await gate(async () => 'through')).toBe('through');
});
