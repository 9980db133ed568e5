/** Every mixture of the two spellings gives the same event, and whatever else comes is refused with its reason. */
import fc from 'fast-check';
import type { DeviceEvent, Normalised, Rejection } from '../../../telemetry/event';
import { REJECTIONS } from '../../../telemetry/event';
import { EXTRA_LIMITS } from '../../../telemetry/extra';
import { LIMITS } from '../../../telemetry/fields';
import { EARLIEST_MS, LATEST_MS } from '../../../telemetry/moment';
import { normaliseEvent } from '../../../telemetry/normalise';

const AT_MS = Date.UTC(2024, 7, 1, 6, 30, 15, 250);

/** The same facts in both spellings, or absent. */
const CHOICES = {
  device: [{ device_id: 'w-1' }, { 'Device ID': 'w-1' }],
  moment: [{ timestamp: AT_MS / 1000 }, { date: '2024-08-01 06:30:15.250' }],
  heartRate: [{ hr: 61 }, { 'Heart Rate': 61 }],
  steps: [{ steps: 12 }, { 'Step Count': 12 }],
  state: [{ state: 'light' }, { 'Sleeping State': 'light' }],
} as const;
type FieldName = keyof typeof CHOICES;
const FIELD_NAMES = Object.keys(CHOICES) as FieldName[];

/** Absent, null, the one, the other, and both. */
const WAYS = ['absent', 'null', 'first', 'second', 'both'] as const;
type Way = (typeof WAYS)[number];

function written(field: FieldName, way: Way): Record<string, unknown> {
  const [first, second] = CHOICES[field];
  if (way === 'absent') return {};
  if (way === 'null') return { [Object.keys(first)[0] as string]: null };
  if (way === 'both') return { ...first, ...second };
  return way === 'first' ? first : second;
}

const merged = (parts: readonly object[]): Record<string, unknown> =>
  Object.assign({}, ...parts) as Record<string, unknown>;

const isThere = (way: Way): boolean => way !== 'absent' && way !== 'null';

function* everyMixture(fields: readonly FieldName[]): Generator<Record<FieldName, Way>> {
  const [field, ...others] = fields;
  if (field === undefined) {
    yield {} as Record<FieldName, Way>;
    return;
  }
  for (const way of WAYS) {
    for (const rest of everyMixture(others)) yield { ...rest, [field]: way };
  }
}

const numbered = (n: number, value: unknown): Record<string, unknown> =>
  Object.fromEntries(Array.from({ length: n }, (_, at) => [`f${at}`, value]));

const eventOf = (raw: unknown): DeviceEvent => {
  const result = normaliseEvent(raw);
  if (!result.ok) throw new Error(`${result.code} ${result.field}: ${result.detail}`);
  return result.event;
};
const whyNot = (raw: unknown): [Rejection, string | null] => {
  const result = normaliseEvent(raw);
  if (result.ok) throw new Error('it was taken');
  return [result.code, result.field];
};

const LEAST = { device_id: 'w-1', timestamp: AT_MS / 1000 };

test('all 3,125 mixtures of spellings and absence say the same', () => {
  const ids = new Map<string, Set<string>>();
  for (const ways of everyMixture(FIELD_NAMES)) {
    const raw = merged(FIELD_NAMES.map((name) => written(name, ways[name])));
    const result = normaliseEvent(raw);
    if (!isThere(ways.device)) {
      expect(result).toMatchObject({ ok: false, code: 'missing-device', field: 'device_id' });
    } else if (!isThere(ways.moment)) {
      expect(result).toMatchObject({ ok: false, code: 'missing-time', field: 'timestamp' });
    } else {
      const event = {
        deviceId: 'w-1',
        timestampMs: AT_MS,
        heartRate: isThere(ways.heartRate) ? 61 : null,
        steps: isThere(ways.steps) ? 12 : null,
        state: isThere(ways.state) ? 'light' : null,
        asleep: isThere(ways.state) ? true : null,
        sequence: null,
        extra: null,
      };
      expect(result).toEqual({
        ok: true,
        event: { eventId: expect.any(String) as string, ...event },
      });
      const content = JSON.stringify(event);
      ids.set(content, (ids.get(content) ?? new Set()).add(eventOf(raw).eventId));
    }
  }
  // One id for each content, and no two contents with one id.
  const all = [...ids.values()].map((of) => [...of]);
  expect(all).toHaveLength(8);
  expect(all.every((of) => of.length === 1 && /^[0-9a-f]{32}$/.test(of[0] as string))).toBe(true);
  expect(new Set(all.flat()).size).toBe(8);
});

