/** Starts and stops a home from a command: in the foreground, or as a supervisor of its own. */
import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError } from '../core/errors';
import { PROJECT_ROOT } from '../core/project-root';
import { buildVersion } from '../core/version';
import { lakeFolder } from '../lakehouse/lake-folder';
import { isS3Address } from '../lakehouse/stores/s3/address';
import { makeFolder } from '../stack/files';
import { turnOver } from '../stack/processes';
import type { OnProgress } from '../stack/progress';
import { stopStack } from '../stack/stack';
import { environmentOf, type Config } from './config';
import { ENDING_SIGNALS } from './ending-signals';
import { createLog } from './logging';
import { readState, supervisorLog, supervisorOf, type UpState } from './state';
import { failureIn, logLine } from './start-failure';
import { supervise } from './supervisor';

export { readState, supervisorLog, supervisorOf, type UpState } from './state';

const ENTRY = join(PROJECT_ROOT, 'dist', 'workers', 'supervisor-main.js');
// A first start may download everything.
const START_LIMIT_MS = 15 * 60_000;
const STOP_LIMIT_MS = 90_000;
const LOOK_EVERY_MS = 150;

/** Joining another version would leave the caller with code that is not its own, unnoticed. */
function requireSameVersion(home: string, { version }: UpState): void {
  const ours = buildVersion();
  if (version === ours) return;
  throw new WatchlakeError('STACK_OTHER_VERSION', { home, found: version, ours });
}

/** What cannot be written is told before anything starts, not by steps that are tried again. */
async function makePlaces({ WATCHLAKE_HOME: home, LAKE_URI: lake }: Config): Promise<void> {
  await makeFolder(join(home, 'logs'));
  if (!isS3Address(lake)) await makeFolder(lakeFolder(lake));
}

/**
 * Starts a detached supervisor and waits until its worker is ready; joins one that runs.
 * Throws STACK_OTHER_VERSION when other code runs there.
 */
export async function up(options: { config: Config; onProgress: OnProgress }): Promise<UpState> {
  const { config, onProgress } = options;
  const home = config.WATCHLAKE_HOME;
  const running = await readState(home);
  if (running) {
    requireSameVersion(home, running);
    if (running.worker.ready) return running;
    return waitUntilReady(home, () => null, onProgress, 0);
  }

  await makePlaces(config);
  const file = supervisorLog(home);
  turnOver(file);
  const log = await open(file, 'a', 0o600);
  const from = (await log.stat()).size;
  const supervisor = spawn(process.execPath, [ENTRY], {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: environmentOf({ ...configuration(config), WATCHLAKE_HOME: home }),
  });
  let exitCode: number | null = null;
  supervisor.once('exit', (code) => (exitCode = code ?? 1));
  supervisor.unref();
  await log.close();
  return waitUntilReady(home, () => exitCode, onProgress, from);
}

/** The variables that a command may have set in code rather than in the environment. */
export const configuration = (config: Config): Record<string, string> => ({
  WATCHLAKE_CACHE: config.WATCHLAKE_CACHE,
  LAKE_URI: config.LAKE_URI,
  CATALOG: config.CATALOG,
  ...(config.WATCHLAKE_PSEUDONYM_KEY
    ? { WATCHLAKE_PSEUDONYM_KEY: config.WATCHLAKE_PSEUDONYM_KEY }
    : {}),
});

async function waitUntilReady(
  home: string,
  exitCode: () => number | null,
  onProgress: OnProgress,
  from: number,
): Promise<UpState> {
  const startedMs = Date.now();
  let read = from;
  while (Date.now() - startedMs < START_LIMIT_MS) {
    read = await relayProgress(home, read, onProgress);
    const state = await readState(home);
    if (state?.worker.ready) return state;
    // One that found another supervisor has ended for good reason: that one's worker will be ready.
    if (exitCode() !== null && (await supervisorOf(home)) === null)
      throw await startFailure(home, from);
    await sleep(LOOK_EVERY_MS);
  }
  throw new WatchlakeError('STACK_FAILED', {
    service: 'Watchlake',
    detail: `it was not ready after ${START_LIMIT_MS / 60_000} minutes; see ${supervisorLog(home)}`,
  });
}

/** The supervisor writes its progress to its log, one JSON object a line: show it here as well. */
async function relayProgress(home: string, from: number, onProgress: OnProgress): Promise<number> {
  const text = (await readFile(supervisorLog(home))).subarray(from).toString('utf8');
  const end = text.lastIndexOf('\n') + 1;
  for (const line of text.slice(0, end).split('\n')) {
    const progress = logLine(line)?.progress;
    if (progress) onProgress(progress);
  }
  return from + Buffer.byteLength(text.slice(0, end));
}

async function startFailure(home: string, from: number): Promise<WatchlakeError> {
  const log = supervisorLog(home);
  return failureIn((await readFile(log)).subarray(from).toString('utf8'), log);
}

/** Runs the supervisor in this process until Ctrl-C, or until its terminal is closed. */
export async function runForeground(options: {
  config: Config;
  onProgress: OnProgress;
  onReady?: (state: UpState) => void;
}): Promise<void> {
  const stopping = new AbortController();
  for (const signal of ENDING_SIGNALS) process.once(signal, () => stopping.abort());
  const home = options.config.WATCHLAKE_HOME;
  await makePlaces(options.config);
  turnOver(supervisorLog(home));
  const log = createLog(options.config, 'supervisor', supervisorLog(home));
  await supervise({ ...options, log, signal: stopping.signal });
}

/** Stops the supervisor of a home, or, when it was killed, what it left running. */
export async function down(options: {
  home: string;
  onProgress: OnProgress;
}): Promise<{ stopped: boolean }> {
  const { home, onProgress } = options;
  const supervisor = await supervisorOf(home);
  if (supervisor !== null) {
    onProgress({ component: 'supervisor', message: 'stopping' });
    process.kill(supervisor, 'SIGTERM');
    const startedMs = Date.now();
    while ((await supervisorOf(home)) !== null && Date.now() - startedMs < STOP_LIMIT_MS) {
      await sleep(LOOK_EVERY_MS);
    }
  }
  const left = await stopStack(home);
  return { stopped: supervisor !== null || left.length > 0 };
}
