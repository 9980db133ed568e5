/** Takes the records of a request to the broker, each event once, and tells what became of each. */
import {
  EVENT_ID_HEADER,
  FIELD_HEADER,
  REASON_HEADER,
  RECEIVED_AT_HEADER,
  RECORD_HEADER,
  TRUNCATED_HEADER,
} from '../device-headers';
import type { OutgoingMessage, StreamLog } from '../ports';
import { admit, type Admitted, type Refused } from './admission';
import type { IngestLimits } from './limits';
import type { Outbox } from './outbox';
import type { RawRecord } from './records';
import type { RememberedEvents } from './remembered';

export interface ReceptionParts {
  readonly events: Outbox;
  readonly deadLetters: Outbox;
  readonly remembered: RememberedEvents;
  readonly limits: Pick<IngestLimits, 'clockAheadMs' | 'recordBytes'>;
  readonly log: StreamLog;
  readonly now?: () => number;
}

export interface Received {
  /** Names the request in its dead letters: its Idempotency-Key, or an id of its own. */
  readonly request: string;
  /** The one device that the sender may speak for; null when it may speak for all. */
  readonly deviceId: string | null;
  readonly records: readonly RawRecord[];
}

export type Outcome =
  | { readonly status: 'accepted' | 'duplicate' }
  | ({ readonly status: 'rejected' } & Pick<Refused, 'code' | 'field' | 'detail'>);

/** What a record takes in the queue besides its text. */
const OVERHEAD_BYTES = 200;
const ACCEPTED: Outcome = { status: 'accepted' };
const DUPLICATE: Outcome = { status: 'duplicate' };

interface Fresh {
  readonly events: Admitted[];
  /** Of other requests, on their way already. */
  readonly underWay: Set<Promise<void>>;
  readonly refused: { readonly index: number; readonly refusal: Refused }[];
  readonly outcomes: Outcome[];
}

const sizeOf = (text: string | Buffer): number => text.length + OVERHEAD_BYTES;

export class Reception {
  private readonly parts: ReceptionParts;
  /** Events that are being stored, or are stored and not yet written down as such. */
  private readonly pending = new Map<string, Promise<void>>();
  private readonly writing = new Set<Promise<void>>();
  private readonly now: () => number;

  constructor(parts: ReceptionParts) {
    this.parts = parts;
    this.now = parts.now ?? Date.now;
  }

  /**
   * The outcome of each record, once the broker has acknowledged them all. Throws INGEST_QUEUE_FULL and
   * INGEST_UNAVAILABLE: then some may have been stored, and the whole request is to be sent again.
   */
  async receive(received: Received): Promise<readonly Outcome[]> {
    const receivedAt = new Date(this.now()).toISOString();
    const fresh = this.sort(received);
    const letters = fresh.refused.map((each) => this.letterOf(each, received, receivedAt));
    // First of all: what is refused because too much waits leaves no dead letters.
    const stored = this.store(fresh.events, receivedAt);
    await Promise.all([stored, this.bury(letters), ...fresh.underWay]);
    return fresh.outcomes;
  }

  /** Resolves when all that is stored is written down as such. */
  async settled(): Promise<void> {
    while (this.writing.size > 0) await Promise.all(this.writing);
  }

  private sort({ records, deviceId }: Received): Fresh {
    const rules = { deviceId, nowMs: this.now(), clockAheadMs: this.parts.limits.clockAheadMs };
    const fresh: Fresh = { events: [], underWay: new Set(), refused: [], outcomes: [] };
    const own = new Set<string>();
    for (const [index, record] of records.entries()) {
      const admission = admit(record, rules);
      fresh.outcomes.push(this.place(admission, index, own, fresh));
    }
    return fresh;
  }

  private place(
    admission: Admitted | Refused,
    index: number,
    own: Set<string>,
    fresh: Fresh,
  ): Outcome {
    if (!admission.admitted) {
      const { code, field, detail } = admission;
      fresh.refused.push({ index, refusal: admission });
      return { status: 'rejected', code, field, detail };
    }
    const { eventId, deviceId } = admission;
    const underWay = this.pending.get(eventId);
    if (underWay !== undefined) fresh.underWay.add(underWay);
    const isKnown =
      underWay !== undefined ||
      own.has(eventId) ||
      this.parts.remembered.isKnown(deviceId, eventId);
    if (isKnown) return DUPLICATE;
    own.add(eventId);
    fresh.events.push(admission);
    return ACCEPTED;
  }

  /** Nothing is awaited before the events are pending: the same ones in another request find them. */
  private store(events: readonly Admitted[], receivedAt: string): Promise<void> {
    if (events.length === 0) return Promise.resolve();
    const bytes = events.reduce((sum, { text }) => sum + sizeOf(text), 0);
    const messages = events.map(({ deviceId, eventId, text }): OutgoingMessage => ({
      key: deviceId,
      value: text,
      headers: { [EVENT_ID_HEADER]: eventId, [RECEIVED_AT_HEADER]: receivedAt },
    }));
    const sent = this.parts.events.send(messages, bytes);
    for (const { eventId } of events) this.pending.set(eventId, sent);
    const written = this.writeDown(events, sent).finally(() => this.writing.delete(written));
    this.writing.add(written);
    return sent;
  }

  /** The sender need not wait for it: what a crash makes us forget, the landing finds. */
  private async writeDown(events: readonly Admitted[], sent: Promise<void>): Promise<void> {
    const isStored = await sent.then(
      () => true,
      () => false,
    );
    try {
      if (isStored) await this.parts.remembered.remember(events);
    } catch (error) {
      this.parts.log.error('events could not be remembered', { error: String(error) });
    }
    for (const { eventId } of events) this.pending.delete(eventId);
  }

  private async bury(letters: readonly OutgoingMessage[]): Promise<void> {
    if (letters.length === 0) return;
    const bytes = letters.reduce((sum, { value }) => sum + sizeOf(value ?? ''), 0);
    await this.parts.deadLetters.send(letters, bytes);
  }

  private letterOf(
    { index, refusal }: { index: number; refusal: Refused },
    { request }: Received,
    receivedAt: string,
  ): OutgoingMessage {
    const { code, field, deviceId, body } = refusal;
    const limit = this.parts.limits.recordBytes;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const headers = {
      ...{ [REASON_HEADER]: code, [RECEIVED_AT_HEADER]: receivedAt },
      [RECORD_HEADER]: `${request}/${index}`,
      ...(field === null ? {} : { [FIELD_HEADER]: field }),
      ...(bytes.length > limit ? { [TRUNCATED_HEADER]: String(bytes.length) } : {}),
    };
    return { key: deviceId, value: bytes.subarray(0, limit), headers };
  }
}

/** Told apart from what went wrong with a request as a whole. */
export const isRejected = (outcome: Outcome): outcome is Extract<Outcome, { code: string }> =>
  outcome.status === 'rejected';
