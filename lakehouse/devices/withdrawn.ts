/** What names an erased person in messages of others, and in those that are no events: hashes are all that is left of them. */
import { namesIn } from '../../core/names-in';
import { LEAST_LENGTH } from '../../core/needles';
import type { DeviceEvent } from '../../telemetry/event';
import type { EventMessage } from './parse-message';

export interface Withdrawals {
  /** Whether the device's person was erased: none of its events lands again. */
  readonly isWithdrawn: (deviceId: string) => boolean;
  /** Whether an erased person, or a device of theirs, was called so; null when nobody was erased. */
  readonly isWithdrawnName: ((text: string) => boolean) | null;
}

const names = (text: string, { isWithdrawnName }: Withdrawals, least = 1): boolean =>
  isWithdrawnName !== null &&
  [...namesIn(text)].some((name) => name.length >= least && isWithdrawnName(name));

/** Whether a message that is no event is theirs: by its key, its headers, or anything that it says. */
export const isTheirMessage = (
  { key, headers, value }: EventMessage,
  withdrawals: Withdrawals,
): boolean =>
  names(JSON.stringify([key, headers]), withdrawals) ||
  (value !== null && names(value.toString('utf8'), withdrawals));

/** Somebody else's event without the fields that name them; a short word there is more likely a word. Which event it is stays the same. */
export function withoutTheirNames(event: DeviceEvent, withdrawals: Withdrawals): DeviceEvent {
  if (withdrawals.isWithdrawnName === null) return event;
  const { extra, state } = event;
  return {
    ...event,
    extra: extra !== null && names(JSON.stringify(extra), withdrawals, LEAST_LENGTH) ? null : extra,
    state: state !== null && names(JSON.stringify(state), withdrawals, LEAST_LENGTH) ? null : state,
  };
}