const NAMES = FIELD_NAMES.flatMap((field) =>
  CHOICES[field].map((choice) => [field, Object.keys(choice)[0] as string] as const),
);
const OF_OTHER_TYPES: readonly unknown[] = [true, [], [1], {}, { a: 1 }];

test.each(NAMES)('%s as %s is refused when it is of another type', (field, name) => {
  const others = { ...LEAST, [name]: undefined } as Record<string, unknown>;
  if (field === 'device') delete others.device_id;
  if (field === 'moment') delete others.timestamp;
  const isText = typeof Object.values(merged(CHOICES[field]))[0] === 'string';
  const wrong = name === 'date' || isText ? [1, Number.NaN] : ['1', '', 'x'];
  for (const value of [...OF_OTHER_TYPES, ...wrong]) {
    expect(whyNot({ ...others, [name]: value })).toEqual(['wrong-type', name]);
  }
});

test.each([
  ['device', { device_id: 'a', 'Device ID': 'b' }, 'Device ID'],
  ['moment', { timestamp: 1722493815, date: '2024-08-01 06:30:16' }, 'date'],
  ['heart rate', { hr: 60, 'Heart Rate': 61 }, 'Heart Rate'],
  ['steps', { steps: 0, 'Step Count': 1 }, 'Step Count'],
  ['state', { state: 'rem', 'Sleeping State': 'awake' }, 'Sleeping State'],
])('two values of the %s are refused', (_what, raw, field) => {
  expect(whyNot({ ...LEAST, ...raw })).toEqual(['conflicting-fields', field]);
});

test.each([
  ['hr', [1, 300, 72.5], [0, -1, 300.1, 1e308, Number.NaN, Infinity]],
  ['steps', [0, 1e9], [-1, 1e9 + 1, Number.NaN, Infinity]],
  ['sequence', [0, Number.MAX_SAFE_INTEGER], [-1, 2 ** 53, Infinity]],
  ['timestamp', [946684800, 4102444799.999], [0, 946684799.999, 4102444800, AT_MS, -1, 1e308]],
  [
    'device_id',
    ['x', 'x y', 'Uhr-ü 手表 🕐', 'x'.repeat(LIMITS.deviceIdLength)],
    ['', ' x', 'x ', 'x\n', 'a\u0000b', '\ud800', '\u2028', 'x'.repeat(LIMITS.deviceIdLength + 1)],
  ],
  ['state', ['', ' ', 's'.repeat(LIMITS.stateLength)], ['a\u0007', '\udfff', 's'.repeat(65)]],
])('the limits of %s', (name, inside, outside) => {
  for (const value of inside) expect(() => eventOf({ ...LEAST, [name]: value })).not.toThrow();
  for (const value of outside) {
    expect(whyNot({ ...LEAST, [name]: value })).toEqual(['out-of-range', name]);
  }
});

test.each(['steps', 'Step Count', 'sequence'])('%s is a whole number', (name) => {
  expect(whyNot({ ...LEAST, [name]: 1.5 })).toEqual(['wrong-type', name]);
});

test('a heart rate is kept to a thousandth, a moment to a millisecond, and zero has no sign', () => {
  expect(eventOf({ ...LEAST, hr: 61.23456 }).heartRate).toBe(61.235);
  expect(eventOf({ ...LEAST, timestamp: 1722493815.2504 }).timestampMs).toBe(AT_MS);
  expect(Object.is(eventOf({ ...LEAST, steps: -0 }).steps, 0)).toBe(true);
});

test.each([
  '2024-08-01 06:30:15.250',
  '2024-08-01T06:30:15.250',
  '2024-08-01T06:30:15.25Z',
  '2024-08-01 06:30:15.2504999Z',
  '2024-08-01T08:30:15.250+02:00',
  '2024-07-31T23:00:15.250-07:30',
])('the date %s is that moment', (date) => {
  expect(eventOf({ device_id: 'w-1', date }).timestampMs).toBe(AT_MS);
});

