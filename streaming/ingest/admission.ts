/** Decides of each record whether it is an event that may be stored, or why not. */
import type { Rejection } from '../../telemetry/event';
import { normaliseEvent } from '../../telemetry/normalise';
import type { ParseRejection, RawRecord } from './records';

/** What only a door can find wrong, besides what makes an event none. */
export const DOOR_REJECTIONS = ['clock-ahead', 'foreign-device'] as const;

export type RejectionCode = Rejection | ParseRejection | (typeof DOOR_REJECTIONS)[number];

export interface Admitted {
  readonly admitted: true;
  readonly deviceId: string;
  /** Of the event's moment, in UTC: days since the epoch. */
  readonly day: number;
  readonly eventId: string;
  /** The event's JSON, on one line. */
  readonly text: string;
}

export interface Refused {
  readonly admitted: false;
  readonly code: RejectionCode;
  readonly field: string | null;
  readonly detail: string;
  readonly deviceId: string | null;
  readonly body: Buffer | string;
}

export interface AdmissionRules {
  /** The one device that the sender may speak for; null when it may speak for all. */
  readonly deviceId: string | null;
  readonly nowMs: number;
  readonly clockAheadMs: number;
}

const DAY_MS = 24 * 60 * 60_000;

const PARSE_DETAILS: Record<ParseRejection, string> = {
  'not-json': 'expected JSON',
  'not-utf-8': 'expected UTF-8',
  'too-long': 'the event is longer than an event may be',
  'too-deep': 'the event is nested too deeply',
};

export function admit(record: RawRecord, rules: AdmissionRules): Admitted | Refused {
  if (!record.ok) {
    const { code, body } = record;
    return {
      admitted: false,
      code,
      field: null,
      detail: PARSE_DETAILS[code],
      deviceId: null,
      body,
    };
  }
  const { text, value } = record;
  const normalised = normaliseEvent(value);
  if (!normalised.ok) {
    const { code, field, detail } = normalised;
    return { admitted: false, code, field, detail, deviceId: null, body: text };
  }
  const { deviceId, eventId, timestampMs } = normalised.event;
  const day = Math.floor(timestampMs / DAY_MS);
  const refuse = (code: RejectionCode, field: string, detail: string): Refused => ({
    ...{ admitted: false, code, field, detail, deviceId, body: text },
  });
  if (rules.deviceId !== null && deviceId !== rules.deviceId)
    return refuse('foreign-device', 'device_id', 'the token is for another device');
  if (timestampMs > rules.nowMs + rules.clockAheadMs)
    return refuse('clock-ahead', 'timestamp', 'the time lies in the future: set the clock');
  return { admitted: true, deviceId, day, eventId, text };
}
