/** Which messages a bounded reading takes: runs of any size read every offset once. */
import fc from 'fast-check';
import { lagOf, nextRange } from '../../../streaming/event-range';
import type { Offsets, PartitionBounds } from '../../../streaming/ports';

const boundsOf = (ends: readonly (readonly [start: number, end: number])[]) =>
  new Map<number, PartitionBounds>(ends.map(([start, end], at) => [at, { start, end }]));

test('begins where the last reading ended, at the start of a partition that nobody has read', () => {
  const bounds = boundsOf([
    [0, 10],
    [5, 8],
  ]);
  expect(nextRange(bounds, { 0: 4 }, 100)).toEqual({
    ...{ from: { 0: 4, 1: 5 }, to: { 0: 10, 1: 8 } },
    ...{ skipped: 0, restarted: [] },
  });
});

test('counts what the topic has removed before it was read', () => {
  expect(nextRange(boundsOf([[7, 9]]), { 0: 4 }, 100)).toMatchObject({
    from: { 0: 7 },
    skipped: 3,
  });
});

test('reads from its start a partition that ends before the known offset, or is another one', () => {
  const bounds = boundsOf([
    [0, 3],
    [0, 9],
    [0, 9],
  ]);
  const range = nextRange(bounds, { 0: 4, 1: 9, 2: 9 }, 100, new Set([2]));
  expect(range).toMatchObject({ from: { 0: 0, 1: 9, 2: 0 }, restarted: [0, 2], skipped: 0 });
});

test('shares a limit among the partitions; what one does not need, the others get', () => {
  const bounds = boundsOf([
    [0, 100],
    [0, 2],
    [0, 100],
  ]);
  expect(nextRange(bounds, {}, 42).to).toEqual({ 0: 20, 1: 2, 2: 20 });
  // Each partition goes on, however small the limit.
  expect(nextRange(bounds, {}, 1).to).toEqual({ 0: 1, 1: 1, 2: 1 });
});

test('tells how many messages wait', () => {
  const bounds = boundsOf([
    [3, 10],
    [0, 4],
  ]);
  expect([lagOf(bounds, {}), lagOf(bounds, { 0: 8, 1: 4 }), lagOf(bounds, { 0: 12 })]).toEqual([
    ...[11, 2, 4],
  ]);
});

test('one run after the other reads every offset once', () => {
  const partition = fc.tuple(fc.nat(20), fc.nat(60)).map(([start, size]) => [start, start + size]);
  const topics = fc.array(partition as fc.Arbitrary<[number, number]>, {
    ...{ minLength: 1, maxLength: 5 },
  });
  fc.assert(
    fc.property(topics, fc.integer({ min: 1, max: 50 }), (ends, maximum) => {
      const bounds = boundsOf(ends);
      const all = lagOf(bounds, {});
      let [known, read]: [Offsets, number] = [{}, 0];
      for (let run = 0; lagOf(bounds, known) > 0; run += 1) {
        expect(run).toBeLessThanOrEqual(all);
        const { from, to } = nextRange(bounds, known, maximum);
        const taken = [...bounds.keys()].map((at) => (to[at] as number) - (from[at] as number));
        for (const at of bounds.keys()) expect(from[at]).toBe(known[at] ?? ends[at]?.[0]);
        expect(Math.min(...taken)).toBeGreaterThanOrEqual(0);
        const count = taken.reduce((sum, each) => sum + each, 0);
        expect(count).toBeLessThanOrEqual(Math.max(maximum, bounds.size));
        read += count;
        known = to;
      }
      expect(read).toBe(all);
    }),
  );
});
