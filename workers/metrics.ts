/** Chooses where the worker's Prometheus metrics listen. */
import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { reservePort } from '../stack/ports';
import type { OnProgress } from '../stack/progress';
import type { Config } from './config';
import { preferredPort } from './kept-ports';
import { wasKilled } from './state';

const IN_BRACKETS = /^\[(.+)\]$/;

/** The exporter takes addresses alone, IPv6 in brackets; people give names as well, such as localhost. */
async function addressOf(host: string): Promise<string> {
  try {
    const { address, family } = await lookup(host.replace(IN_BRACKETS, '$1'));
    return family === 6 ? `[${address}]` : address;
  } catch (error) {
    const problems = `METRICS_HOST: ${(error as Error).message}`;
    throw new WatchlakeError('CONFIG_INVALID', { problems }, error);
  }
}

/** `address:port` for the exporter, or null when metrics are turned off. Throws CONFIG_INVALID and PORT_TAKEN. */
export async function metricsAddress(config: Config): Promise<string | null> {
  if (!config.METRICS) return null;
  const address = await addressOf(config.METRICS_HOST);
  const { port, release } = await reservePort({
    service: 'metrics',
    given: config.METRICS_PORT,
    preferred: await preferredPort(config.WATCHLAKE_HOME, 'metrics'),
  });
  // The exporter binds a moment later; until then the reservation keeps other stacks away.
  setTimeout(() => void release(), 5_000).unref();
  return `${address}:${port}`;
}

// A worker without its supervisor ends within half a minute.
const FORMER_WORKER_MS = 45_000;
const LOOK_AGAIN_MS = 500;

/**
 * PORT_TAKEN where somebody else has the given port: a worker that finds it out would be started again for ever. The last
 * worker of a supervisor that was killed is waited for, unless the signal ends the start.
 */
export async function requireMetricsPort(
  config: Config,
  signal: AbortSignal,
  onProgress: OnProgress = () => undefined,
): Promise<void> {
  const { METRICS, METRICS_PORT: given, WATCHLAKE_HOME: home } = config;
  if (!METRICS || !given) return;
  const untilMs = Date.now() + ((await wasKilled(home)) ? FORMER_WORKER_MS : 0);
  for (let isFirst = true; ; isFirst = false) {
    try {
      const { release } = await reservePort({ service: 'metrics', given, preferred: given });
      return await release();
    } catch (error) {
      const isTaken = isWatchlakeError(error) && error.code === 'PORT_TAKEN';
      if (!isTaken || signal.aborted || Date.now() >= untilMs) throw error;
    }
    if (isFirst) {
      const message = `waiting for port ${given}, which the last worker gives back within a minute`;
      onProgress({ component: 'metrics', message });
    }
    await sleep(LOOK_AGAIN_MS);
  }
}
