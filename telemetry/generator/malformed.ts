/** Lines that are no events, of every reason; each could pass for one of its device if nobody looked closely. */
import type { Random } from '../../core/random';
import type { REJECTIONS } from '../event';
import type { MadeEvent } from './life';

export const MALFORMED = [
  'not-json',
  'not-an-object',
  'missing-device',
  'missing-time',
  'wrong-type',
  'out-of-range',
  'conflicting-fields',
] as const satisfies readonly (Reason | 'not-json')[];
export type Malformed = (typeof MALFORMED)[number];

type Reason = (typeof REJECTIONS)[number];
type Fields = Readonly<Record<string, unknown>>;

const FAULTS: Readonly<Record<Malformed, readonly ((good: Fields) => unknown)[]>> = {
  'not-json': [
    (good) => JSON.stringify(good).slice(0, -1),
    (good) => `${JSON.stringify(good)},`,
    () => 'device rebooted',
    (good) => JSON.stringify(good).replaceAll('"', "'"),
    (good) => JSON.stringify({ ...good, hr: 0 }).replace('"hr":0', '"hr":NaN'),
  ],
  'not-an-object': [() => 42, () => 'rebooted', () => null, () => true],
  'missing-device': [
    ({ device_id: _device, ...others }) => others,
    (good) => ({ ...good, device_id: null }),
    ({ device_id, ...others }) => ({ ...others, deviceId: device_id }),
  ],
  'missing-time': [
    ({ timestamp: _moment, ...others }) => others,
    (good) => ({ ...good, timestamp: null, date: null }),
    ({ timestamp, ...others }) => ({ ...others, time: timestamp }),
  ],
  'wrong-type': [
    (good) => ({ ...good, hr: '72' }),
    (good) => ({ ...good, steps: 3.5 }),
    (good) => ({ ...good, state: 1 }),
    (good) => ({ ...good, device_id: 17 }),
    (good) => ({ ...good, timestamp: String(good.timestamp) }),
    ({ timestamp: _moment, ...others }) => ({ ...others, date: '08/03/2024 10:00:00' }),
    ({ timestamp: _moment, ...others }) => ({ ...others, date: '2024-03-08' }),
    (good) => ({ ...good, 'Heart Rate': [72], hr: null }),
  ],
  'out-of-range': [
    (good) => ({ ...good, hr: 0 }),
    (good) => ({ ...good, hr: 301 }),
    (good) => ({ ...good, steps: -1 }),
    (good) => ({ ...good, steps: 1e12 }),
    (good) => ({ ...good, timestamp: (good.timestamp as number) * 1000 }),
    (good) => ({ ...good, device_id: '' }),
    (good) => ({ ...good, state: 'x'.repeat(65) }),
    ({ timestamp: _moment, ...others }) => ({ ...others, date: '2023-02-29 10:00:00.000' }),
  ],
  'conflicting-fields': [
    (good) => ({ ...good, 'Heart Rate': 61 }),
    (good) => ({ ...good, 'Step Count': 12 }),
    (good) => ({ ...good, 'Device ID': 'another' }),
    (good) => ({ ...good, 'Sleeping State': 'awake' }),
    (good) => ({ ...good, date: '2024-01-01 00:00:00.000' }),
  ],
};

/** One that differs from the event in its reason and by a moment of its own. */
export function malformedLine(reason: Malformed, near: MadeEvent, random: Random): string {
  const good = {
    device_id: near.device.deviceId,
    timestamp: (near.timestampMs + 1) / 1000,
    hr: 60,
    steps: 11,
    state: 'asleep',
  };
  const faults = FAULTS[reason];
  const spoilt = faults[Math.floor(random() * faults.length)]?.(good);
  return reason === 'not-json' ? String(spoilt) : JSON.stringify(spoilt);
}
