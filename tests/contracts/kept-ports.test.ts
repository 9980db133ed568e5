/** The application page answers where it did before a restart, as long as nobody else has taken its port. */
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { LOOPBACK } from '../../stack/ports';
import { progressLine } from '../../stack/progress';
import { loadConfig } from '../../workers/config';
import { readState } from '../../workers/state';
import { supervise } from '../../workers/supervisor';
import { createEmptyDatabase, type TestDatabase } from '../support/database';
import { makeTestHome, testCache } from '../support/start-stack';
import { createTestNamespace, until } from '../support/test-namespace';

jest.setTimeout(120_000);

let home: string;
let database: TestDatabase;
let told: string[];

beforeAll(async () => {
  database = await createEmptyDatabase();
  const { namespace, close } = await createTestNamespace('kept-ports');
  await close();
  // The worker is a process of its own.
  Object.assign(process.env, {
    ...{ WATCHLAKE_CACHE: testCache(), TEMPORAL_NAMESPACE: namespace },
    ...{ DATABASE_URL: database.url, METRICS_PORT: '0' },
  });
});
afterAll(() => database.drop());

beforeEach(async () => {
  home = await makeTestHome();
  told = [];
});
afterEach(() => rm(home, { recursive: true }));

const supervised = (place: string, variables: Record<string, string>, signal: AbortSignal) =>
  supervise({
    config: loadConfig({ ...process.env, WATCHLAKE_HOME: place, ...variables }),
    ...{ log: pino({ enabled: false }), signal },
    onProgress: (progress) => told.push(progressLine(progress)),
  });

/** Runs a home for as long as `use` takes, which is told the port of its page. */
async function whileUp<T>(
  place: string,
  variables: Record<string, string>,
  use: (port: number) => Promise<T> | T,
): Promise<T> {
  const stopping = new AbortController();
  const ended = supervised(place, variables, stopping.signal);
  try {
    const isUp = until(async () => (await readState(place)) !== null);
    await Promise.race([isUp, ended]);
    const url = new URL((await readState(place))?.app.url ?? '');
    expect((await fetch(new URL('/readyz', url))).status).toBe(200);
    return await use(Number(url.port));
  } finally {
    stopping.abort();
    await ended;
  }
}

const portOf = (variables: Record<string, string> = {}): Promise<number> =>
  whileUp(home, variables, (port) => port);

test('the page keeps its port; a given one wins, and is kept from then on', async () => {
  const first = await portOf({ APP_PORT: '0' });
  expect(await portOf()).toBe(first);
  await portOf({ APP_PORT: '0' });
  expect(await portOf({ APP_PORT: String(first) })).toBe(first);
  expect(await portOf()).toBe(first);
});

test('the page moves where somebody has taken its port, and stays there', async () => {
  const first = await portOf({ APP_PORT: '0' });
  const intruder = createServer();
  await new Promise<void>((resolve) => intruder.listen(first, LOOPBACK, resolve));
  const second = await portOf().finally(() => intruder.close());
  expect(second).toBeGreaterThan(first);
  expect(await portOf()).toBe(second);
});

test('two homes that had the same port both start', async () => {
  const first = await portOf({ APP_PORT: '0' });
  const other = await makeTestHome();
  await whileUp(other, { APP_PORT: String(first) }, () => undefined);
  const [mine, theirs] = await whileUp(home, {}, (port) =>
    whileUp(other, {}, (second) => [port, second]),
  );
  expect(mine).toBe(first);
  expect(theirs).toBeGreaterThan(first);
  await rm(other, { recursive: true });
});

test('a given port of the metrics that somebody has is told at once, not tried for ever', async () => {
  const intruder = createServer();
  const { port } = await new Promise<AddressInfo>((resolve) =>
    intruder.listen(0, LOOPBACK, () => resolve(intruder.address() as AddressInfo)),
  );
  const variables = { APP_PORT: '0', METRICS_PORT: String(port) };
  const taken = supervised(home, variables, AbortSignal.timeout(30_000));
  await expect(taken.finally(() => intruder.close())).rejects.toMatchObject({
    ...{ code: 'PORT_TAKEN', context: { port, service: 'metrics' } },
  });
});

test('while the last worker of a supervisor that was killed still has that port, it is waited for', async () => {
  const [last, given] = [createServer(), await portOf({ APP_PORT: '0' })];
  await new Promise<void>((resolve) => last.listen(given, LOOPBACK, resolve));
  await writeFile(join(home, 'up.json'), JSON.stringify({ pid: 1, identity: 'of a former boot' }));
  setTimeout(() => last.close(), 2_000);
  await portOf({ APP_PORT: '0', METRICS_PORT: String(given) });
  const waits = told.filter((line) => line.startsWith('metrics: waiting'));
  expect(waits).toEqual([expect.stringContaining(`port ${given}`)]);
});

test('who waits for it in vain can be ended meanwhile', async () => {
  const intruder = createServer();
  const { port } = await new Promise<AddressInfo>((resolve) =>
    intruder.listen(0, LOOPBACK, () => resolve(intruder.address() as AddressInfo)),
  );
  await writeFile(join(home, 'up.json'), JSON.stringify({ pid: 1, identity: 'of a former boot' }));
  const startedMs = Date.now();
  const variables = { APP_PORT: '0', METRICS_PORT: String(port) };
  const waiting = supervised(home, variables, AbortSignal.timeout(1_000));
  await expect(waiting.finally(() => intruder.close())).rejects.toThrow();
  expect(Date.now() - startedMs).toBeLessThan(20_000);
});