test.each([
  ['2024-08-01', 'wrong-type'],
  ['2024-08-01 06:30', 'wrong-type'],
  ['2024-8-1 06:30:15', 'wrong-type'],
  ['01/08/2024 06:30:15', 'wrong-type'],
  ['2024-08-01 06:30:15,250', 'wrong-type'],
  ['2024-08-01 06:30:15 CET', 'wrong-type'],
  [' 2024-08-01 06:30:15', 'wrong-type'],
  ['1722493815', 'wrong-type'],
  ['', 'wrong-type'],
  ['2024-02-30 06:30:15', 'out-of-range'],
  ['2023-02-29 06:30:15', 'out-of-range'],
  ['2024-13-01 06:30:15', 'out-of-range'],
  ['2024-08-01 24:00:00', 'out-of-range'],
  ['2024-08-01 06:60:15', 'out-of-range'],
  ['2024-08-01 06:30:60', 'out-of-range'],
  ['2024-08-01 06:30:15+15:00', 'out-of-range'],
  ['1999-12-31 23:59:59.999', 'out-of-range'],
  ['2100-01-01 00:00:00', 'out-of-range'],
])('the date %s is refused', (date, code) => {
  expect(whyNot({ device_id: 'w-1', date })).toEqual([code, 'date']);
});

test('any moment is the same as seconds and as a date', () => {
  fc.assert(
    fc.property(fc.integer({ min: EARLIEST_MS, max: LATEST_MS - 1 }), (ms) => {
      const day = new Date(ms);
      const date = day.toISOString().replace('T', ' ').replace('Z', '');
      const both = { device_id: 'w-1', timestamp: day.getTime() / 1000, date };
      expect(eventOf(both).timestampMs).toBe(day.getTime());
    }),
  );
});

test.each([
  ['asleep', true],
  ['SLEEPING', true],
  ['Deep', true],
  [' REM_sleep ', true],
  ['Light-Sleep', true],
  ['Awake', false],
  ['not asleep', false],
  ['restless', null],
  ['', null],
  ['__proto__', null],
  ['constructor', null],
])('the state %s is kept as it is and means asleep: %s', (state, asleep) => {
  expect(eventOf({ ...LEAST, state })).toMatchObject({ state, asleep });
});

test.each([[null], [undefined], [1], ['{}'], [true], [[]], [[LEAST]]])(
  '%j is not an object',
  (raw) => {
    expect(whyNot(raw)).toEqual(['not-an-object', null]);
  },
);

test('with a sequence number, that and the device make the id; else all of the content', () => {
  const id = (more: object) => eventOf({ ...LEAST, ...more }).eventId;
  expect(id({ sequence: 7 })).toBe(id({ sequence: 7, hr: 70, timestamp: 1722493816 }));
  expect(id({ sequence: 7 })).not.toBe(id({ sequence: 8 }));
  expect(id({ sequence: 7 })).not.toBe(id({ sequence: 7, device_id: 'w-2' }));
  const contents = [{}, { hr: 7 }, { steps: 7 }, { state: '7' }, { state: 'null' }, { x: 7 }];
  const more = [
    { x: '7' },
    { y: 7 },
    { device_id: 'w' },
    { timestamp: 1722493815 },
    { sequence: 7 },
  ];
  expect(new Set([...contents, ...more].map(id)).size).toBe(11);
  expect(id({ x: { a: 1, b: [2, 3] }, y: 1 })).toBe(id({ y: 1, x: { b: [2, 3], a: 1 } }));
});

test('fields that nobody declared are kept, whatever their names', () => {
  const raw = JSON.parse(
    '{"device_id":"w-1","timestamp":1722493815.25,"__proto__":{"hr":60},"constructor":"c","nothing":null,"deep":{"__proto__":[1]}}',
  ) as unknown;
  const { extra, heartRate } = eventOf(raw);
  expect(JSON.stringify(extra)).toBe(
    '{"__proto__":{"hr":60},"constructor":"c","deep":{"__proto__":[1]}}',
  );
  expect(heartRate).toBeNull();
  expect(Object.getPrototypeOf(extra)).toBe(Object.prototype);
  expect(({} as Record<string, unknown>).hr).toBeUndefined();
});

