/** Keeps one home running: the embedded stack, a worker process, and the application page. */
import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { PROJECT_ROOT } from '../core/project-root';
import { buildVersion } from '../core/version';
import type { OnProgress } from '../stack/progress';
import type { StackOptions } from '../stack/components';
import {
  endedParts,
  recordedPorts,
  startStack,
  stopStack,
  stopUnrecorded,
  type Parts,
} from '../stack/stack';
import { startAppServer, type RunningApp } from './app';
import { externalServices, resolveAddresses } from './addresses';
import { environmentOf, type Config } from './config';
import { migrateDatabase } from './dependencies';
import { requireExternal } from './external-services';
import { HeldHome } from './held-home';
import { keepPort } from './kept-ports';
import { withFewArenas } from './malloc-arenas';
import { requireMetricsPort } from './metrics';
import { recordState } from './record-state';
import { claimHome, clearState, supervisorOf, type UpState } from './state';
import { lastWords, openWorkerLog, type WorkerLog } from './worker-log';

const WORKER_ENTRY = join(PROJECT_ROOT, 'dist', 'workers', 'main.js');
const LOOK_EVERY_MS = 3_000;
const RESTART_LIMIT_MS = 30_000;
const READY_LIMIT_MS = 120_000;
const STOP_LIMIT_MS = 40_000;

export interface SuperviseOptions {
  config: Config;
  log: Logger;
  signal: AbortSignal;
  onProgress: OnProgress;
  onReady?: (state: UpState) => void;
}

/**
 * Starts everything, restarts what dies, and takes everything down on the signal. Throws STACK_BUSY
 * where another supervisor has the home: two would each keep a worker, and one would outlive `down`.
 */
export async function supervise(options: SuperviseOptions): Promise<void> {
  const { config, log } = options;
  const release = await claimHome(config.WATCHLAKE_HOME);
  const home = new HeldHome(config.WATCHLAKE_HOME);
  const [lost, ended] = [new AbortController(), new AbortController()];
  const watching = home.untilLost(ended.signal).then((isLost) => {
    if (!isLost) return;
    log.warn('the home was deleted; ending');
    lost.abort();
  });
  try {
    await keepUp({ ...options, signal: AbortSignal.any([options.signal, lost.signal]) }, home);
  } finally {
    ended.abort();
    await watching;
    await release();
  }
}

async function keepUp(options: SuperviseOptions, home: HeldHome): Promise<void> {
  const { config, onProgress, log } = options;
  await requireMetricsPort(config, options.signal, onProgress);
  await requireExternal(config, onProgress);
  if (!(await isStarted(options))) return;
  let app: RunningApp | undefined;
  try {
    await home.rememberParts();
    const addresses = await resolveAddresses(config);
    onProgress({ component: 'database', message: 'running the migrations' });
    await migrateDatabase(addresses);
    app = await startAppServer(config, addresses, log);
    await keepPort({ home: config.WATCHLAKE_HOME, log }, 'app', app.url);
    const services = { ...addresses, app: { url: app.url } };
    await Promise.all([keepStack(options, home), keepWorker(options, services, app.workerToken)]);
  } finally {
    await app?.close();
    await takeDown(config.WATCHLAKE_HOME, home.parts);
  }
}

/** False when the signal came first, and nothing is left of the start. */
async function isStarted({ config, onProgress, signal }: SuperviseOptions): Promise<boolean> {
  try {
    await startStack({ ...stackOptions(config, onProgress), signal });
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    await takeDown(config.WATCHLAKE_HOME);
    return false;
  }
}

/** Where the folder was deleted and started anew, what runs there is another's. */
async function isAnothers(home: string): Promise<boolean> {
  const holder = await supervisorOf(home);
  return holder !== null && holder !== process.pid;
}

/** `parts`: what was started there, also where its record went with the folder. */
export async function takeDown(home: string, parts: Parts = {}): Promise<void> {
  if (!(await isAnothers(home))) {
    await stopStack(home);
    await clearState(home);
  }
  await stopUnrecorded(home, parts);
}

const stackOptions = (config: Config, onProgress: OnProgress): StackOptions => ({
  home: config.WATCHLAKE_HOME,
  cache: config.WATCHLAKE_CACHE,
  external: externalServices(config),
  environment: environmentOf({}),
  ports: {
    temporal: config.TEMPORAL_PORT,
    temporalUi: config.TEMPORAL_UI_PORT,
    kafka: config.KAFKA_PORT,
    postgres: config.POSTGRES_PORT,
  },
  onProgress,
});

/** By the component's name. */
export const partsToRestart = async (config: Config): Promise<string[]> =>
  (await isAnothers(config.WATCHLAKE_HOME))
    ? []
    : endedParts(config.WATCHLAKE_HOME, externalServices(config));

