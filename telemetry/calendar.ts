/** Time zones and their offsets; dates, ISO weeks and months. Dates are texts, `yyyy-MM-dd`. */
import { Temporal } from '@js-temporal/polyfill';
import type { Grain } from './aggregate';

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

export const addDays = (date: string, days: number): string =>
  Temporal.PlainDate.from(date).add({ days }).toString();

/** The first date of the period that the date lies in; weeks begin on Monday. */
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