test('a field of the prototype is not the event’s', () => {
  expect(whyNot(Object.create(LEAST))).toEqual(['missing-device', 'device_id']);
});

const nested = (depth: number): unknown => (depth === 0 ? 1 : { in: nested(depth - 1) });

test.each([
  ['many', numbered(65, 1), 'out-of-range', 'f64'],
  ['much', { note: 'x'.repeat(EXTRA_LIMITS.extraCharacters) }, 'out-of-range', 'note'],
  ['deep', { tree: nested(9) }, 'out-of-range', 'tree'],
  ['beyond deep', { tree: nested(5_000) }, 'out-of-range', 'tree'],
  ['infinite', { n: [Infinity] }, 'out-of-range', 'n'],
  ['exact for a double', { id: { n: [2 ** 53] } }, 'out-of-range', 'id'],
  ['exact for a double, below zero', { id: -(2 ** 60) }, 'out-of-range', 'id'],
  ['no JSON', { f: () => 1 }, 'wrong-type', 'f'],
  ['long of name', { ['n'.repeat(9000)]: 1 }, 'out-of-range', 'n'.repeat(128)],
] as const)('undeclared fields that are too %s are refused', (_what, more, code, field) => {
  expect(whyNot({ ...LEAST, ...more })).toEqual([code, field]);
});

test('undeclared fields up to the limits are kept', () => {
  const extra = { ...numbered(62, 'kept'), tree: nested(8), id: Number.MAX_SAFE_INTEGER };
  expect(eventOf({ ...LEAST, ...extra }).extra).toEqual(extra);
});

/** Well-formed or not, with the declared names more often than chance would have them. */
const anyEvent = fc.oneof(
  fc.anything({ withSparseArray: true, withBigInt: true, withDate: true, withMap: true }),
  fc.dictionary(
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...NAMES.map(([, name]) => name), 'sequence') },
      { weight: 1, arbitrary: fc.constantFrom('__proto__', 'toString', 'toJSON', '') },
      { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
    ),
    fc.oneof(
      fc.constantFrom<unknown>('w-1', 1722493815, 60, 'asleep', '2024-08-01 06:30:15', null),
      fc.constantFrom<unknown>(Number.NaN, -0, Infinity, 2 ** 53, '\ud800', '\u0000', undefined),
      fc.anything({ withNullPrototype: true }),
    ),
    { maxKeys: 9 },
  ),
);

function isSound(result: Normalised): boolean {
  if (!result.ok) return REJECTIONS.includes(result.code) && result.detail.length < 120;
  const { event } = result;
  const again = normaliseEvent({
    ...event.extra,
    device_id: event.deviceId,
    timestamp: event.timestampMs / 1000,
    hr: event.heartRate,
    steps: event.steps,
    state: event.state,
    sequence: event.sequence,
  });
  return again.ok && again.event.eventId === event.eventId;
}

test('nothing makes it throw, and what it takes it takes again, with the same id', () => {
  fc.assert(
    fc.property(anyEvent, (raw) => isSound(normaliseEvent(raw))),
    { numRuns: 5_000 },
  );
});

test('what went through JSON gives the same as before', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), fc.json({ maxDepth: 2 }), (a, b) => {
      const text = `{"device_id":"w-1","date":"2024-08-01 06:30:15","a":${a},"b":${b}}`;
      const once = normaliseEvent(JSON.parse(text));
      const twice = normaliseEvent(JSON.parse(JSON.stringify(JSON.parse(text))));
      expect(twice).toEqual(once);
    }),
  );
});

test('a refusal never repeats the value', () => {
  fc.assert(
    fc.property(fc.constantFrom(...NAMES), fc.string({ minLength: 9 }), ([, name], secret) => {
      const result = normaliseEvent({ ...LEAST, [name]: [secret], 'Device ID': 'other' });
      expect(JSON.stringify(result)).not.toContain(JSON.stringify(secret).slice(1, -1));
    }),
  );
});
