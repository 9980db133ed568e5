/** What a message of the events' topic says: an event, or why it is none. */
import { isUtf8 } from 'node:buffer';
import type { DeviceEvent } from '../../telemetry/event';
import { normaliseEvent } from '../../telemetry/normalise';

/** A message as a reader of the topic gets it. */
export interface EventMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Why a message is no event before anything of an event was looked at. */
export const DOOR_REASONS = {
  empty: 'the message has no value',
  'not-utf-8': 'the value has bytes that are no UTF-8',
  'not-json': 'the value is not one JSON value',
} as const;

export type ParsedMessage =
  | { readonly ok: true; readonly event: DeviceEvent; readonly receivedAt: string | null }
  | { readonly ok: false; readonly reason: string; readonly detail: string | null };

// The name of an undeclared field may be as long as the whole message.
const DETAIL_LENGTH = 200;

const RECEIVED = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/;

const refused = (reason: keyof typeof DOOR_REASONS): ParsedMessage => ({
  ok: false,
  reason,
  detail: null,
});

/** Other producers than the server write no headers, or their own. */
function receivedAt({ headers }: EventMessage): string | null {
  const given = headers['received-at'];
  return given !== undefined && RECEIVED.test(given) ? given : null;
}

export function parseMessage(message: EventMessage): ParsedMessage {
  const { value } = message;
  if (value === null || value.length === 0) return refused('empty');
  if (!isUtf8(value)) return refused('not-utf-8');
  let raw: unknown;
  try {
    raw = JSON.parse(value.toString('utf8'));
  } catch {
    return refused('not-json');
  }
  const normalised = normaliseEvent(raw);
  if (normalised.ok) return { ...normalised, receivedAt: receivedAt(message) };
  const { code, field, detail } = normalised;
  const said = field === null ? detail : `${field}: ${detail}`;
  return { ok: false, reason: code, detail: said.slice(0, DETAIL_LENGTH) };
}
