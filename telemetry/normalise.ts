/** Makes one form of an event's two spellings and their mixtures, or says why it is no event. */
import type { Normalised, Rejection } from './event';
import { eventIdOf } from './event-id';
import { keptAside } from './extra';
import type { Field } from './fields';
import { DECLARED_NAMES, DEVICE, HEART_RATE, MOMENT, SEQUENCE, STATE, STEPS } from './fields';
import { meansAsleep } from './states';

type Rejected = Extract<Normalised, { ok: false }>;
type Raw = Readonly<Record<string, unknown>>;

const rejected = (code: Rejection, field: string | null, detail: string): Rejected => ({
  ok: false,
  code,
  field,
  detail,
});

const isObject = (raw: unknown): raw is Raw =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw);

const isRejected = <T extends string | number>(value: T | null | Rejected): value is Rejected =>
  typeof value === 'object' && value !== null;

/** The field's value, null when it is absent under every name, or why it has none. */
function valueOf<T extends string | number>(raw: Raw, field: Field<T>): T | null | Rejected {
  let found: T | null = null;
  for (const { name, read } of field) {
    const given = Object.hasOwn(raw, name) ? raw[name] : null;
    if (given === null || given === undefined) continue;
    const result = read(given);
    if (!('value' in result)) return rejected(result.code, name, result.detail);
    if (found !== null && result.value !== found) {
      const names = field.map((each) => each.name).join(' and ');
      return rejected('conflicting-fields', name, `expected one value, but ${names} differ`);
    }
    found = result.value;
  }
  return found;
}

/**
 * An event in its one form, or the first reason why it is none, of device, time, heart rate, steps, state,
 * sequence and undeclared fields, in this order. Never throws, whatever it is given of JSON. A field that is null is
 * absent; numbers in quotes are no numbers.
 */
export function normaliseEvent(raw: unknown): Normalised {
  if (!isObject(raw)) return rejected('not-an-object', null, 'expected a JSON object');
  const deviceId = valueOf(raw, DEVICE);
  if (deviceId === null)
    return rejected('missing-device', 'device_id', 'expected device_id or Device ID');
  if (isRejected(deviceId)) return deviceId;
  const timestampMs = valueOf(raw, MOMENT);
  if (timestampMs === null)
    return rejected('missing-time', 'timestamp', 'expected timestamp or date');
  if (isRejected(timestampMs)) return timestampMs;
  const heartRate = valueOf(raw, HEART_RATE);
  if (isRejected(heartRate)) return heartRate;
  const steps = valueOf(raw, STEPS);
  if (isRejected(steps)) return steps;
  const state = valueOf(raw, STATE);
  if (isRejected(state)) return state;
  const sequence = valueOf(raw, SEQUENCE);
  if (isRejected(sequence)) return sequence;
  const aside = keptAside(raw, DECLARED_NAMES);
  if ('code' in aside) return rejected(aside.code, aside.field, aside.detail);
  const said = { deviceId, timestampMs, heartRate, steps, state, sequence, extra: aside.extra };
  const asleep = state === null ? null : meansAsleep(state);
  return { ok: true, event: { eventId: eventIdOf(said), ...said, asleep } };
}
