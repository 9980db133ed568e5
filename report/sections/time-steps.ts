/** Steps of time that people count in, for intervals and for marks on a time axis. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const ROUND: readonly number[] = [
  ...[1, 2, 5, 10, 15, 20, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * MINUTE),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 7, 14, 28, 56, 112, 364].map((days) => days * DAY),
];

/** How many steps the range touches, which begin at multiples of their length. */
const touched = (first: number, last: number, step: number): number =>
  Math.floor(last / step) - Math.floor(first / step) + 1;

/** The shortest multiple of the grain, round where there is one, that covers the range in at most `most` steps. */
export function stepOf(range: { first: number; last: number; grain: number; most: number }) {
  const { first, last, grain, most } = range;
  const fits = (step: number) => touched(first, last, step) <= most;
  const round = ROUND.find((step) => step % grain === 0 && fits(step));
  if (round !== undefined) return round;
  let times = Math.max(1, Math.floor((last - first) / (grain * most)));
  while (!fits(times * grain)) times += 1;
  return times * grain;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** The longest step of which all times are multiples. */
export const grainOf = (times: readonly number[]): number =>
  times.reduce((grain, ms) => divisor(ms, grain), 0) || 1;

const MOST_MARKS = 9;

/** Whether the time at an index is marked on an axis of times that rise: round ones, or all where none are round. */
export function createMarks(times: readonly number[]): (index: number) => boolean {
  const [first = 0, last = 0] = [times[0], times.at(-1)];
  const step = stepOf({ first, last, grain: grainOf(times), most: MOST_MARKS });
  const isRound = (ms: number | undefined) => ms !== undefined && ms % step === 0;
  return times.some(isRound) ? (index) => isRound(times[index]) : () => true;
}
