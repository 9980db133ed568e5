/** A program's way to label: the same HTTP interface that a person's page uses. */
import { z } from 'zod';
import { WatchlakeError } from '../core/errors';
import type { Answer } from './judgement';

export interface TaskClientOptions {
  url: string;
  /** Bearer token; needed when the server has one. */
  token?: string;
  fetch?: typeof globalThis.fetch;
  timeoutMs?: number;
  signal?: AbortSignal;
}

const leasedSchema = z.object({
  tasks: z.array(
    z.object({
      task: z.string(),
      lease: z.string(),
      windowId: z.string(),
      dataset: z.string(),
      labels: z.array(z.string()),
    }),
  ),
});
const keptSchema = z.object({
  batch: z.string(),
  accepted: z.array(z.string()),
  refused: z.array(z.object({ task: z.string(), code: z.string() })),
});
const refusalSchema = z.object({ code: z.string(), message: z.string() });

async function refusal(response: Response, path: string): Promise<WatchlakeError> {
  const parsed = refusalSchema.safeParse(await response.json().catch(() => null));
  const code = parsed.data?.code ?? response.status;
  const detail = parsed.data?.message ?? 'no explanation';
  // An outage of the database, or too many requests, pass; another refusal does not.
  const passes = response.status >= 500 || response.status === 429;
  return passes
    ? new WatchlakeError('APP_UNAVAILABLE', { url: response.url, detail })
    : new WatchlakeError('APP_REFUSED', { path, code, detail });
}

export function createTaskClient(options: TaskClientOptions) {
  const { url, token, fetch = globalThis.fetch, timeoutMs = 30_000, signal } = options;
  const headers = {
    'content-type': 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
  };

  async function post<Schema extends z.ZodType>(path: string, body: unknown, schema: Schema) {
    const timeout = AbortSignal.timeout(timeoutMs);
    const init = {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    };
    const response = await fetch(new URL(path, url), init).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw new WatchlakeError('APP_UNAVAILABLE', { url, detail: String(error) }, error);
    });
    if (!response.ok) throw await refusal(response, path);
    return schema.parse(await response.json());
  }

  return {
    /** Takes up to `count` tasks, without their signals. */
    lease: (input: { campaign: string; annotator: string; count: number }) =>
      post('/api/tasks/lease', { ...input, signal: false }, leasedSchema),
    answer: (input: { annotator: string; answers: readonly Answer[] }) =>
      post('/api/answers', input, keptSchema),
  };
}
