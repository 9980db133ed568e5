/** Chooses where the worker's Prometheus metrics listen. */
import { reservePort } from '../stack/ports';
import type { Config } from './config';
import { preferredPort } from './kept-ports';

/** `host:port` for the exporter, or null when metrics are turned off. */
export async function metricsAddress(config: Config): Promise<string | null> {
  if (!config.METRICS) return null;
  const { port, release } = await reservePort({
    service: 'metrics',
    given: config.METRICS_PORT,
    preferred: await preferredPort(config.WATCHLAKE_HOME, 'metrics'),
  });
  // The exporter binds a moment later; until then the reservation keeps other stacks away.
  setTimeout(() => void release(), 5_000).unref();
  return `${config.METRICS_HOST}:${port}`;
}