/**
 * On the ports that they had, which everybody knows by now: PORT_TAKEN where somebody has taken one of them. The web UI
 * alone may move, as nothing depends on it.
 */
export async function restartParts(config: Config, onProgress: OnProgress): Promise<void> {
  const { temporal, kafka, postgres } = await recordedPorts(config.WATCHLAKE_HOME);
  const ports = { temporal, kafka, postgres };
  await startStack({ ...stackOptions(config, onProgress), ports });
}

/** A part that has died is started again on its data and its port, until it runs; the others are left alone. */
async function keepStack(
  { config, onProgress, log, signal }: SuperviseOptions,
  home: HeldHome,
): Promise<void> {
  let pauseMs = LOOK_EVERY_MS;
  while (!signal.aborted) {
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    pauseMs = LOOK_EVERY_MS;
    const parts = await partsToRestart(config);
    if (parts.length === 0) continue;
    log.warn({ parts }, 'a part of the stack does not run; starting it again');
    await restartParts(config, onProgress).catch((err: unknown) => {
      log.error({ err }, 'the part could not be started again; trying once more later');
      pauseMs = RESTART_LIMIT_MS;
    });
    await home.rememberParts();
  }
}

type Services = Pick<UpState, 'temporal' | 'kafka' | 'postgres' | 'app'>;

/** Runs worker after worker until the signal; one that dies is replaced, each time a little later. */
async function keepWorker(
  options: SuperviseOptions,
  services: Services,
  appToken: string | null,
): Promise<void> {
  const { config, log, signal } = options;
  const state: UpState = {
    version: buildVersion(),
    pid: process.pid,
    startedAt: new Date().toISOString(),
    ...services,
    metrics: null,
    worker: { pid: null, restarts: 0, ready: false },
  };
  const place = { home: config.WATCHLAKE_HOME, log };
  const record = () => recordState({ ...place, signal }, state);
  let pauseMs = 500;
  let message = 'starting';
  while (!signal.aborted) {
    const startedMs = Date.now();
    options.onProgress({ component: 'worker', message });
    const written = openWorkerLog(config.WATCHLAKE_HOME);
    const worker = startWorker(config, state, { written, appToken });
    written.close();
    worker.once('message', ({ metrics }: { metrics: string | null }) => {
      state.metrics = metrics ? { url: `http://${metrics}/metrics` } : null;
      state.worker.ready = true;
      void record().then((isRecorded) => isRecorded && options.onReady?.(state));
      if (metrics) void keepPort(place, 'metrics', metrics);
    });
    state.worker = { pid: worker.pid ?? null, restarts: state.worker.restarts, ready: false };
    // Not waited for: the end of the worker would go unseen.
    void record();
    await endOf(worker, signal);
    if (signal.aborted) return;

    log.warn(
      { code: worker.exitCode, signal: worker.signalCode },
      'the worker ended; starting another',
    );
    message = startingAgain(worker, { written, wasReady: state.worker.ready });
    state.worker.restarts += 1;
    // One that ran for a while died of something new: start the next at once.
    pauseMs =
      Date.now() - startedMs > READY_LIMIT_MS ? 500 : Math.min(pauseMs * 2, RESTART_LIMIT_MS);
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Whoever waits for a worker that ends again and again before it is ready has to hear why. */
function startingAgain(
  { exitCode, signalCode }: ChildProcess,
  { written, wasReady }: { written: WorkerLog; wasReady: boolean },
): string {
  if (wasReady) return 'starting again';
  const why = lastWords(written) ?? `it ended with ${signalCode ?? exitCode}`;
  return `starting again, as the last one ended before it was ready: ${why}; see ${written.file}`;
}

function startWorker(
  config: Config,
  state: UpState,
  { written, appToken }: { written: WorkerLog; appToken: string | null },
): ChildProcess {
  return fork(WORKER_ENTRY, {
    env: withFewArenas(
      environmentOf({
        WATCHLAKE_HOME: config.WATCHLAKE_HOME,
        WATCHLAKE_APP_URL: state.app.url,
        ...(appToken === null ? {} : { WATCHLAKE_APP_TOKEN: appToken }),
      }),
    ),
    // Its JSON logs go to a file: the terminal belongs to the command.
    stdio: ['ignore', written.descriptor, written.descriptor, 'ipc'],
    // Ctrl-C reaches the whole group: the supervisor alone decides when the worker stops.
    detached: true,
  });
}

async function endOf(worker: ChildProcess, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([ended, stopped]);
  if (worker.exitCode !== null || worker.signalCode !== null) return;
  worker.kill('SIGTERM');
  const inTime = await Promise.race([
    ended.then(() => true),
    sleep(STOP_LIMIT_MS, false, { ref: false }),
  ]);
  if (!inTime) worker.kill('SIGKILL');
}
