/** The stream's windows are the batch path's windows, however the samples arrive. */
import fc from 'fast-check';
import type { SampleSpan, SignalSpec } from '../../../models/signal';
import { isComplete, sliceWindow, windowId } from '../../../models/windows';
import { concatSpans, emptySpan, sliceSpan, splitLate } from '../../../models/spans';
import { Windower, type ClosedWindow, type WindowerInput } from '../../../streaming/windower';
import { windowStartsCovering } from '../../support/window-grid';

const SIGNAL: SignalSpec = {
  channels: ['ax'],
  rateHz: 10,
  window: { lengthMs: 1000, stepMs: 500 },
  maxGapMs: 200,
};
const DATASET = 'exercises';
const windowerOf = (silentAfterOffsets = 10_000) =>
  new Windower({ dataset: DATASET, signal: SIGNAL, silentAfterOffsets });

const spanOf = (timestampsMs: readonly number[]): SampleSpan => ({
  timestampsMs: Float64Array.from(timestampsMs),
  values: [Float32Array.from(timestampsMs, (timestampMs) => Math.sin(timestampMs / 300))],
});

const describeWindow = ({ windowId: id, device, startMs, span }: ClosedWindow) =>
  `${id} ${device} ${startMs} ${span.timestampsMs.join()} ${span.values.map(String).join('|')}`;

/** The batch path's definition, applied to a whole recording at once. */
function batchWindows(device: string, subjectKey: string, span: SampleSpan): ClosedWindow[] {
  const starts = [...span.timestampsMs].flatMap((tMs) => windowStartsCovering(tMs, SIGNAL.window));
  return [...new Set(starts)]
    .sort((a, b) => a - b)
    .filter((startMs) => isComplete(span.timestampsMs, startMs, SIGNAL))
    .map((startMs) => ({
      ...{ windowId: windowId({ dataset: DATASET, device, startMs, window: SIGNAL.window }) },
      ...{ device, subjectKey, startMs, endMs: startMs + SIGNAL.window.lengthMs },
      span: sliceWindow(span, startMs, SIGNAL.window),
    }));
}

interface Run {
  readonly windows: string[];
  readonly late: number[];
}

function push(windower: Windower, input: WindowerInput): Run {
  const { windows, late } = windower.push(input);
  return { windows: windows.map(describeWindow), late: late ? [...late.timestampsMs] : [] };
}

/** Feeds messages to a windower that may be thrown away and rebuilt before any message. */
function feed(
  inputs: readonly WindowerInput[],
  restarts: ReadonlySet<number>,
  silence?: number,
): Run {
  let windower = windowerOf(silence);
  const found: Run = { windows: [], late: [] };
  inputs.forEach((input, index) => {
    if (restarts.has(index)) {
      const from = windower.neededFrom ?? input.offset;
      windower = windowerOf(silence);
      const again = inputs.slice(0, index).filter(({ offset }) => offset >= from);
      again.forEach((earlier) => push(windower, earlier)); // What it gives was emitted before.
    }
    const step = push(windower, input);
    found.windows.push(...step.windows);
    found.late.push(...step.late);
  });
  return found;
}

