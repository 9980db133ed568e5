/** The aggregates of one person over a day, an ISO week or a month. */

export const GRAINS = ['day', 'week', 'month'] as const;
export type Grain = (typeof GRAINS)[number];

/** How long one event can say asleep at most. */
export const ASLEEP_SPEAKS_MS = 10 * 60_000;

/**
 * Of all events of the person's devices whose local date lies in the period: the date, in the person's time zone, of the event's moment. A device's events
 * follow one another by moment; within one, as of a clock of whole seconds, by sequence number (without one first), then by steps (without any
 * first), then by event id (compared as text). The same event id of one date (UTC) counts once.
 *
 * - Steps of an `interval` device are summed. A `cumulative` one took, from one reading of it to the next, the difference, or the later value
 *   when the counter fell; they count for the day of the later reading, and the first reading of all counts none. A reading is an event with steps.
 * - A mean is the sum over all events with a heart rate divided by their number, whatever the period; never a mean of means. The sum is exact, in
 *   thousandths of a beat, before it becomes a floating-point number: sums of floating-point numbers would depend on their order.
 * - An event that says asleep speaks until its device's next event of any kind, for at most ten minutes, and to the next midnight of the clock that it was
 *   made under: by the zone's offset at its moment. It counts for its own local date. Milliseconds of a date that several devices of one person speak for
 *   count once; a week or a month has the sum of its dates, and its minutes are milliseconds / 60,000, not rounded.
 */
export interface PersonAggregate {
  readonly userId: string;
  /** First local date of the period, `yyyy-MM-dd`: the day, the Monday, the first of the month. */
  readonly periodStart: string;
  readonly totalSteps: number;
  readonly avgHeartRateAsleep: number | null;
  readonly avgHeartRate: number | null;
  readonly minHeartRate: number | null;
  readonly maxHeartRate: number | null;
  readonly minutesAsleep: number;
  /** Different ones. */
  readonly events: number;
  readonly devices: number;
}
