/** An ingest server over a broker that a test holds in its hand, and ways to call it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deviceTopics } from '../../streaming/topics';
import {
  createIngestServer,
  type IngestServer,
  type IngestServerOptions,
} from '../../streaming/ingest/server';
import type { Broker, OutgoingMessage } from '../../streaming/ports';
import { silentLog } from './streams';

export type Send = (topic: string, messages: readonly OutgoingMessage[]) => Promise<void>;

/** Keeps what it is sent; `send` may be replaced to wait or to fail. */
export class HeldBroker {
  readonly topics = deviceTopics();
  readonly stored: Record<string, OutgoingMessage[]> = {};
  readonly batches: number[] = [];
  opened = 0;
  send: Send = async () => undefined;
  lastSent: (messages: readonly OutgoingMessage[]) => readonly object[] = () => [];

  get events(): OutgoingMessage[] {
    return this.stored[this.topics.events] ?? [];
  }

  get deadLetters(): OutgoingMessage[] {
    return this.stored[this.topics.deadLetter] ?? [];
  }

  readonly port = {
    ensureTopics: async () => undefined,
    bounds: async () => new Map(),
    openProducer: async () => {
      this.opened += 1;
      return {
        send: async (topic: string, messages: readonly OutgoingMessage[]) => {
          await this.send(topic, messages);
          this.batches.push(messages.length);
          (this.stored[topic] ??= []).push(...messages);
          return this.lastSent(messages);
        },
        close: async () => undefined,
      };
    },
  } as unknown as Broker;
}

export interface TestIngest {
  readonly url: string;
  readonly server: IngestServer;
  readonly broker: HeldBroker;
  readonly folder: string;
  close(): Promise<void>;
}

export async function startIngest(
  options: Partial<IngestServerOptions> = {},
  broker = new HeldBroker(),
): Promise<TestIngest> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'watchlake-ingest-')));
  const server = await createIngestServer({
    ...{ broker: broker.port, topics: broker.topics, version: '0.1.0', log: silentLog },
    ...options,
    folder,
  });
  const url = await server.listen(0);
  return {
    ...{ url, server, broker, folder },
    async close() {
      await server.close();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly status?: string;
    readonly code?: string;
    readonly field?: string | null;
    readonly retryable?: boolean;
    readonly accepted?: number;
    readonly duplicate?: number;
    readonly rejected?: number;
    readonly results?: { index: number; status: string; code?: string }[];
  };
}

/** Objects are sent as JSON, texts and bytes as they are. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
  const response = await fetch(`${url}/stream`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: isRaw ? (body as string) : JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Reply['body'],
  };
}

export const NDJSON = { 'content-type': 'application/x-ndjson' };

export const event = (sequence: number, more: object = {}) => ({
  ...{ device_id: 'watch-1', timestamp: 1_700_000_000 + sequence, hr: 60, steps: 3 },
  ...more,
});

export const lines = (events: readonly unknown[]): string =>
  events.map((each) => JSON.stringify(each)).join('\n');

/** Starts servers for a test file; each is closed after the test that has started it. */
export function useIngest(): typeof startIngest {
  const running: TestIngest[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((each) => each.close()));
  });
  return async (...options) => {
    const started = await startIngest(...options);
    running.push(started);
    return started;
  };
}
