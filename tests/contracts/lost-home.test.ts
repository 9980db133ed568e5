/** A supervisor whose home was deleted ends by itself, and what it has started with it. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { isRunning, processIdentity } from '../../stack/processes';
import { recordedParts } from '../../stack/stack';
import { loadConfig } from '../../workers/config';
import type { UpState } from '../../workers/state';
import { supervise } from '../../workers/supervisor';
import { makeTestHome, testCache } from '../support/start-stack';
import { createTestNamespace } from '../support/test-namespace';

test('it ends with the parts of its own, once it has looked twice', async () => {
  const home = await makeTestHome();
  const { namespace, close } = await createTestNamespace('lost');
  await close();
  // The worker is a process of its own. The database alone is the supervisor's: it starts fastest.
  delete process.env['DATABASE_URL'];
  Object.assign(process.env, {
    ...{ WATCHLAKE_HOME: home, WATCHLAKE_CACHE: testCache(), TEMPORAL_NAMESPACE: namespace },
    ...{ POSTGRES_PORT: '0', APP_PORT: '0' },
  });
  const config = loadConfig();
  const stopping = new AbortController();
  let ended = false;
  const supervisor = { ended: Promise.resolve() };
  const state = await new Promise<UpState>((onReady, failed) => {
    supervisor.ended = supervise({
      ...{ config, log: pino({ enabled: false }), signal: stopping.signal },
      ...{ onProgress: () => undefined, onReady },
    }).then(() => void (ended = true));
    supervisor.ended.catch(failed);
  });
  const { postgres } = await recordedParts(home);
  const workerPid = state.worker.pid ?? 0;
  const worker = { pid: workerPid, identity: processIdentity(workerPid) ?? '' };
  const running = () => [postgres ?? worker, worker].map(isRunning);
  expect([postgres?.pid, ...running()]).toEqual([expect.any(Number), true, true]);

  await rm(home, { recursive: true, maxRetries: 5 });
  await sleep(1_000);
  expect(ended).toBe(false);
  await supervisor.ended;
  expect(running()).toEqual([false, false]);
  await rm(home, { recursive: true, force: true });
}, 120_000);
