/** A hundred thousand random bodies: no crash, no fault of the server, and its memory stays. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fuzz } from '../support/fuzz-ingest';
import { startIngestProcess } from '../support/ingest-runs';
import { freshTopicNames } from '../support/streams';

const BODIES = 100_000;
const STEP = 2000;

async function memoryOf(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const figure = (name: string) => Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
  return (
    figure('ingest_nodejs_heap_size_used_bytes') + figure('ingest_nodejs_external_memory_bytes')
  );
}

test('random bodies neither break the server nor fill its memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-fuzz-'));
  const topic = `${freshTopicNames().samples}.events`;
  const server = await startIngestProcess({ topic, folder, port: 0 });
  const memory: number[] = [];
  const statuses = await fuzz({
    ...{ url: server.url, bodies: BODIES, seed: 11, connections: 16, stepBodies: STEP },
    onStep: async () => void memory.push(await memoryOf(server.url)),
  });
  expect([...statuses.values()].reduce((sum, count) => sum + count)).toBe(BODIES);
  // 503 is for load alone.
  expect([...statuses.keys()].filter((status) => status >= 500 && status !== 503)).toEqual([]);
  // The least of each part is what garbage collection cannot take away.
  const part = memory.length / 5;
  const early = Math.min(...memory.slice(part, 2 * part));
  const late = Math.min(...memory.slice(-part));
  expect(late).toBeLessThan(1.3 * early + 10 * 2 ** 20);
  expect(await server.end('SIGTERM')).toBe(0);
  await rm(folder, { recursive: true, force: true });
}, 900_000);
