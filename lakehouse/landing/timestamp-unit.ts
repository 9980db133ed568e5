/** In which unit timestamps seem to be that are meant to be milliseconds. */
import type { TimestampUnit } from '../dataset-format';

/** From what distance on, read as milliseconds, another unit is likelier; the rates are those of that unit. */
const UNITS: readonly { unit: TimestampUnit; fromMs: number; toMs: number }[] = [
  // Above 2,000 Hz, which no wearable has: below 2,000 Hz in seconds.
  { unit: 'seconds', fromMs: 0, toMs: 0.5 },
  // Between 500 Hz and 1 Hz.
  { unit: 'microseconds', fromMs: 2000, toMs: 1e6 },
  // 1,000 Hz and less; as milliseconds a sample each quarter of an hour.
  { unit: 'nanoseconds', fromMs: 1e6, toMs: Infinity },
];

/** The unit that would explain the distance; undefined for distances that milliseconds explain. */
export const likelyUnit = (medianDistanceMs: number): TimestampUnit | undefined =>
  UNITS.find(({ fromMs, toMs }) => medianDistanceMs >= fromMs && medianDistanceMs < toMs)?.unit;
