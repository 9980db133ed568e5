/**
 * What waits for the broker: sent together after a short linger, one batch after the other.
 *
 * One batch is under way at a time. kafkajs retries a batch that failed while others pass it, which
 * would change a device's order, and numbers the messages after a batch that it gave up as if that had never been
 * sent, which a broker that stored it after all takes for repetitions, and drops. So nothing passes, whatever waits
 * behind a failed batch fails with it, and the next one is sent by a new producer.
 */
import { WatchlakeError } from '../../core/errors';
import type { LastSent, OutgoingMessage, Producer, StreamLog } from '../ports';
import type { IngestLimits } from './limits';

export interface OutboxOptions {
  readonly topic: string;
  readonly openProducer: () => Promise<Producer>;
  readonly limits: Pick<IngestLimits, 'queuedRecords' | 'queuedBytes' | 'lingerMs'>;
  readonly log: StreamLog;
  /** Told the size of each stored batch, and the milliseconds until the broker's acknowledgement. */
  readonly onStored?: (records: number, milliseconds: number) => void;
  /** Told the last message of each partition before anybody hears that a batch is stored. */
  readonly onLast?: (last: readonly LastSent[]) => void;
}

export interface Queued {
  readonly records: number;
  readonly bytes: number;
}

interface Entry {
  readonly messages: readonly OutgoingMessage[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Most of one batch: while it is encoded nothing else is done. */
const BATCH_RECORDS = 2000;
const BATCH_BYTES = 4 * 2 ** 20;

export class Outbox {
  private readonly options: OutboxOptions;
  private waiting: Entry[] = [];
  private records = 0;
  private bytes = 0;
  private producer?: Producer;
  private work?: Promise<void>;
  private closed = false;

  constructor(options: OutboxOptions) {
    this.options = options;
  }

  /** Those under way included. */
  get queued(): Queued {
    return { records: this.records, bytes: this.bytes };
  }

  /** Opens the producer, so that the first event need not wait for it. */
  async open(): Promise<void> {
    this.producer ??= await this.options.openProducer();
  }

  /**
   * Resolves when the broker has stored them all. Throws INGEST_QUEUE_FULL at once when too much waits already;
   * rejects with INGEST_UNAVAILABLE when they may not have been stored: they are to be sent again.
   */
  send(messages: readonly OutgoingMessage[], bytes: number): Promise<void> {
    const { queuedRecords, queuedBytes } = this.options.limits;
    const isFull =
      this.records + messages.length > queuedRecords || this.bytes + bytes > queuedBytes;
    // An empty queue takes whatever a request may hold.
    if (this.records > 0 && isFull) throw new WatchlakeError('INGEST_QUEUE_FULL');
    if (this.closed) throw new WatchlakeError('INGEST_UNAVAILABLE', { detail: 'it is stopping' });
    this.records += messages.length;
    this.bytes += bytes;
    return new Promise((resolve, reject) => {
      this.waiting.push({ messages, bytes, resolve, reject });
      this.work ??= this.drain();
    });
  }

  /** Sends what waits, then closes the producer. */
  async close(): Promise<void> {
    this.closed = true;
    await this.work;
    await this.producer?.close();
    this.producer = undefined;
  }

  private async drain(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, this.options.limits.lingerMs));
    // While a batch is under way the next one gathers: only the first has to linger.
    while (this.waiting.length > 0) await this.sendBatch(this.takeBatch());
    this.work = undefined;
  }

  private takeBatch(): Entry[] {
    let [records, bytes, count] = [0, 0, 0];
    for (const entry of this.waiting) {
      records += entry.messages.length;
      bytes += entry.bytes;
      if (count > 0 && (records > BATCH_RECORDS || bytes > BATCH_BYTES)) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }

  private async sendBatch(batch: readonly Entry[]): Promise<void> {
    const startedMs = performance.now();
    const messages = batch.flatMap((entry) => entry.messages);
    try {
      await this.open();
      const last = await this.producer?.send(this.options.topic, messages);
      this.options.onLast?.(last ?? []);
      this.options.onStored?.(messages.length, performance.now() - startedMs);
      this.settle(batch, (entry) => entry.resolve());
    } catch (error) {
      await this.fail(batch, error);
    }
  }

  private async fail(batch: readonly Entry[], error: unknown): Promise<void> {
    const { topic, log } = this.options;
    const failed = [...batch, ...this.waiting.splice(0)];
    log.error('events could not be stored', {
      topic,
      requests: failed.length,
      error: String(error),
    });
    const unavailable = new WatchlakeError('INGEST_UNAVAILABLE', {}, error);
    this.settle(failed, (entry) => entry.reject(unavailable));
    const former = this.producer;
    this.producer = undefined;
    await former?.close().catch(() => undefined);
  }

  private settle(entries: readonly Entry[], tell: (entry: Entry) => void): void {
    for (const entry of entries) {
      this.records -= entry.messages.length;
      this.bytes -= entry.bytes;
      tell(entry);
    }
  }
}
