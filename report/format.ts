/** Writes numbers as the report shows them: the same rounding, signs and units everywhere. */
import { counted, duration } from '../core/figures';
import type { Evaluation } from '../models/evaluation';

export { counted, duration };

type Scored = Pick<Evaluation, 'windows' | 'bySubject'>;

const COUNT = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 6 });
const MISSING = '–';
const YEAR_MS = 365 * 24 * 60 * 60 * 1000;
const MINUS = '\u2212';

/** Share of one, three decimals: 0.823. */
export const score = (value: number | null): string => finite(value, (v) => v.toFixed(3));

/** A difference as it is shown: what rounds to nothing is neither better nor worse. */
export const shown = (difference: number): number => Number(difference.toFixed(3));

/** Difference of two scores with its sign: +0.061, −0.012. */
export function signed(value: number | null): string {
  return finite(value, (v) => {
    const text = Math.abs(v).toFixed(3);
    if (Number(text) === 0) return text;
    return `${v < 0 ? MINUS : '+'}${text}`;
  });
}

/** Whole number with thousands: 244,102. */
export const count = (value: number): string => COUNT.format(value);

/** Share in per cent, one decimal: 12.5 %. */
export const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;

/** A figure of any size with its unit unknown: whole numbers whole, else three digits that count. */
export const figure = (value: number | null): string =>
  finite(value, (v) =>
    COUNT.format(Number.isInteger(v) ? v : Number(v.toPrecision(3))).replace('-', MINUS),
  );

export const pValue = (value: number | null): string =>
  finite(value, (v) => (v < 0.001 ? '< 0.001' : v.toFixed(3)));

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

/** A length that was chosen, in the largest unit that makes it whole: 30 s, 5 min, 7 d. */
export function lengthOf(ms: number): string {
  const [unitMs, unit] = UNITS.find(([size]) => ms % size === 0) ?? [1_000, 's'];
  return `${count(ms / unitMs)} ${unit}`;
}

/** Date and time in UTC; on a clock that began at zero, what has passed since: 1:02:30. */
export function deviceTime(ms: number): string {
  if (ms >= YEAR_MS)
    return new Date(ms)
      .toISOString()
      .replace('T', ' ')
      .replace(/(:00)?\.\d+Z$/, '');
  const seconds = Math.floor(ms / 1000);
  const [minute, second] = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${Math.floor(seconds / 3600)}:${minute}:${second}`;
}

/** From the lowest to the highest of some scores: from 0.612 to 0.931. */
export const rangeOf = (scores: readonly number[]): string =>
  `from ${score(Math.min(...scores))} to ${score(Math.max(...scores))}`;

/** On whose windows a version was scored: 1,234 windows of six people. */
export const scoredOn = ({ windows, bySubject }: Scored): string =>
  `${counted(windows, 'window')} of ${inWords(bySubject.length)} ${bySubject.length === 1 ? 'person' : 'people'}`;

/** A small count in a sentence: one … twelve, then digits. */
export function inWords(value: number): string {
  const words = 'no one two three four five six seven eight nine ten eleven twelve'.split(' ');
  return words[value] ?? count(value);
}

const finite = (value: number | null, write: (value: number) => string): string =>
  value === null || !Number.isFinite(value) ? MISSING : write(value);
