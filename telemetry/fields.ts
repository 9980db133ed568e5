/** The declared fields of an event: their names, their limits, and how each is read. */
import type { Rejection } from './event';
import { DATE_FORM, momentOfDate, momentOfSeconds } from './moment';

/** What a person and a watch can give; beyond it something is broken. Bounds are included. */
export const LIMITS = {
  /** Beats per minute. A device that lost the pulse has to leave the field out. */
  heartRate: { minimum: 1, maximum: 300 },
  steps: { minimum: 0, maximum: 1_000_000_000 },
  sequence: { minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  /** UTF-16 units, as for the state. */
  deviceIdLength: 128,
  stateLength: 64,
} as const;

/** Heart rates are rounded to so many digits after the point, so that their sums can be exact. */
const HEART_RATE_DIGITS = 3;

type Fault = { readonly code: Rejection; readonly detail: string };
export type Read<T> = { readonly value: T } | Fault;
type Reader<T> = (raw: unknown) => Read<T>;

/** A field under either of its names, each with its reader. */
export type Field<T> = readonly { readonly name: string; readonly read: Reader<T> }[];

const wrongType = (expected: string): Fault => ({
  code: 'wrong-type',
  detail: `expected ${expected}`,
});
const outOfRange = (expected: string): Fault => ({
  code: 'out-of-range',
  detail: `expected ${expected}`,
});

const PLAIN = /^[\x20-\x7e]*$/;
// Control characters, halves of surrogate pairs, and the separators that end a line in some readers.
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;

const isPrintable = (text: string): boolean => PLAIN.test(text) || !UNPRINTABLE.test(text);

/** Also the rule for the devices that profiles name. */
export const isDeviceId = (text: string): boolean =>
  text.length > 0 &&
  text.length <= LIMITS.deviceIdLength &&
  text.trim() === text &&
  isPrintable(text);

export const DEVICE_ID_FORM = `1 to ${LIMITS.deviceIdLength} printable characters without spaces at the ends`;

const readDevice: Reader<string> = (raw) => {
  if (typeof raw !== 'string') return wrongType('a text');
  return isDeviceId(raw) ? { value: raw } : outOfRange(DEVICE_ID_FORM);
};

const readState: Reader<string> = (raw) => {
  if (typeof raw !== 'string') return wrongType('a text');
  if (raw.length <= LIMITS.stateLength && isPrintable(raw)) return { value: raw };
  return outOfRange(`at most ${LIMITS.stateLength} printable characters`);
};

const moment = (ms: number): Read<number> =>
  Number.isNaN(ms) ? outOfRange('a moment that exists, of the years 2000 to 2099') : { value: ms };

const readSeconds: Reader<number> = (raw) =>
  typeof raw === 'number' ? moment(momentOfSeconds(raw)) : wrongType('seconds since the epoch');

const readDate: Reader<number> = (raw) => {
  const ms = typeof raw === 'string' ? momentOfDate(raw) : undefined;
  return ms === undefined ? wrongType(`a date as ${DATE_FORM}`) : moment(ms);
};

interface Bounds {
  readonly minimum: number;
  readonly maximum: number;
}

/** False for what is not even a number. */
const within = (value: number, { minimum, maximum }: Bounds): boolean =>
  value >= minimum && value <= maximum;

const form = ({ minimum, maximum }: Bounds): string => `${minimum} to ${maximum}`;

const HEART_RATE_SCALE = 10 ** HEART_RATE_DIGITS;

const readHeartRate: Reader<number> = (raw) => {
  if (typeof raw !== 'number') return wrongType('a number');
  if (!within(raw, LIMITS.heartRate)) return outOfRange(form(LIMITS.heartRate));
  return { value: Math.round(raw * HEART_RATE_SCALE) / HEART_RATE_SCALE };
};

const wholeNumber =
  (bounds: Bounds): Reader<number> =>
  (raw) => {
    if (typeof raw !== 'number') return wrongType('a whole number');
    if (!within(raw, bounds)) return outOfRange(form(bounds));
    // Minus zero becomes zero.
    return Number.isInteger(raw) ? { value: raw + 0 } : wrongType('a whole number');
  };

const twoNames = <T>(one: string, other: string, read: Reader<T>): Field<T> => [
  { name: one, read },
  { name: other, read },
];

export const DEVICE = twoNames('device_id', 'Device ID', readDevice);
export const MOMENT: Field<number> = [
  { name: 'timestamp', read: readSeconds },
  { name: 'date', read: readDate },
];
export const HEART_RATE = twoNames('hr', 'Heart Rate', readHeartRate);
export const STEPS = twoNames('steps', 'Step Count', wholeNumber(LIMITS.steps));
export const STATE = twoNames('state', 'Sleeping State', readState);
export const SEQUENCE: Field<number> = [{ name: 'sequence', read: wholeNumber(LIMITS.sequence) }];

export const DECLARED_NAMES: ReadonlySet<string> = new Set(
  [DEVICE, MOMENT, HEART_RATE, STEPS, STATE, SEQUENCE].flat().map(({ name }) => name),
);
