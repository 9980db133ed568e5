/** Dates and instants agree with a second computation by the clock of Intl, also on days when clocks change. */
import fc from 'fast-check';
import { GRAINS } from '../../../telemetry/aggregate';
import {
  addDays,
  instantsOf,
  isoWeekOf,
  localDate,
  nextPeriodStart,
  offsetsOf,
  periodStartOf,
  timeZoneNamed,
} from '../../../telemetry/calendar';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** With changes at night, at midnight, of half an hour, on other hemispheres, of a whole day, and without any. */
const ZONES = [
  ...['UTC', 'Europe/Berlin', 'America/New_York', 'America/Sao_Paulo', 'Australia/Lord_Howe'],
  ...['Asia/Kolkata', 'Africa/Cairo', 'America/Havana', 'Pacific/Apia', 'Asia/Tehran'],
];

const clocks = new Map(
  ZONES.map((timeZone) => [
    timeZone,
    new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, hourCycle: 'h23', era: 'short' },
      ...{ year: 'numeric', month: '2-digit', day: '2-digit' },
      ...{ hour: '2-digit', minute: '2-digit', second: '2-digit' },
    }),
  ]),
);

/** What the clock on the wall shows, as if it were UTC. */
function wallClock(zone: string, ms: number): number {
  const parts = clocks.get(zone)?.formatToParts(ms) ?? [];
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const day = Date.UTC(of('year'), of('month') - 1, of('day'));
  return day + ((of('hour') * 60 + of('minute')) * 60 + of('second')) * 1000;
}

const isoDate = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const zone = fc.constantFrom(...ZONES);
const moment = fc
  .integer({ min: Date.UTC(2000, 0, 1) / 1000, max: Date.UTC(2037, 0, 1) / 1000 })
  .map((seconds) => seconds * 1000);

test('a local date is what the clock in the zone shows', () => {
  fc.assert(
    fc.property(zone, moment, (name, ms) => localDate(ms, name) === isoDate(wallClock(name, ms))),
  );
});

test('the offsets are those of the clock at every moment, and give the local date', () => {
  fc.assert(
    fc.property(zone, moment, fc.integer({ min: 0, max: 800 }), (name, fromMs, days) => {
      const offsets = offsetsOf(name, fromMs, fromMs + days * DAY_MS);
      expect(offsets[0]?.fromMs).toBe(fromMs);
      offsets.forEach(({ fromMs: since, offsetMs }, at) => {
        const before = offsets[at - 1];
        expect(wallClock(name, since) - since).toBe(offsetMs);
        if (before) {
          expect(wallClock(name, since - 1000) - (since - 1000)).toBe(before.offsetMs);
          expect(before.offsetMs).not.toBe(offsetMs);
        }
      });
      for (let ms = fromMs; ms < fromMs + days * DAY_MS; ms += 13 * DAY_MS + 1.5 * HOUR_MS) {
        const { offsetMs = 0 } = offsets.findLast((each) => each.fromMs <= ms) ?? {};
        expect(isoDate(ms + offsetMs)).toBe(localDate(ms, name));
      }
    }),
    { numRuns: 60 },
  );
});

test('the instants of a period are exactly those whose local date lies in it', () => {
  fc.assert(
    fc.property(zone, moment, fc.constantFrom(...GRAINS), (name, ms, grain) => {
      const start = periodStartOf(grain, localDate(ms, name));
      const { startMs, endMs } = instantsOf(grain, start, name);
      expect(startMs <= ms && ms < endMs).toBe(true);
      const inside = (at: number) => periodStartOf(grain, localDate(at, name)) === start;
      expect([startMs - 1, startMs, endMs - 1, endMs].map(inside)).toEqual([
        ...[false, true],
        ...[true, false],
      ]);
      expect(instantsOf(grain, nextPeriodStart(grain, start), name).startMs).toBe(endMs);
    }),
  );
});

test.each([
  ['Europe/Berlin', '2024-03-31', 23],
  ['Europe/Berlin', '2024-10-27', 25],
  ['America/New_York', '2024-03-10', 23],
  ['America/New_York', '2024-11-03', 25],
  // At midnight: the day begins at one, or the one before lasts an hour longer.
  ['America/Sao_Paulo', '2017-10-15', 23],
  ['America/Sao_Paulo', '2018-02-17', 25],
  ['Africa/Cairo', '2024-04-26', 23],
  ['Africa/Cairo', '2024-10-31', 25],
  ['Australia/Lord_Howe', '2024-04-07', 24.5],
  ['Asia/Kolkata', '2024-03-31', 24],
  // Samoa left it out.
  ['Pacific/Apia', '2011-12-30', 0],
])('in %s the %s has %d hours', (name, date, hours) => {
  const { startMs, endMs } = instantsOf('day', date, name);
  expect((endMs - startMs) / HOUR_MS).toBe(hours);
});

test.each([
  ['2024-12-30', 2025, 1],
  ['2021-01-03', 2020, 53],
  ['2020-12-31', 2020, 53],
  ['2023-01-01', 2022, 52],
  ['2024-07-31', 2024, 31],
])('%s is in week %d-%d', (date, year, week) => {
  expect(isoWeekOf(date)).toEqual({ year, week });
});

test('a week begins on the Monday and has the Thursday’s year', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10_957, max: 40_000 }), (day) => {
      const date = isoDate(day * DAY_MS);
      const monday = periodStartOf('week', date);
      expect(new Date(monday).getUTCDay()).toBe(1);
      expect(addDays(monday, (new Date(date).getUTCDay() + 6) % 7)).toBe(date);
      const thursday = new Date(addDays(monday, 3));
      const newYear = Date.UTC(thursday.getUTCFullYear(), 0, 1);
      expect(isoWeekOf(date)).toEqual({
        year: thursday.getUTCFullYear(),
        week: 1 + Math.floor((thursday.getTime() - newYear) / DAY_MS / 7),
      });
    }),
  );
});

test.each([
  ['2024-02-29', '2024-02-01', '2024-03-01'],
  ['2024-12-31', '2024-12-01', '2025-01-01'],
])('the month of %s', (date, first, next) => {
  expect(periodStartOf('month', date)).toBe(first);
  expect(nextPeriodStart('month', first)).toBe(next);
});

test.each([
  ['Europe/Berlin', 'Europe/Berlin'],
  ['europe/berlin', 'Europe/Berlin'],
  ['utc', 'UTC'],
  ['US/Pacific', 'US/Pacific'],
  ['Mars/Olympus', undefined],
  ['+02:00', undefined],
  ['', undefined],
  [' UTC', undefined],
])('the zone %j is %j', (name, known) => {
  expect(timeZoneNamed(name)).toBe(known);
});
