/** The client on a slow link: it waits as long as the server does, and sends less at a time when it is told to. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_LIMITS } from '../../../../streaming/ingest/limits';
import { allowedMs } from '../../../../streaming/ingest/slow-body';
import { createIngestClient } from '../../../../streaming/send/ingest-client';
import { event, startIngest, type TestIngest } from '../../../support/ingest';

let ingest: TestIngest;

afterEach(() => {
  jest.useRealTimers();
  return ingest.close();
});

const linesOf = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, sequence) => Buffer.from(JSON.stringify(event(sequence))));

/** Each request's body at this pace. */
const slowly =
  (bytesPerSecond: number, sizes: number[]): typeof fetch =>
  (url, init) => {
    const body = init?.body as Buffer;
    const step = Math.ceil(bytesPerSecond / 100);
    sizes.push(body.length);
    async function* parts() {
      for (let at = 0; at < body.length; at += step) {
        yield body.subarray(at, at + step);
        await sleep(10);
      }
    }
    return fetch(url, { ...init, body: parts(), duplex: 'half' } as unknown as RequestInit);
  };

test('what the server finds too slow goes in smaller parts', async () => {
  ingest = await startIngest({
    limits: { ...DEFAULT_LIMITS, bodyGraceMs: 300, bodyBytesPerSecond: 2 ** 20 },
  });
  const sizes: number[] = [];
  const client = createIngestClient({
    ...{ url: ingest.url, patienceMs: 3_000, fetch: slowly(10_000, sizes) },
  });
  const sent = await client.send(linesOf(100));
  expect(sent).toEqual({ accepted: 100, duplicate: 0, rejected: {} });
  expect(Math.min(...sizes)).toBeLessThan(Math.max(...sizes) / 2);
  expect(ingest.broker.events).toHaveLength(100);
});

test('a body may take as long as the server allows it', async () => {
  ingest = await startIngest();
  jest.useFakeTimers();
  const silent: typeof fetch = (_url, init) =>
    new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => reject(new Error('aborted')));
    });
  const lines = linesOf(15_000);
  const bytes = lines.reduce((sum, line) => sum + line.length + 1, 0);
  const failed = jest.fn();
  const client = createIngestClient({ url: ingest.url, patienceMs: 0, fetch: silent });
  const sent = client.send(lines).catch(failed);
  await jest.advanceTimersByTimeAsync(allowedMs(DEFAULT_LIMITS, bytes));
  expect(failed).not.toHaveBeenCalled();
  await jest.advanceTimersByTimeAsync(60_000);
  await sent;
  expect(failed).toHaveBeenCalledWith(expect.objectContaining({ code: 'INGEST_UNREACHABLE' }));
});
