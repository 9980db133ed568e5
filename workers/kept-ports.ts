/** The ports of what is served beside the parts, which stay from start to start as those of the parts do. */
import type { Logger } from 'pino';
import { DEFAULT_PORTS, isListening, portOf } from '../stack/ports';
import { recordedPorts, rememberPorts } from '../stack/stack';

type KeptPort = 'app' | 'metrics' | 'ingest';

/** Where the search for a free one begins: at that of the last start, else at the default. */
export const preferredPort = async (home: string, name: KeptPort): Promise<number> =>
  (await recordedPorts(home))[name] ?? DEFAULT_PORTS[name];

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
 * keeps its port.
 */
export async function keepIngestPort(
  place: { home: string; log: Logger },
  address: string,
): Promise<void> {
  const { ingest: known } = await recordedPorts(place.home);
  const isHeld = known !== undefined && known !== portOf(address) && (await isListening(known));
  if (!isHeld) await keepPort(place, 'ingest', address);
}
