/** Takes the records of a request to the broker, each event once, and tells what became of each. */
import { randomUUID } from 'node:crypto';
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
  /** Names the request in its dead letters: its Idempotency-Key; null gives it an id of its own. */
  readonly request: string | null;
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
  readonly underWay: Promise<void>[];
  readonly refused: { readonly index: number; readonly refusal: Refused }[];
  readonly outcomes: Outcome[];
}

const sizeOf = (text: string | Buffer): number => Buffer.byteLength(text) + OVERHEAD_BYTES;

/** The landing's rule: a number that a device uses again on another day is another event. */
const keyOf = ({ day, eventId }: Admitted): string => `${eventId}/${day}`;

export class Reception {
  private readonly parts: ReceptionParts;
  /** Events that are being stored, or are stored and not yet written down as such. */
  private readonly pending = new Map<string, Promise<void>>();
  /** Stored in the present turn of the event loop, by request. */
  private stored: (readonly Admitted[])[] = [];
  private readonly writing = new Set<Promise<void>>();
  private readonly now: () => number;
  private received = { ms: NaN, at: '' };

  constructor(parts: ReceptionParts) {
    this.parts = parts;
    this.now = parts.now ?? Date.now;
  }

  /**
   * The outcome of each record, once the broker has acknowledged them all. Throws INGEST_QUEUE_FULL and
   * INGEST_UNAVAILABLE: then some may have been stored, and the whole request is to be sent again.
   */
  async receive(received: Received): Promise<readonly Outcome[]> {
    const nowMs = this.now();
    const receivedAt = this.textOf(nowMs);
    const { events, refused, underWay, outcomes } = this.sort(received, nowMs);
    // First of all: what is refused because too much waits leaves no dead letters.
    const stored = this.store(events, receivedAt);
    if (refused.length === 0 && underWay.length === 0) await stored;
    else {
      const letters = this.lettersOf(refused, received, receivedAt);
      await Promise.all([stored, this.bury(letters), ...underWay]);
    }
    return outcomes;
  }

  /** Resolves when all that is stored is written down as such. */
  async settled(): Promise<void> {
    while (this.writing.size > 0) await Promise.all(this.writing);
  }

  /** Many requests arrive in the same millisecond. */
  private textOf(ms: number): string {
    if (ms !== this.received.ms) this.received = { ms, at: new Date(ms).toISOString() };
    return this.received.at;
  }

  private sort({ records, deviceId }: Received, nowMs: number): Fresh {
    const rules = { deviceId, nowMs, clockAheadMs: this.parts.limits.clockAheadMs };
    const fresh: Fresh = { events: [], underWay: [], refused: [], outcomes: [] };
    const own = new Set<string>();
    for (const record of records) {
      const admission = admit(record, rules);
      fresh.outcomes.push(
        admission.admitted ? this.place(admission, own, fresh) : this.refuse(admission, fresh),
      );
    }
    return fresh;
  }

  private refuse(refusal: Refused, { refused, outcomes }: Fresh): Outcome {
    const { code, field, detail } = refusal;
    refused.push({ index: outcomes.length, refusal });
    return { status: 'rejected', code, field, detail };
  }

  private place(event: Admitted, own: Set<string>, fresh: Fresh): Outcome {
    const key = keyOf(event);
    const underWay = this.pending.get(key);
    if (underWay !== undefined) {
      if (underWay !== fresh.underWay.at(-1)) fresh.underWay.push(underWay);
      return DUPLICATE;
    }
    if (own.has(key) || this.parts.remembered.isKnown(event)) return DUPLICATE;
    own.add(key);
    fresh.events.push(event);
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
    for (const event of events) this.pending.set(keyOf(event), sent);
    sent.then(
      () => this.noteStored(events),
      () => this.release(events),
    );
    return sent;
  }

  /** What one batch stored is written down together. */
  private noteStored(events: readonly Admitted[]): void {
    this.stored.push(events);
    if (this.stored.length > 1) return;
    const written = this.writeDown().finally(() => this.writing.delete(written));
    this.writing.add(written);
  }

  /** The sender need not wait for it: what a crash makes us forget, the landing finds. */
  private async writeDown(): Promise<void> {
    await Promise.resolve();
    const events = this.stored.flat();
    this.stored = [];
    try {
      await this.parts.remembered.remember(events);
    } catch (error) {
      this.parts.log.error('events could not be remembered', { error: String(error) });
    }
    this.release(events);
  }

  private release(events: readonly Admitted[]): void {
    for (const event of events) this.pending.delete(keyOf(event));
  }

  private async bury(letters: readonly OutgoingMessage[]): Promise<void> {
    if (letters.length === 0) return;
    const bytes = letters.reduce((sum, { value }) => sum + sizeOf(value ?? ''), 0);
    await this.parts.deadLetters.send(letters, bytes);
  }

  private lettersOf(
    refused: Fresh['refused'],
    { request }: Received,
    receivedAt: string,
  ): OutgoingMessage[] {
    const name = request ?? randomUUID();
    return refused.map((each) => this.letterOf(each, name, receivedAt));
  }

  private letterOf(
    { index, refusal }: { index: number; refusal: Refused },
    request: string,
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
