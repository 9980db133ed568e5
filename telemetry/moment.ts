/** Moments as devices write them: whole milliseconds since the epoch from seconds or from a date. */

export const EARLIEST_MS = Date.UTC(2000, 0, 1);
/** Not included. */
export const LATEST_MS = Date.UTC(2100, 0, 1);

export const DATE_FORM = 'yyyy-MM-dd HH:mm:ss.SSS';

const DATE =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))?$/;

/** NaN when the moment lies outside the years 2000 to 2099. */
const inRange = (ms: number): number => (ms >= EARLIEST_MS && ms < LATEST_MS ? ms : Number.NaN);

/** Seconds since the epoch, rounded to the millisecond: binary fractions of a second are seldom exact. */
export const momentOfSeconds = (seconds: number): number => inRange(Math.round(seconds * 1000));

/**
 * A date with its time of day; in UTC unless it names an offset. Undefined when it is not written like that (so
 * also a date alone, or one without seconds); NaN when there is no such moment, as on the 30th of February.
 */
export function momentOfDate(text: string): number | undefined {
  const parts = DATE.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    ...[number, number, number],
    ...[number, number, number],
  ];
  const midnight = new Date(Date.UTC(year, month - 1, day));
  const isDay = midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day;
  const offsetHours = Number(parts[9] ?? 0);
  const offsetMinutes = Number(parts[10] ?? 0);
  if (!isDay || hour > 23 || minute > 59 || second > 59) return Number.NaN;
  if (offsetHours > 14 || offsetMinutes > 59) return Number.NaN;
  const fraction = Math.round(Number(`0.${parts[7] ?? '0'}`) * 1000);
  const offset = (parts[8] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes) * 60_000;
  const ofDay = ((hour * 60 + minute) * 60 + second) * 1000 + fraction;
  return inRange(midnight.getTime() + ofDay - offset);
}
