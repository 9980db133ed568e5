/** A device of the stream that changes hands, and one that is late for ever. */
import type { SampleSpan, SignalSpec } from '../../../models/signal';
import { Windower } from '../../../streaming/windower';

const SIGNAL: SignalSpec = {
  channels: ['ax'],
  rateHz: 10,
  window: { lengthMs: 1000, stepMs: 500 },
  maxGapMs: 200,
};
const windowerOf = (silentAfterOffsets = 10_000, signal = SIGNAL) =>
  new Windower({ dataset: 'exercises', signal, silentAfterOffsets });

/** From a moment on, ten a second. */
const samples = (fromMs: number, count: number): SampleSpan => ({
  timestampsMs: Float64Array.from({ length: count }, (_, at) => fromMs + at * 100),
  values: [new Float32Array(count)],
});

test('a device that goes to somebody else ends the windows of the one before: none holds both', () => {
  const windower = windowerOf();
  const base = { device: 'a', last: false };
  const ann = windower.push({ ...base, subjectKey: 'ann', offset: 0, span: samples(0, 15) });
  const bob = windower.push({ ...base, subjectKey: 'bob', offset: 1, span: samples(1500, 15) });
  const end = windower.push({
    ...base,
    subjectKey: 'bob',
    offset: 2,
    span: samples(3000, 0),
    last: true,
  });
  const told = [ann, bob, end].flatMap(({ windows }) =>
    windows.map(({ subjectKey, startMs, span }) => ({
      subjectKey,
      startMs,
      times: span.timestampsMs,
    })),
  );
  expect(told.map(({ subjectKey, startMs }) => [subjectKey, startMs])).toEqual([
    ['ann', 0],
    ['ann', 500],
    ['bob', 1500],
    ['bob', 2000],
  ]);
  for (const { subjectKey, times } of told) {
    expect([...times].every((timeMs) => timeMs < 1500 === (subjectKey === 'ann'))).toBe(true);
  }
});

test('late samples do not keep a device from being closed in its turn', () => {
  const windower = windowerOf(5);
  const base = { subjectKey: 's', last: false };
  windower.push({ ...base, device: 'a', offset: 0, span: samples(10_000, 15) });
  windower.push({ ...base, device: 'b', offset: 4, span: samples(0, 3) });
  windower.push({ ...base, device: 'a', offset: 5, span: samples(0, 3) });
  expect(windower.pass(5)).toEqual([]);
  expect(windower.pass(6).map(({ device, startMs }) => [device, startMs])).toEqual([['a', 10_500]]);
  windower.pass(12);
  expect(windower.neededFrom).toBeNull();
});

test('a gap that is just allowed ends no window, within a message and between two', () => {
  const windower = windowerOf();
  const base = { device: 'a', subjectKey: 's', last: false };
  const startsOf = (offset: number, span: SampleSpan) =>
    windower.push({ ...base, offset, span }).windows.map(({ startMs }) => startMs);
  expect(startsOf(0, samples(0, 5))).toEqual([]);
  expect(startsOf(1, samples(600, 5))).toEqual([0]);
  expect(startsOf(2, samples(1201, 5))).toEqual([]);
});

test('a first message without samples makes nobody known', () => {
  const windower = windowerOf();
  const input = { device: 'a', subjectKey: 's', last: false, offset: 7, span: samples(0, 0) };
  expect(windower.push(input)).toEqual({ windows: [], late: null });
  expect(windower.neededFrom).toBeNull();
});

test.each<[Partial<SignalSpec>, string]>([
  [{ window: { lengthMs: 1000, stepMs: 0 } }, 'stepMs'],
  [{ window: { lengthMs: 399, stepMs: 500 } }, 'maxGapMs'],
  [{ channels: [] }, 'channels'],
])('refuses a signal with %j', (change, named) => {
  const make = () => windowerOf(5, { ...SIGNAL, ...change });
  expect(make).toThrow(expect.objectContaining({ code: 'INPUT_INVALID' }) as Error);
  expect(make).toThrow(named);
});

test('a window of twice the largest gap is allowed', () => {
  expect(() => windowerOf(5, { ...SIGNAL, window: { lengthMs: 400, stepMs: 200 } })).not.toThrow();
});
