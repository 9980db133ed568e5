/** How many bytes of bodies all requests together may hold: each has limits of its own, and there are many. */
import type { ServerResponse } from 'node:http';
import { WatchlakeError } from '../../core/errors';
import { isOver, whenOver } from '../../core/when-over';

interface Held {
  bytes: number;
  isOver: boolean;
  /** Whether the body is still worked on: who hangs up does not take it along. */
  isInWork: boolean;
}

export class BodyBudget {
  private readonly limit: number;
  private held = 0;
  private readonly byResponse = new WeakMap<ServerResponse, Held>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Until the response is over and nothing works on the body. Throws INGEST_QUEUE_FULL, but for a request that is alone. */
  hold(response: ServerResponse, bytes: number): void {
    // Who has hung up gives nothing back, and comes again.
    if (isOver(response)) throw new WatchlakeError('INGEST_QUEUE_FULL');
    const own = this.heldBy(response);
    const isAlone = this.held === own.bytes;
    if (!isAlone && this.held + bytes > this.limit) throw new WatchlakeError('INGEST_QUEUE_FULL');
    this.held += bytes;
    own.bytes += bytes;
  }

  /** What the response holds stays held while this goes on. */
  async during<T>(response: ServerResponse, work: () => Promise<T>): Promise<T> {
    const held = this.heldBy(response);
    held.isInWork = true;
    try {
      return await work();
    } finally {
      held.isInWork = false;
      this.settle(held);
    }
  }

  private heldBy(response: ServerResponse): Held {
    const present = this.byResponse.get(response);
    if (present !== undefined) return present;
    const held: Held = { bytes: 0, isOver: false, isInWork: false };
    this.byResponse.set(response, held);
    whenOver(response, () => {
      held.isOver = true;
      this.settle(held);
    });
    return held;
  }

  private settle(held: Held): void {
    if (!held.isOver || held.isInWork) return;
    this.held -= held.bytes;
    held.bytes = 0;
  }
}
