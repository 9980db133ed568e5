/** Offsets and dates agree with a second computation by the clock of Intl, also on days when clocks change. */
import fc from 'fast-check';
import {
  addDays,
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
        expect(isoDate(ms + offsetMs)).toBe(isoDate(wallClock(name, ms)));
      }
    }),
    { numRuns: 60 },
  );
});

test('a week begins on the Monday', () => {
  fc.assert(
    fc.property(fc.integer({ min: 10_957, max: 40_000 }), (day) => {
      const date = isoDate(day * DAY_MS);
      const monday = periodStartOf('week', date);
      expect(new Date(monday).getUTCDay()).toBe(1);
      expect(addDays(monday, (new Date(date).getUTCDay() + 6) % 7)).toBe(date);
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
