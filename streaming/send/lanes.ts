/** Lanes of sending, side by side: each device has one, in which its lines go one batch after the other. */
import { hash } from 'node:crypto';
import type { Line } from './event-file';
import type { IngestClient, Sent } from './ingest-client';

export interface LanesOptions {
  readonly client: IngestClient;
  readonly lanes: number;
  readonly batchLines: number;
  /** Lines that are read and not answered yet, at most. */
  readonly window: number;
  /** Bytes of them; 64 MiB by default. */
  readonly windowBytes?: number;
  readonly onSent: (lines: number, sent: Sent) => void;
}

interface Waiting {
  readonly line: Line;
  readonly onAnswered: () => void;
}

const BATCH_BYTES = 2 ** 20;
const WINDOW_BYTES = 64 * 2 ** 20;
const TOO_LONG: Sent = { accepted: 0, duplicate: 0, rejected: { 'too-long': 1 } };

class Lane {
  private readonly options: LanesOptions;
  private waiting: Waiting[] = [];
  private isDraining = false;

  constructor(options: LanesOptions) {
    this.options = options;
  }

  push(waiting: Waiting, onFailed: (error: unknown) => void): void {
    this.waiting.push(waiting);
    if (!this.isDraining) this.drain().catch(onFailed);
  }

  /** It has ended with its last look at what waits: a push after that begins the next one. */
  private async drain(): Promise<void> {
    this.isDraining = true;
    try {
      await this.sendWaiting();
    } finally {
      this.isDraining = false;
    }
  }

  private async sendWaiting(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.take();
      const lines = batch.map(({ line }) => line.bytes).filter((bytes) => bytes.length > 0);
      const sent = lines.length > 0 ? await this.options.client.send(lines) : null;
      // First: whoever is told how much was sent sees how far that is.
      for (const { onAnswered } of batch) onAnswered();
      if (sent) this.options.onSent(lines.length, sent);
      for (let at = lines.length; at < batch.length; at += 1) this.options.onSent(1, TOO_LONG);
    }
  }

  private take(): Waiting[] {
    let [count, bytes] = [0, 0];
    for (const { line } of this.waiting) {
      bytes += line.bytes.length;
      if (count > 0 && bytes > BATCH_BYTES) break;
      count += 1;
      if (count === this.options.batchLines) break;
    }
    return this.waiting.splice(0, count);
  }
}

/** What is pushed is sent in the order of its lane; the first failure is thrown to whoever pushes or waits. */
export class Lanes {
  private readonly options: LanesOptions;
  private readonly lanes: readonly Lane[];
  private open = 0;
  private bytes = 0;
  private failure?: { readonly error: unknown };
  private readonly waiters: (() => void)[] = [];

  constructor(options: LanesOptions) {
    this.options = options;
    this.lanes = Array.from({ length: options.lanes }, () => new Lane(options));
  }

  /** Waits while too many lines are under way; lines without a device share a lane. */
  async push(deviceId: string | null, line: Line, onAnswered: () => void): Promise<void> {
    const { window, windowBytes = WINDOW_BYTES } = this.options;
    await this.until(() => this.open < window && this.bytes < windowBytes);
    this.open += 1;
    this.bytes += line.bytes.length;
    const answered = () => {
      this.open -= 1;
      this.bytes -= line.bytes.length;
      onAnswered();
      this.wake();
    };
    this.laneOf(deviceId)?.push({ line, onAnswered: answered }, (error) => {
      this.failure ??= { error };
      this.wake();
    });
  }

  /** Resolves when all that was pushed is answered. */
  settled(): Promise<void> {
    return this.until(() => this.open === 0);
  }

  private laneOf(deviceId: string | null): Lane | undefined {
    const number = deviceId === null ? 0 : hash('sha1', deviceId, 'buffer').readUInt32LE();
    return this.lanes[number % this.lanes.length];
  }

  private async until(holds: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure) throw this.failure.error;
      if (holds()) return;
      await new Promise<void>((resolve) => this.waiters.push(resolve));
    }
  }

  private wake(): void {
    for (const resolve of this.waiters.splice(0)) resolve();
  }
}
