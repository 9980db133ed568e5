/** The metrics listen where they did at the last start, unless told otherwise or somebody else is there. */
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { exists } from '../../../stack/files';
import { portOf, reservePort } from '../../../stack/ports';
import { loadConfig } from '../../../workers/config';
import { keepIngestPort, keepPort, preferredPort } from '../../../workers/kept-ports';
import { metricsAddress } from '../../../workers/metrics';

const log = pino({ enabled: false });
let homes: string[];
let address: string;

async function freeAddress(): Promise<string> {
  const { port, release } = await reservePort({ service: 'metrics', given: 0, preferred: 0 });
  await release();
  return `127.0.0.1:${port}`;
}

beforeEach(async () => {
  const makeHome = () => mkdtemp(join(tmpdir(), 'watchlake-ports-'));
  homes = await Promise.all([makeHome(), makeHome()]);
  address = await freeAddress();
  for (const home of homes) await keepPort({ home, log }, 'metrics', address);
});
afterEach(() => Promise.all(homes.map((home) => rm(home, { recursive: true, force: true }))));

const listen = (index: number, variables: Record<string, string> = {}) =>
  metricsAddress(loadConfig({ WATCHLAKE_HOME: homes[index], ...variables }));

test('of two homes that had the same port one keeps it and one moves', async () => {
  expect(await listen(0)).toBe(address);
  expect(portOf((await listen(1)) ?? '')).toBeGreaterThan(portOf(address));
});

test('a given port wins over that of the last start', async () => {
  const given = await freeAddress();
  expect(await listen(0, { METRICS_PORT: String(portOf(given)) })).toBe(given);
});

test('a home that was deleted meanwhile is not made again', async () => {
  const [home = ''] = homes;
  await rm(home, { recursive: true });
  await keepPort({ home, log }, 'app', 'http://127.0.0.1:8080');
  expect(await exists(home)).toBe(false);
});

test('of two ingest servers of one home the first keeps its port', async () => {
  const [home = ''] = homes;
  await mkdir(join(home, 'ingest'));
  const [first, second] = [await freeAddress(), await freeAddress()];
  const kept = () => preferredPort(home, 'ingest');
  const endFirst = await keepIngestPort({ home, log }, first);
  const endSecond = await keepIngestPort({ home, log }, second);
  expect(await kept()).toBe(portOf(first));
  await endSecond();
  await endFirst();
  await keepIngestPort({ home, log }, second);
  expect(await kept()).toBe(portOf(second));
});

test('an ingest server that moved because of another home is found where it went', async () => {
  const [home = ''] = homes;
  await mkdir(join(home, 'ingest'));
  const [former, now] = [await freeAddress(), await freeAddress()];
  await (
    await keepIngestPort({ home, log }, former)
  )();
  const other = createServer().listen(portOf(former), '127.0.0.1');
  await once(other, 'listening');
  await keepIngestPort({ home, log }, now);
  expect(await preferredPort(home, 'ingest')).toBe(portOf(now));
  other.close();
});
