/** How many bytes of bodies all requests together may hold: each has limits of its own, and there are many. */
import type { ServerResponse } from 'node:http';
import { WatchlakeError } from '../../core/errors';

export class BodyBudget {
  private readonly limit: number;
  private held = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Until the response is over. Throws INGEST_QUEUE_FULL, but for a request that is alone. */
  hold(response: ServerResponse, bytes: number): void {
    const isFull = this.held > 0 && this.held + bytes > this.limit;
    // Who has hung up gives nothing back, and comes again.
    if (isFull || response.closed) throw new WatchlakeError('INGEST_QUEUE_FULL');
    this.held += bytes;
    response.once('close', () => {
      this.held -= bytes;
    });
  }
}
