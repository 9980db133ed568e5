/** What of a file is read by itself: all of it where it lies in the order of time, else each device's part. */
import { WatchlakeError } from '../../core/errors';
import type { Survey } from './event-file';

/** Share of lines out of order from which a file is taken to be sorted by device. */
const BACKWARDS_SHARE = 0.2;
/** Each device's part is read by itself then: so many can be open, and so often read what is not theirs. */
const MOST_DEVICES = 1000;
const MOST_READS = 20;
export const WHOLE = '';

/** What is read by itself, in its own order: the whole file, or one device's part of it. */
export interface Source {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export const isByDevice = ({ backwards, lines }: Survey): boolean =>
  backwards > BACKWARDS_SHARE * lines;

/** Throws EVENTS_UNSORTED. */
export function sourcesOf(known: Survey, file: string): Source[] {
  const whole = { name: WHOLE, start: 0, end: known.bytes };
  if (!isByDevice(known)) return [whole];
  const { places, bytes } = known;
  const read = [...places.values()].reduce((sum, { start, end }) => sum + end - start, 0);
  if (places.size > MOST_DEVICES || read > MOST_READS * bytes)
    throw new WatchlakeError('EVENTS_UNSORTED', { file, devices: places.size });
  // What is no event belongs to no device: it goes by itself.
  return [whole, ...[...places].map(([name, place]) => ({ name, ...place }))];
}
