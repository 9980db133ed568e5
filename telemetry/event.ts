/** What a device tells, in one form, whatever spelling it arrived in. */

/** A normalised event of a device: the form of the lake, of the aggregates and of every answer about it. */
export interface DeviceEvent {
  /**
   * What makes the event itself, 32 hexadecimal characters: a hash of device and sequence number where
   * the event has one, else of device, moment and content. The same event sent twice has the same id; one of another
   * date (UTC) with the same id, as of a counter that begins anew, is another event.
   */
  readonly eventId: string;
  readonly deviceId: string;
  /** Milliseconds since the epoch, whole; a date without a zone is UTC. */
  readonly timestampMs: number;
  /** Beats per minute. */
  readonly heartRate: number | null;
  /** Since the reading before, or since the counter began: the device's declaration says which. */
  readonly steps: number | null;
  /** As it was sent. */
  readonly state: string | null;
  /** What the state means; null when there is none, or none that we know. */
  readonly asleep: boolean | null;
  readonly sequence: number | null;
  /** Fields that nobody declared, kept aside; null when there are none. */
  readonly extra: Readonly<Record<string, unknown>> | null;
}

export const REJECTIONS = [
  'not-an-object',
  'missing-device',
  'missing-time',
  'wrong-type',
  'out-of-range',
  'conflicting-fields',
] as const;

/** Why an event cannot be one. A door may have reasons of its own besides. */
export type Rejection = (typeof REJECTIONS)[number];

export type Normalised =
  | { readonly ok: true; readonly event: DeviceEvent }
  | {
      readonly ok: false;
      readonly code: Rejection;
      /** As the sender spelled it; null when the whole is wrong. */
      readonly field: string | null;
      /** What was expected; never the value itself, which may be personal. */
      readonly detail: string;
    };
