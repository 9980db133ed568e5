/** The ports of what is served beside the parts, which stay from start to start as those of the parts do. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { acquireLock, type Release } from '../stack/lock';
import { DEFAULT_PORTS, portOf } from '../stack/ports';
import { recordedPorts, rememberPorts } from '../stack/stack';

type KeptPort = 'app' | 'metrics' | 'ingest';

/** That of the last start, else the one that was configured (0 is none), else the default. */
export const preferredPort = async (
  home: string,
  name: KeptPort,
  configured = 0,
): Promise<number> => (await recordedPorts(home))[name] ?? (configured || DEFAULT_PORTS[name]);

/**
 * Of the application page and the metrics for a home's supervisor alone: what somebody starts beside it may well have to
 * move, and would move the next start too.
 * Never fails: a disk that is full for a while must not end what runs.
 */
export async function keepPort(
  { home, log }: { home: string; log: Logger },
  name: KeptPort,
  address: string,
): Promise<void> {
  const port = portOf(address);
  try {
    if ((await recordedPorts(home))[name] !== port) await rememberPorts(home, { [name]: port });
  } catch (err) {
    log.warn({ err, name, port }, 'a port was not written down; the next start may take another');
  }
}

/**
 * Where devices find the home's ingest server, also after its next start. Of two that run in one home the first one
 * keeps its port; whoever else listens there, as the server of another home, keeps it from nobody. The returned
 * function is to be called when the server ends.
 */
export async function keepIngestPort(
  place: { home: string; log: Logger },
  address: string,
): Promise<Release> {
  try {
    const release = await acquireLock(join(place.home, 'ingest', 'port.lock'), { waitMs: 0 });
    await keepPort(place, 'ingest', address);
    return release;
  } catch (err) {
    place.log.info(
      { err, address },
      'the port was not written down: another server of this home keeps its own, or the lock failed',
    );
    return async () => undefined;
  }
}
