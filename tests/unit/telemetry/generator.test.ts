/** What the generator says of its events is what a second computation finds in them. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { GRAINS } from '../../../telemetry/aggregate';
import type { DeviceEvent } from '../../../telemetry/event';
import { createQuota } from '../../../telemetry/generator/quota';
import type { ExpectedFile } from '../../../telemetry/generator/generate';
import { FILES, generateDeviceEvents } from '../../../telemetry/generator/generate';
import { MALFORMED } from '../../../telemetry/generator/malformed';
import type { GeneratorOptions } from '../../../telemetry/generator/options';
import { normaliseEvent } from '../../../telemetry/normalise';
import { parseProfiles } from '../../../telemetry/profiles';
import { createRandom } from '../../../core/random';
import { aggregatesByHand, keyOf } from '../../support/aggregates-by-hand';
import { temporaryFolder } from '../../support/recordings';

const temporary = temporaryFolder();
const newFolder = (): Promise<string> => mkdtemp(join(temporary.path(), 'made-'));
const textOf = (folder: string, file: keyof typeof FILES): Promise<string> =>
  readFile(join(folder, FILES[file]), 'utf8');

interface Found {
  readonly events: readonly DeviceEvent[];
  readonly malformed: Record<string, number>;
}

function read(lines: readonly string[]): Found {
  const malformed: Record<string, number> = {};
  const refuse = (reason: string) => (malformed[reason] = (malformed[reason] ?? 0) + 1);
  const events = lines.flatMap((line) => {
    try {
      const result = normaliseEvent(JSON.parse(line));
      if (result.ok) return [result.event];
      refuse(result.code);
    } catch {
      refuse('not-json');
    }
    return [];
  });
  return { events, malformed };
}

async function make(options: Partial<GeneratorOptions>) {
  const folder = await newFolder();
  const generated = await generateDeviceEvents(folder, options);
  const text = await textOf(folder, 'events');
  const lines = text.split('\n').slice(0, -1);
  const expected = JSON.parse(await textOf(folder, 'expected')) as ExpectedFile;
  const profiles = parseProfiles(await textOf(folder, 'profiles'));
  return { folder, generated, lines, expected, profiles, ...read(lines) };
}

const positive = (counts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));

async function holdsFor(options: Partial<GeneratorOptions>): Promise<void> {
  const { generated, lines, expected, profiles, events, malformed } = await make(options);
  const { counts } = generated;
  expect(expected).toMatchObject({ ...generated });
  expect(lines).toHaveLength(counts.lines);
  expect(malformed).toEqual(positive(counts.malformed));
  const again = Object.values(counts.duplicates).reduce((sum, count) => sum + count, 0);
  expect(events).toHaveLength(counts.events + again);
  expect(new Set(events.map(keyOf)).size).toBe(counts.events);
  const byHand = aggregatesByHand(events, profiles);
  for (const grain of GRAINS) {
    const said = expected.aggregates
      .filter((aggregate) => aggregate.grain === grain)
      .map(({ grain: _grain, ...aggregate }) => aggregate)
      .sort((a, b) => (`${a.userId} ${a.periodStart}` < `${b.userId} ${b.periodStart}` ? -1 : 1));
    expect(said).toEqual(byHand[grain]);
    expect(said).toHaveLength(counts.aggregates[grain]);
  }
}

/** Around days on which clocks change, also at midnight and by half an hour, and around New Year. */
const BEGINNINGS = ['2024-03-09', '2024-03-30', '2024-04-05', '2024-10-30', '2024-12-28'];

test('a second computation finds the same aggregates and counts, whatever the seed', async () => {
  const share = fc.double({ min: 0, max: 0.3, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        seed: fc.integer({ min: 0, max: 2 ** 31 }),
        users: fc.integer({ min: 1, max: 12 }),
        strangers: fc.integer({ min: 0, max: 2 }),
        from: fc.constantFrom(...BEGINNINGS),
        days: fc.integer({ min: 1, max: 6 }),
        everySeconds: fc.constantFrom(240, 600, 1740, 3600),
        duplicateShare: share,
        malformedShare: share,
        lateShare: share,
      }),
      holdsFor,
    ),
    { numRuns: 12 },
  );
}, 120_000);

test('everybody with two devices', () => holdsFor({ users: 3, devices: 6, days: 3 }));

