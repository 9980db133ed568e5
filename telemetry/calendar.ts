/** Local dates, ISO weeks and months in a time zone, as instants and back; dates are texts, `yyyy-MM-dd`. */
import { Temporal } from '@js-temporal/polyfill';
import type { Grain } from './aggregate';

export interface InstantRange {
  readonly startMs: number;
  /** Not included. */
  readonly endMs: number;
}

/** From this moment to the next one's, local clocks show UTC and the offset. */
export interface OffsetPeriod {
  readonly fromMs: number;
  readonly offsetMs: number;
}

const NANOSECONDS_IN_MS = 1_000_000;

const zoned = (zone: string, ms: number): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);

/** The name of the zone as IANA spells it; undefined when there is none. A mere offset such as `+02:00` is no zone. */
export function timeZoneNamed(name: string): string | undefined {
  if (!/^[a-z]/i.test(name)) return undefined;
  try {
    return zoned(name, 0).timeZoneId;
  } catch {
    return undefined;
  }
}

/** Of a moment, for a person in the zone. */
export const localDate = (ms: number, zone: string): string =>
  zoned(zone, ms).toPlainDate().toString();

export const addDays = (date: string, days: number): string =>
  Temporal.PlainDate.from(date).add({ days }).toString();

/** Weeks begin on Monday; the first of a year is the one with the year's first Thursday. */
export function isoWeekOf(date: string): { readonly year: number; readonly week: number } {
  const { yearOfWeek, weekOfYear } = Temporal.PlainDate.from(date);
  return { year: yearOfWeek as number, week: weekOfYear as number };
}

/** The first date of the period that the date lies in. */
export function periodStartOf(grain: Grain, date: string): string {
  if (grain === 'day') return date;
  const day = Temporal.PlainDate.from(date);
  const back = (grain === 'week' ? day.dayOfWeek : day.day) - 1;
  return day.subtract({ days: back }).toString();
}

const LENGTHS = { day: { days: 1 }, week: { weeks: 1 }, month: { months: 1 } } as const;

/** The first date of the period after the one that begins there. */
export const nextPeriodStart = (grain: Grain, periodStart: string): string =>
  Temporal.PlainDate.from(periodStart).add(LENGTHS[grain]).toString();

const startOfDay = (date: string, zone: string): number =>
  Temporal.PlainDate.from(date).toZonedDateTime(zone).epochMilliseconds;

/** From the first date's beginning to the last one's end: days of 23 and 25 hours where the clock changes. */
export const instantsOf = (grain: Grain, periodStart: string, zone: string): InstantRange => ({
  startMs: startOfDay(periodStart, zone),
  endMs: startOfDay(nextPeriodStart(grain, periodStart), zone),
});

/**
 * The zone's offsets from one moment to another, the first beginning at `fromMs`: what SQL can join instead of time zone data of its engine. A moment's
 * local date is `floor((ms + offsetMs) / 86,400,000)` days after 1970-01-01.
 */
export function offsetsOf(zone: string, fromMs: number, toMs: number): OffsetPeriod[] {
  const offsets: OffsetPeriod[] = [];
  let at: Temporal.ZonedDateTime | null = zoned(zone, fromMs);
  while (at !== null && (offsets.length === 0 || at.epochMilliseconds < toMs)) {
    const offsetMs = at.offsetNanoseconds / NANOSECONDS_IN_MS;
    // Some changes only rename the zone's time.
    if (offsets.at(-1)?.offsetMs !== offsetMs)
      offsets.push({ fromMs: at.epochMilliseconds, offsetMs });
    at = at.getTimeZoneTransition('next');
  }
  return offsets;
}
