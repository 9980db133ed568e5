/** How a made-up CASAS file writes its rows, and how it spoils them. */
import type { Random } from '../../../core/random';
import { CASAS_FIELDS, LOCATION } from '../fields';

export interface Place {
  readonly type: string;
  readonly values: readonly (number | null)[];
}

export interface RowText {
  readonly stamp: string;
  /** As many as there are motion columns; empty texts for those that are missing. */
  readonly motion: readonly (number | '')[];
  readonly place: Place | null;
  readonly battery: string;
  readonly label: string;
}

export const HEADER = `${CASAS_FIELDS.map(({ name }) => name).join(',')}\n${CASAS_FIELDS.map(({ code }) => code).join(',')}\n`;

const NO_PLACE = ','.repeat(LOCATION.length - 1);
const placeText = ({ type, values }: Place): string =>
  `${type},${values.map((value) => value ?? '').join(',')}`;

const two = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** Calls for one day follow each other: its text is made once. */
export function createStamps(): (ms: number) => string {
  let [day, text] = [NaN, ''];
  return (ms) => {
    const today = Math.floor(ms / 86_400_000);
    if (today !== day) {
      day = today;
      text = new Date(today * 86_400_000).toISOString().slice(0, 10);
    }
    const rest = ms - today * 86_400_000;
    const seconds = Math.floor(rest / 1000);
    const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return `${text} ${clock}.${String(rest % 1000).padStart(3, '0')}000`;
  };
}

export const rowLine = ({ stamp, motion, place, battery, label }: RowText): string =>
  `${stamp},${motion.join(',')},${place === null ? NO_PLACE : placeText(place)},${battery},${label}\n`;

const KINDS = ['residential', 'retail', 'park', 'university', 'restaurant', 'road'];
const digits = (value: number, places: number): number => Number(value.toFixed(places));

export const newPlace = (random: Random): Place => ({
  type: KINDS[Math.floor(random() * KINDS.length)] as string,
  values: [
    digits(random() - 0.5, 6),
    digits(random() - 0.5, 6),
    digits(random() * 200, 2),
    // A watch that does not move has no course.
    random() < 0.3 ? null : digits(random() * 360, 1),
    digits(random() * 3, 3),
    digits(5 + random() * 60, 1),
    digits(3 + random() * 10, 1),
  ],
});

export interface SpoiltLine {
  readonly reason: string;
  readonly line: string | Buffer;
}

const withMotion = (row: RowText, at: number, value: string): string => {
  const motion = row.motion.map((each, axis) => (axis === at ? value : each)) as number[];
  return rowLine({ ...row, motion });
};

/** One of each kind. */
export const SPOILERS: readonly ((row: RowText) => SpoiltLine)[] = [
  (row) => ({ reason: 'field-count', line: `${row.stamp},${row.motion.join(',')}\n` }),
  (row) => ({ reason: 'field-count', line: rowLine({ ...row, label: 'Cook,more' }) }),
  (row) => ({ reason: 'wrong-type', line: withMotion(row, 0, 'n/a') }),
  (row) => ({ reason: 'wrong-type', line: withMotion(row, 4, 'nan') }),
  (row) => ({ reason: 'wrong-type', line: withMotion(row, 8, '1_000') }),
  (row) => ({ reason: 'field-missing', line: rowLine({ ...row, stamp: '' }) }),
  (row) => ({ reason: 'wrong-type', line: rowLine({ ...row, stamp: row.stamp.slice(0, 10) }) }),
  (row) => ({
    reason: 'moment-out-of-range',
    line: rowLine({ ...row, stamp: '1970-01-01 00:00:00.000000' }),
  }),
  (row) => ({ reason: 'quote-unclosed', line: rowLine({ ...row, label: '"Cook' }) }),
  (row) => {
    const line = Buffer.from(rowLine({ ...row, label: 'Caf?' }));
    line[line.lastIndexOf('?')] = 0xe9;
    return { reason: 'not-utf-8', line };
  },
];
