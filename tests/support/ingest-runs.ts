/** Runs ingest servers in processes that a test may kill, and reads what they stored. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { EVENT_ID_HEADER } from '../../streaming/device-headers';
import type { Broker } from '../../streaming/ports';
import { kafkaAddresses } from './streams';
import type { IngestProcessInput } from './ingest-process';

export interface IngestProcess {
  readonly url: string;
  /** Resolves with the exit code, null after SIGKILL. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

export async function startIngestProcess(
  options: Omit<IngestProcessInput, 'brokers'> & { brokers?: string[] },
): Promise<IngestProcess> {
  const input: IngestProcessInput = { brokers: kafkaAddresses(), ...options };
  const hook = join(__dirname, 'typescript.js');
  const script = join(__dirname, 'ingest-process.ts');
  const child = spawn(process.execPath, ['-r', hook, script, JSON.stringify(input)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const first = await Promise.race([
    once(child.stdout, 'data') as Promise<[Buffer]>,
    ended.then(() => Promise.reject(new Error('the ingest server did not start'))),
  ]);
  return {
    url: first[0].toString().trim(),
    async end(signal) {
      child.kill(signal);
      return (await ended)[0];
    },
  };
}

export interface StoredEvent {
  readonly deviceId: string;
  readonly sequence: number;
  readonly eventId: string;
}

/** What the topic holds, in the order of its partitions. */
export async function storedEvents(broker: Broker, topic: string): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  for await (const messages of broker.read({ topic })) {
    for (const { key, value, headers } of messages) {
      const { sequence } = JSON.parse(String(value)) as { sequence: number };
      events.push({ deviceId: key ?? '', sequence, eventId: headers[EVENT_ID_HEADER] ?? '' });
    }
  }
  return events;
}

/** As the landing does it: of several with one id the first stays. */
export function withoutDuplicates(events: readonly StoredEvent[]): StoredEvent[] {
  const seen = new Set<string>();
  return events.filter(({ eventId }) => !seen.has(eventId) && seen.add(eventId));
}

export const sequencesOf = (events: readonly StoredEvent[], device: string): number[] =>
  events.filter(({ deviceId }) => deviceId === device).map(({ sequence }) => sequence);
