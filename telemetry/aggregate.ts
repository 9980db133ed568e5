/** The aggregates of one person over a day, an ISO week or a month. */

export const GRAINS = ['day', 'week', 'month'] as const;
export type Grain = (typeof GRAINS)[number];

/**
 * Of all events of the person's devices whose local date lies in the period.
 *
 * - Steps of an `interval` device are summed. A `cumulative` one took, from one reading of it to the next, the difference, or the later value
 *   when the counter fell; they count for the day of the later reading, and the first reading of all counts none.
 * - A mean is the sum over all events with a heart rate divided by their number, whatever the period; never a mean of means.
 * - An event that says asleep speaks until its device's next event, for at most ten minutes, and to the end of its local day. Minutes that several devices
 *   of one person speak for count once.
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
  readonly events: number;
  readonly devices: number;
}