test('amounts are what was asked for, and every kind of trouble is there', async () => {
  const { generated, events, profiles } = await make({ users: 8, days: 6 });
  const { counts } = generated;
  const share = (count: number) => count / counts.events;
  expect(share(counts.late)).toBeCloseTo(0.01, 3);
  const again = Object.values(counts.duplicates);
  expect(Math.min(...again)).toBeGreaterThan(0);
  expect(share(again.reduce((sum, count) => sum + count, 0))).toBeCloseTo(0.02, 3);
  const wrong = MALFORMED.map((reason) => counts.malformed[reason]);
  expect(Math.min(...wrong)).toBeGreaterThan(0);
  expect(share(wrong.reduce((sum, count) => sum + count, 0))).toBeCloseTo(0.01, 3);
  expect(counts.withoutProfile).toBeGreaterThan(0);
  expect(new Set(profiles.map(({ userId }) => userId)).size).toBe(8);
  expect(profiles).toHaveLength(10);
  expect(new Set(profiles.map(({ stepCounter }) => stepCounter)).size).toBe(2);
  const has = (property: (event: DeviceEvent) => boolean) => events.some(property);
  // The counters of some devices begin anew each day.
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBeLessThan(counts.events);
  expect(has(({ heartRate }) => heartRate === null)).toBe(true);
  expect(has(({ heartRate }) => heartRate !== null && heartRate % 1 !== 0)).toBe(true);
  expect(has(({ state, asleep }) => state !== null && asleep === null)).toBe(true);
  expect(has(({ extra }) => extra !== null)).toBe(true);
  expect(new Set(events.map(({ sequence }) => sequence === null)).size).toBe(2);
});

test('a night’s sleep is one, and a late event comes more than a day after the one before it', async () => {
  const { expected, events } = await make({ users: 10, days: 12, lateShare: 0.02 });
  const whole = expected.aggregates.filter(
    ({ grain, periodStart }) => grain === 'week' && periodStart === '2024-03-11',
  );
  const hours = whole.map(({ minutesAsleep }) => minutesAsleep / 60 / 7);
  expect(whole).toHaveLength(10);
  expect(Math.min(...hours)).toBeGreaterThan(4);
  expect(Math.max(...hours)).toBeLessThan(10);
  let newest = 0;
  let late = 0;
  for (const { timestampMs } of events) {
    newest = Math.max(newest, timestampMs);
    if (newest - timestampMs > 86_000_000) late += 1;
  }
  const { counts } = expected;
  expect(late).toBeGreaterThanOrEqual(counts.late);
  expect(late).toBeLessThanOrEqual(counts.late * 1.1 + counts.duplicates['days-later']);
});

test('the same seed gives the same bytes, another one others', async () => {
  const options = { users: 4, days: 2 };
  const [one, two, other] = [
    await make(options),
    await make(options),
    await make({ ...options, seed: 1 }),
  ];
  for (const file of Object.keys(FILES) as (keyof typeof FILES)[]) {
    expect(await textOf(one.folder, file)).toBe(await textOf(two.folder, file));
  }
  expect(one.lines).not.toEqual(other.lines);
});

test('a person’s events do not depend on how many others there are', async () => {
  const of = ({ events }: Found, deviceId: string) =>
    new Set(events.filter((event) => event.deviceId === deviceId).map(({ eventId }) => eventId));
  const [few, many] = [await make({ users: 2, days: 2 }), await make({ users: 4, days: 2 })];
  expect(of(few, 'w-0001')).toEqual(of(many, 'w-0001'));
});

test('without trouble there is none', async () => {
  const none = { duplicateShare: 0, malformedShare: 0, lateShare: 0, strangers: 0 };
  const { generated, malformed } = await make({ ...none, users: 3, days: 2 });
  const { counts } = generated;
  expect(malformed).toEqual({});
  expect(counts.lines).toBe(counts.events);
  expect(counts.withoutProfile).toBe(0);
});

test.each([
  [{ users: 0 }, 'users'],
  [{ users: 2.5 }, 'users'],
  [{ users: 4, devices: 9 }, 'devices'],
  [{ users: 4, devices: 3 }, 'devices'],
  [{ days: 0 }, 'days'],
  [{ from: '2024-02-30' }, 'from'],
  [{ from: 'yesterday' }, 'from'],
  [{ from: '2099-12-01', days: 40 }, 'days'],
  [{ everySeconds: 0 }, 'everySeconds'],
  [{ lateShare: 1.1 }, 'lateShare'],
  [{ duplicateShare: Number.NaN }, 'duplicateShare'],
])('%j is refused', async (options, field) => {
  const making = newFolder().then((folder) => generateDeviceEvents(folder, options));
  await expect(making).rejects.toMatchObject({ code: 'INPUT_INVALID', context: { field } });
});

test('a folder with files in it is left alone', async () => {
  const { folder } = await make({ users: 1, days: 1 });
  await expect(generateDeviceEvents(folder)).rejects.toMatchObject({ code: 'TARGET_EXISTS' });
});

test('a quota chooses as many as its share says', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 0, max: 2000 }),
      fc.integer(),
      (share, count, seed) => {
        const due = createQuota(createRandom(seed), share);
        const chosen = Array.from({ length: count }, due).filter(Boolean).length;
        expect(Math.abs(chosen - count * share)).toBeLessThanOrEqual(1);
      },
    ),
  );
});
