/** The application page answers where it did before a restart, as long as nobody else has taken its port. */
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { pino } from 'pino';
import { LOOPBACK } from '../../stack/ports';
import { loadConfig } from '../../workers/config';
import { readState } from '../../workers/state';
import { supervise } from '../../workers/supervisor';
import { createEmptyDatabase, type TestDatabase } from '../support/database';
import { makeTestHome, testCache } from '../support/start-stack';
import { createTestNamespace, until } from '../support/test-namespace';

jest.setTimeout(120_000);

let home: string;
let database: TestDatabase;

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
});
afterEach(() => rm(home, { recursive: true }));

/** Runs a home for as long as `use` takes, which is told the port of its page. */
async function whileUp<T>(
  place: string,
  variables: Record<string, string>,
  use: (port: number) => Promise<T> | T,
): Promise<T> {
  const stopping = new AbortController();
  const ended = supervise({
    config: loadConfig({ ...process.env, WATCHLAKE_HOME: place, ...variables }),
    ...{ log: pino({ enabled: false }), signal: stopping.signal, onProgress: () => undefined },
  });
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
