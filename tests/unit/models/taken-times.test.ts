import fc from 'fast-check';
import { takenTimes, type WindowTime } from '../../../models/taken-times';

const windows = fc.array(
  fc
    .record({
      device: fc.constantFrom('left', 'right', undefined),
      startMs: fc.option(fc.integer({ min: -20, max: 40 }), { nil: undefined }),
      lengthMs: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
    })
    .map(({ device, startMs, lengthMs }) => {
      const isOpen = startMs === undefined || lengthMs === undefined;
      return { device, startMs, endMs: isOpen ? undefined : startMs + lengthMs };
    }),
  { maxLength: 20, size: 'max' },
);

function sharesSamples(a: WindowTime, b: WindowTime): boolean {
  if (a.device !== b.device || a.startMs === undefined || b.startMs === undefined) return false;
  return a.startMs < (b.endMs ?? b.startMs) && b.startMs < (a.endMs ?? a.startMs);
}

test('says of every window what a look at each of those taken says', () => {
  let shared = 0;
  fc.assert(
    fc.property(windows, windows, windows, (taken, later, asked) => {
      const times = takenTimes(taken, later);
      for (const window of later) times.add(window);
      for (const window of asked) {
        const expected = [...taken, ...later].some((each) => sharesSamples(each, window));
        expect(times.has(window)).toBe(expected);
        shared += Number(expected);
      }
    }),
  );
  expect(shared).toBeGreaterThan(50);
});
