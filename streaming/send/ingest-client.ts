/** Sends lines to an ingest server until they are answered, again and again where that may help. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { isWatchlakeError, WatchlakeError } from '../../core/errors';
import { DEFAULT_LIMITS } from '../ingest/limits';
import { allowedMs } from '../ingest/slow-body';

export interface IngestClientOptions {
  readonly url: string;
  /** Bearer token; needed when the server wants one. */
  readonly token?: string;
  readonly signal?: AbortSignal;
  /** Of one request, beside what the server allows its body to take. */
  readonly timeoutMs?: number;
  /** How long one request is tried again. */
  readonly patienceMs?: number;
  readonly onRetry?: (why: string) => void;
  readonly fetch?: typeof globalThis.fetch;
}

export interface Sent {
  readonly accepted: number;
  readonly duplicate: number;
  /** Rejected lines by their reason. */
  readonly rejected: Readonly<Record<string, number>>;
}

const batchSchema = z.object({
  accepted: z.number(),
  duplicate: z.number(),
  rejected: z.number(),
  results: z.array(z.object({ status: z.string(), code: z.string().optional() })),
});
const problemSchema = z.object({ code: z.string(), message: z.string() });

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 10_000;
const TOO_LARGE = 413;
const TOO_SLOW = 408;
const ANSWER_MS = 30_000;
// 408 and 425 of a proxy; 429 and 5xx of anybody.
const passes = (status: number): boolean =>
  status === 408 || status === 425 || status === 429 || status >= 500;

/** Why a request is to be sent again, and when at the earliest. */
class Passing extends Error {
  readonly waitMs: number;
  constructor(message: string, waitMs = 0) {
    super(message);
    this.waitMs = waitMs;
  }
}

export interface IngestClient {
  /** Throws INGEST_UNREACHABLE when no ingest server answers there. */
  check(): Promise<void>;
  /**
   * What became of each line. Throws INGEST_REFUSED, INGEST_UNREACHABLE when the patience is over, and the signal's
   * reason when it aborts: then the lines may have been stored, and the server recognises them when they come again.
   */
  send(lines: readonly Buffer[]): Promise<Sent>;
}

const plus = (one: Sent, other: Sent): Sent => {
  const rejected = { ...one.rejected };
  for (const [code, count] of Object.entries(other.rejected))
    rejected[code] = (rejected[code] ?? 0) + count;
  return {
    accepted: one.accepted + other.accepted,
    duplicate: one.duplicate + other.duplicate,
    rejected,
  };
};

const rejectedAll = (code: string, count: number): Sent => ({
  ...{ accepted: 0, duplicate: 0, rejected: { [code]: count } },
});

function countsOf({ accepted, duplicate, results }: z.infer<typeof batchSchema>): Sent {
  const rejected: Record<string, number> = {};
  for (const { code } of results) if (code) rejected[code] = (rejected[code] ?? 0) + 1;
  return { accepted, duplicate, rejected };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const NEWLINE = Buffer.from('\n');
const bodyOf = (lines: readonly Buffer[]): Buffer =>
  Buffer.concat(lines.flatMap((line) => [line, NEWLINE]));

const retryAfterMs = ({ headers }: Response): number => {
  const seconds = Number(headers.get('retry-after') ?? 0);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
};

const causeOf = (error: unknown): string => {
  const { cause, message } = error as Error;
  return cause instanceof Error && cause.message ? cause.message : message;
};

export function createIngestClient(options: IngestClientOptions): IngestClient {
  const { url, token, signal, timeoutMs = ANSWER_MS, patienceMs = 10 * 60_000, onRetry } = options;
  const { fetch = globalThis.fetch } = options;

  /** The time limit covers the answer's body too; afterwards nothing of the request is left behind. */
  async function call<T>(
    path: string,
    init: RequestInit,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    const bodyBytes = init.body instanceof Uint8Array ? init.body.length : 0;
    const timer = setTimeout(abort, timeoutMs + allowedMs(DEFAULT_LIMITS, bodyBytes));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await read(await fetch(new URL(path, url), { ...init, signal: controller.signal }));
    } catch (error) {
      signal?.throwIfAborted();
      throw isWatchlakeError(error) || error instanceof Passing
        ? error
        : new Passing(controller.signal.aborted ? 'it took too long' : causeOf(error));
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  async function readAnswer(response: Response, lines: number): Promise<Sent | 'too large'> {
    const text = await response.text();
    const body = parsed(text);
    const answered = batchSchema.safeParse(body);
    if (answered.success) return countsOf(answered.data);
    // The same bytes would come as slowly again; one line cannot be less.
    const isTooSlow = response.status === TOO_SLOW && lines > 1;
    if (response.status === TOO_LARGE || isTooSlow) return 'too large';
    const problem = problemSchema.safeParse(body).data;
    const detail = problem?.message ?? `it answered with ${response.status}`;
    if (passes(response.status)) throw new Passing(detail, retryAfterMs(response));
    throw new WatchlakeError('INGEST_REFUSED', { url, detail });
  }

  function post(lines: readonly Buffer[], key: string): Promise<Sent | 'too large'> {
    const headers = new Headers({ 'content-type': 'application/x-ndjson', 'idempotency-key': key });
    if (token) headers.set('authorization', `Bearer ${token}`);
    const init = { method: 'POST', headers, body: bodyOf(lines) };
    return call('/stream', init, (response) => readAnswer(response, lines.length));
  }

  /** The same key each time: what was stored already is not stored again. */
  async function patiently(lines: readonly Buffer[]): Promise<Sent | 'too large'> {
    const key = randomUUID();
    const startedMs = performance.now();
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await post(lines, key);
      } catch (error) {
        if (!(error instanceof Passing)) throw error;
        if (performance.now() - startedMs > patienceMs)
          throw new WatchlakeError('INGEST_UNREACHABLE', { url, detail: error.message }, error);
        onRetry?.(error.message);
        const backoffMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
        await sleep(Math.max(error.waitMs, backoffMs * (0.5 + Math.random() / 2)), undefined, {
          signal,
        });
      }
    }
  }

  async function send(lines: readonly Buffer[]): Promise<Sent> {
    const sent = await patiently(lines);
    if (sent !== 'too large') return sent;
    if (lines.length === 1) return rejectedAll('too-long', 1);
    const half = Math.ceil(lines.length / 2);
    return plus(await send(lines.slice(0, half)), await send(lines.slice(half)));
  }

  return {
    send,
    async check() {
      const detail = await call('/healthz', {}, async ({ ok, status }) =>
        ok ? null : `it answered with ${status}`,
      ).catch((error: Error) => error.message);
      signal?.throwIfAborted();
      if (detail !== null) throw new WatchlakeError('INGEST_UNREACHABLE', { url, detail });
    },
  };
}
