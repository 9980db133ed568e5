/** Workers that cannot work: whoever waits for them hears why, and they end when they are asked to. */
import { rm } from 'node:fs/promises';
import { Worker } from '@temporalio/worker';
import { pino } from 'pino';
import { progressLine } from '../../stack/progress';
import { loadConfig } from '../../workers/config';
import { supervise } from '../../workers/supervisor';
import { runWorkers } from '../../workers/worker';
import { createTestDatabase, type TestDatabase } from '../support/database';
import { makeTestHome, testCache } from '../support/start-stack';
import { createTestNamespace, until } from '../support/test-namespace';

jest.setTimeout(120_000);

let home: string;
let database: TestDatabase;

beforeAll(async () => {
  [home, database] = [await makeTestHome(), await createTestDatabase()];
  // Workers are processes of their own.
  Object.assign(process.env, { WATCHLAKE_CACHE: testCache(), DATABASE_URL: database.url });
});
afterAll(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

test('one that was asked to end before it ran ends, and of two the one that has failed is told', async () => {
  const { namespace, native: connection, close } = await createTestNamespace('ending');
  const create = (taskQueue: string) =>
    Worker.create({ connection, namespace, taskQueue, activities: { async idle() {} } });
  const [early, other] = [await create('early'), await create('other')];
  await runWorkers([early], AbortSignal.abort());
  expect(early.getState()).toBe('STOPPED');
  // It cannot run again.
  const running = runWorkers([other, early], new AbortController().signal);
  await expect(running).rejects.toThrow('already started');
  // Else their connection could not be closed, and that would be told instead.
  expect(other.getState()).toBe('STOPPED');
  await close();
});

test('who waits for one that ends again and again before it is ready is told why', async () => {
  const { namespace, close } = await createTestNamespace('failing');
  await close();
  Object.assign(process.env, { TEMPORAL_NAMESPACE: namespace, METRICS_HOST: 'nobody.invalid' });
  const config = loadConfig({ ...process.env, WATCHLAKE_HOME: home, APP_PORT: '0' });
  const told: string[] = [];
  const stopping = new AbortController();
  const ended = supervise({
    ...{ config, log: pino({ enabled: false }), signal: stopping.signal },
    onProgress: (progress) => told.push(progressLine(progress)),
  });
  const isTold = until(async () => told.some((line) => line.includes('METRICS_HOST')));
  await Promise.race([isTold, ended]).finally(() => stopping.abort());
  await ended;
  expect(told.at(-1)).toMatch(/^worker: starting again, .* before it was ready: .*worker\.log$/);
});
