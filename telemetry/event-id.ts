/** The identity of an event: the same one sent twice, in whichever spelling, has the same id. */
import { hash } from 'node:crypto';
import { canonicalJson } from '../core/hash';
import type { DeviceEvent } from './event';

const ID_LENGTH = 32;

/**
 * By device and sequence number where there is one, whatever the content; else by device, moment and content. JSON
 * keeps apart what plain joining would not: `a`, `bc` and `ab`, `c`; null and `null`; a half of a surrogate pair.
 */
export function eventIdOf(event: Omit<DeviceEvent, 'eventId' | 'asleep'>): string {
  const { deviceId, sequence, timestampMs, heartRate, steps, state, extra } = event;
  const content =
    sequence === null
      ? `at${JSON.stringify([deviceId, timestampMs, heartRate, steps, state])}${extra ? canonicalJson(extra) : ''}`
      : `nr${JSON.stringify([deviceId, sequence])}`;
  return hash('sha256', content).slice(0, ID_LENGTH);
}