/** Recordings of one device, later ones after earlier ones, with gaps of every kind. */
const recordings = fc
  .array(
    fc.record({
      pauseMs: fc.constantFrom(10, 150, 400, 10_000),
      gapsMs: fc.array(
        fc.oneof(
          { weight: 30, arbitrary: fc.integer({ min: 40, max: 190 }) },
          fc.integer({ min: 1, max: 900 }),
        ),
        { minLength: 1, maxLength: 60 },
      ),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => {
    let nowMs = -2500;
    return parts.map(({ pauseMs, gapsMs }) => {
      nowMs += pauseMs;
      return spanOf(gapsMs.map((gapMs) => (nowMs += gapMs)));
    });
  });

/** Cuts each recording at arbitrary places; the last part carries the flag. */
function messagesOf(device: string, spans: readonly SampleSpan[], cuts: readonly number[]) {
  return spans.flatMap((span, recording) => {
    const length = span.timestampsMs.length;
    const places = [0, ...cuts.map((cut) => cut % length), length];
    const ordered = [...new Set(places)].sort((a, b) => a - b);
    return ordered.slice(1).map((until, index) => ({
      ...{ device, subjectKey: `subject-${recording % 2}`, last: until === length },
      span: sliceSpan(span, ordered[index] as number, until),
    }));
  });
}

const messages = (device: string) =>
  fc
    .tuple(recordings, fc.array(fc.nat(1000), { maxLength: 12 }))
    .map(([spans, cuts]) => ({ spans, parts: messagesOf(device, spans, cuts) }));

const interleaved = fc
  .tuple(messages('a'), messages('b'), fc.infiniteStream(fc.boolean()), fc.array(fc.nat(3)))
  .map(([a, b, order, steps]) => {
    const queues = [[...a.parts], [...b.parts]];
    const merged: Omit<WindowerInput, 'offset'>[] = [];
    while (queues.some((queue) => queue.length > 0)) {
      const first = order.next().value === true ? 0 : 1;
      const next = queues[first]?.shift() ?? queues[1 - first]?.shift();
      if (next) merged.push(next);
    }
    // Transaction markers and the like leave holes between the offsets.
    let offset = -1;
    const inputs = merged.map((part, index) => {
      offset += 1 + (steps[index] ?? 0);
      return { ...part, offset };
    });
    return { inputs, spans: { a: a.spans, b: b.spans } };
  });

test('windows are those of the batch path, for any cut, order and restart', () => {
  const cases = fc.tuple(interleaved, fc.array(fc.nat(80), { maxLength: 6 }));
  fc.assert(
    fc.property(cases, ([{ inputs, spans }, restarts]) => {
      const found = feed(inputs, new Set(restarts));
      const expected = Object.entries(spans).flatMap(([device, list]) =>
        list.flatMap((span, index) => batchWindows(device, `subject-${index % 2}`, span)),
      );
      expect(found.late).toEqual([]);
      expect(found.windows.toSorted()).toEqual(expected.map(describeWindow).toSorted());
    }),
    { numRuns: 300 },
  );
});

/** Messages as a broken device would send them: out of order, repeated, with and without the flag. */
const disorderly = fc
  .array(
    fc.record({
      device: fc.constantFrom('a', 'b', 'c'),
      fromMs: fc.integer({ min: 0, max: 12_000 }),
      gapsMs: fc.array(
        fc.oneof({ weight: 20, arbitrary: fc.constant(100) }, fc.integer({ min: -500, max: 700 })),
        {
          maxLength: 25,
        },
      ),
      last: fc.boolean().chain((flag) => (flag ? fc.boolean() : fc.constant(false))),
      subject: fc.constantFrom('x', 'x', 'x', 'y'),
    }),
    { maxLength: 40 },
  )
  .map((parts) =>
    parts.map(({ device, fromMs, gapsMs, last, subject }, index): WindowerInput => {
      let nowMs = fromMs + index * 300;
      const span = spanOf(gapsMs.map((gapMs) => (nowMs += gapMs)));
      return { offset: index * 2, device, subjectKey: subject, span, last };
    }),
  );

test('a restart changes nothing, whatever the devices send', () => {
  const cases = fc.tuple(
    disorderly,
    fc.array(fc.nat(40), { maxLength: 8 }),
    fc.constantFrom(6, 20, 1000),
  );
  fc.assert(
    fc.property(cases, ([inputs, restarts, silence]) => {
      expect(feed(inputs, new Set(restarts), silence)).toEqual(feed(inputs, new Set(), silence));
    }),
    { numRuns: 1500 },
  );
});

/** Devices that go on in time, but for moments at which their clock is ahead, or set back. */
const astray = fc
  .array(
    fc.record({
      device: fc.constantFrom('a', 'a', 'b'),
      samples: fc.integer({ min: 1, max: 9 }),
      aheadMs: fc.oneof(
        { weight: 12, arbitrary: fc.constant(0) },
        fc.constantFrom(-2000, 600, 3000, 1e9),
      ),
    }),
    { minLength: 20, maxLength: 60 },
  )
  .map((parts) => {
    const clocks: Record<string, number> = { a: 0, b: 50 };
    return parts.map(({ device, samples, aheadMs }, offset): WindowerInput => {
      const fromMs = (clocks[device] as number) + aheadMs;
      clocks[device] = (clocks[device] as number) + (aheadMs === 0 ? samples * 100 : 0);
      const span = spanOf(Array.from({ length: samples }, (_, at) => fromMs + at * 100));
      return { offset, device, subjectKey: 's', span, last: false };
    });
  });

test('a restart changes nothing where clocks were astray', () => {
  const cases = fc.tuple(
    astray,
    fc.array(fc.nat(60), { minLength: 1, maxLength: 8 }),
    fc.constantFrom(3, 5, 8),
  );
  fc.assert(
    fc.property(cases, ([inputs, restarts, silence]) => {
      expect(feed(inputs, new Set(restarts), silence)).toEqual(feed(inputs, new Set(), silence));
    }),
    { numRuns: 100 },
  );
});

test('samples that are not later than the newest one are late, and change no window', () => {
  const windower = windowerOf();
  const base = { device: 'a', subjectKey: 's', last: false };
  const times = Array.from({ length: 30 }, (_, index) => index * 100);
  windower.push({ ...base, offset: 0, span: spanOf(times) });
  const again = windower.push({ ...base, offset: 1, span: spanOf([2800, 2900, 3000, 2950, 3100]) });
  expect([...(again.late?.timestampsMs ?? [])]).toEqual([2800, 2900, 2950]);
  const repeated = windower.push({ ...base, offset: 2, span: spanOf(times), last: true });
  expect(repeated.late?.timestampsMs).toHaveLength(30);
  expect(again.windows.map(({ startMs }) => startMs)).toEqual([2000]);
  expect(again.windows[0]?.span.timestampsMs).toHaveLength(10);
  expect(repeated.windows).toEqual([]);
});

test('a silent device is closed when its partition has grown by the limit, and then forgotten', () => {
  const windower = windowerOf(5);
  const times = Array.from({ length: 15 }, (_, index) => index * 100);
  const input = { device: 'a', subjectKey: 's', last: false, span: spanOf(times) };
  expect(windower.push({ ...input, offset: 0 }).windows.map(({ startMs }) => startMs)).toEqual([0]);
  expect(windower.pass(5)).toEqual([]);
  expect(windower.neededFrom).toBe(0);
  expect(windower.pass(6).map(({ startMs }) => startMs)).toEqual([500]);
  expect(windower.neededFrom).toBeNull();
});

test('after one sample of a clock that was far ahead a device is late for the limit, and then goes on', () => {
  const windower = windowerOf(5);
  const base = { device: 'a', subjectKey: 's', last: false };
  windower.push({ ...base, offset: 0, span: spanOf([4e12]) });
  const found = Array.from({ length: 30 }, (_, index) => {
    const times = Array.from({ length: 5 }, (_each, at) => index * 500 + at * 100);
    const { late, windows } = windower.push({ ...base, offset: index + 1, span: spanOf(times) });
    return { late: late !== null, windows: windows.length, needed: windower.neededFrom };
  });
  expect(found.map(({ late }) => late).lastIndexOf(true)).toBe(4);
  expect(found.slice(8).map(({ windows }) => windows)).toEqual(Array.from({ length: 22 }, () => 1));
  expect(found.slice(8).every(({ needed }, at) => at + 9 - (needed ?? 0) <= 2)).toBe(true);
});

test('a restart does not take for new what a clock that was ahead had made late', () => {
  const sent: [device: string, timeMs: number][] = [
    ...([
      ['a', 4e12],
      ['a', 5000],
      ['b', 0],
      ['a', 6000],
    ] as [string, number][]),
    ...([
      ['b', 100],
      ['b', 200],
      ['b', 300],
      ['a', 5500],
      ['a', 5800],
    ] as [string, number][]),
  ];
  const inputs = sent.map(([device, timeMs], offset): WindowerInput => ({
    ...{ offset, device, subjectKey: 's', last: false, span: spanOf([timeMs]) },
  }));
  expect(feed(inputs, new Set(), 5).late).toEqual([5000, 6000]);
  for (const restarts of [[7], [8], [7, 8]]) {
    expect(feed(inputs, new Set(restarts), 5).late).toEqual([5000, 6000]);
  }
});

test('the needed offset moves on with the windows', () => {
  const windower = windowerOf();
  for (let second = 0; second < 10; second += 1) {
    const times = Array.from({ length: 10 }, (_, index) => second * 1000 + index * 100);
    const input = { device: 'a', subjectKey: 's', last: false, span: spanOf(times) };
    windower.push({ ...input, offset: second });
    expect(second - (windower.neededFrom as number)).toBeLessThanOrEqual(2);
  }
});

test('a sample far in the future costs no more than any other', () => {
  const windower = windowerOf();
  const input = { device: 'a', subjectKey: 's', last: false };
  windower.push({ ...input, offset: 0, span: spanOf([0, 100]) });
  const startedMs = Date.now();
  expect(windower.push({ ...input, offset: 1, span: spanOf([1e15]) }).windows).toEqual([]);
  // Window by window it would take hours; a busy machine may pause.
  expect(Date.now() - startedMs).toBeLessThan(10_000);
});

test('a grid on which recordings could share a window is refused', () => {
  const signal = { ...SIGNAL, window: { lengthMs: 300, stepMs: 100 } };
  expect(() => new Windower({ dataset: DATASET, signal })).toThrow(/twice maxGapMs/);
});

test('a span is parted into what is in order and what is late without losing a sample', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 50 })),
      fc.integer({ min: 0, max: 20 }),
      (times, afterMs) => {
        const { accepted, late } = splitLate(spanOf(times), afterMs);
        const all = concatSpans(accepted, late ?? emptySpan(1));
        expect([...all.timestampsMs].toSorted((a, b) => a - b)).toEqual(
          times.toSorted((a, b) => a - b),
        );
        expect([...accepted.timestampsMs]).toEqual(
          [...new Set(accepted.timestampsMs)].toSorted((a, b) => a - b),
        );
      },
    ),
  );
});
