/** Brings the messages of one landing run into a DuckDB session, events and rejected ones apart. */
import type { DuckdbSession } from '../engines/duckdb-session';
import type { RowAppender } from '../engines/row-appender';
import { createRowAppender } from '../engines/row-appender';
import { QUARANTINE_COLUMNS } from '../quarantine';
import { fingerprintOf } from '../../core/message-fingerprint';
import { EVENT_COLUMNS, eventCells } from './device-events';
import type { EventMessage } from './parse-message';
import type { LastRead } from './landing-facts';
import { parseMessage } from './parse-message';
import { rejectedCells } from './rejected-messages';
import { isTheirMessage, withoutTheirNames, type Withdrawals } from './withdrawn';

export const ARRIVED = 'arrived';
export const REJECTED = 'rejected';

// A rejected message is kept whole, and may be a megabyte.
const REJECTED_CHUNK = 16;

export interface StageRequest extends Withdrawals {
  readonly topic: string;
  /** To be read once, up to a fixed end. */
  readonly messages: AsyncIterable<readonly EventMessage[]>;
  readonly signal?: AbortSignal;
  readonly onMessages?: (messages: number) => void;
}

/** messages = events + withdrawn + rejected. */
export interface Staged {
  readonly messages: number;
  readonly withdrawn: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** By partition. */
  readonly lastRead: Readonly<Record<number, LastRead>>;
}

interface Sink {
  readonly events: RowAppender;
  readonly rejects: RowAppender;
  readonly rejected: Record<string, number>;
  withdrawn: number;
}

function take(sink: Sink, message: EventMessage, request: StageRequest): void {
  const parsed = parseMessage(message);
  if (parsed.ok ? request.isWithdrawn(parsed.event.deviceId) : isTheirMessage(message, request)) {
    sink.withdrawn += 1;
  } else if (!parsed.ok) {
    sink.rejected[parsed.reason] = (sink.rejected[parsed.reason] ?? 0) + 1;
    sink.rejects.append(rejectedCells(request.topic, message, parsed));
  } else {
    const { partition, offset } = message;
    const origin = { receivedAt: parsed.receivedAt, partition, offset };
    sink.events.append(eventCells(withoutTheirNames(parsed.event, request), origin));
  }
}

/** Fills the tables `arrived` and `rejected`; memory is DuckDB's limit and two fetches. */
export async function stageEvents(session: DuckdbSession, request: StageRequest): Promise<Staged> {
  const sink: Sink = {
    events: await createRowAppender(session, ARRIVED, EVENT_COLUMNS),
    rejects: await createRowAppender(session, REJECTED, QUARANTINE_COLUMNS, REJECTED_CHUNK),
    rejected: {},
    withdrawn: 0,
  };
  let messages = 0;
  const last = new Map<number, EventMessage>();
  for await (const batch of request.messages) {
    request.signal?.throwIfAborted();
    for (const message of batch) {
      take(sink, message, request);
      last.set(message.partition, message);
    }
    messages += batch.length;
    request.onMessages?.(messages);
  }
  // A reader that was told to stop ends as if all were read.
  request.signal?.throwIfAborted();
  sink.events.finish();
  sink.rejects.finish();
  const lastRead = [...last].map(([partition, message]): [number, LastRead] => [
    partition,
    { offset: message.offset, fingerprint: fingerprintOf(message) },
  ]);
  const { withdrawn, rejected } = sink;
  return { messages, withdrawn, rejected, lastRead: Object.fromEntries(lastRead) };
}
