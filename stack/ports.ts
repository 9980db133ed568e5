/** Free ports on the loopback address, reserved between the stacks that start at the same moment. */
import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { acquireLock, type Release } from './lock';

export const LOOPBACK = '127.0.0.1';

export const DEFAULT_PORTS = {
  temporal: 7233,
  temporalUi: 8233,
  kafka: 9092,
  postgres: 5432,
  app: 8080,
  metrics: 9464,
  ingest: 62_333,
} as const;

export type PortName = keyof typeof DEFAULT_PORTS;

/** Of `host:port` or of an address that ends in its port. */
export const portOf = (address: string): number =>
  Number(address.slice(address.lastIndexOf(':') + 1));

/** A given port is used or refused; 0 asks for any; none asks for the default or the next free one. */
export interface PortRequest {
  readonly service: string;
  readonly given?: number;
  readonly preferred: number;
}

export interface ReservedPort {
  readonly port: number;
  /** Call it when the service listens, or when it has failed to start. */
  readonly release: Release;
}

const SEARCH_LIMIT = 200;
const HIGHEST_PORT = 65_535;
const CONNECT_LIMIT_MS = 5_000;

/** Whether it could be listened on. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}

/** Whether somebody listens there. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: LOOPBACK, timeout: CONNECT_LIMIT_MS });
    const answer = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => answer(true));
    socket.once('timeout', () => answer(false));
    socket.once('error', () => answer(false));
  });
}

/** Between our probe and the service's own bind another stack must not choose the same port. */
async function reserve(port: number): Promise<ReservedPort | undefined> {
  const folder = join(tmpdir(), `watchlake-ports-${process.getuid?.() ?? 0}`);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    const release = await acquireLock(join(folder, String(port)), { waitMs: 0 });
    if (await isPortFree(port)) return { port, release };
    await release();
  } catch (error) {
    if (!isWatchlakeError(error)) throw error;
  }
  return undefined;
}

// Below those that systems give to whoever asks for any port (from 32768 on Linux): none of these can
// be given away between our look at it and the service's own bind.
const ANY = { from: 20_000, to: 32_767 } as const;

const reserveAny = (): Promise<ReservedPort | undefined> => reserve(randomInt(ANY.from, ANY.to));

/** Finds and reserves a port; throws PORT_TAKEN when the given one is in use. */
export async function reservePort(request: PortRequest): Promise<ReservedPort> {
  const { service, given, preferred } = request;
  if (given !== undefined && given !== 0) {
    const reserved = await reserve(given);
    if (reserved) return reserved;
    throw new WatchlakeError('PORT_TAKEN', { port: given, service });
  }
  for (let step = 0; step < SEARCH_LIMIT; step += 1) {
    const next = preferred + step;
    const isAny = given === 0 || next > HIGHEST_PORT;
    const reserved = isAny ? await reserveAny() : await reserve(next);
    if (reserved) return reserved;
  }
  throw new WatchlakeError('PORT_TAKEN', {
    port: `${preferred}…${preferred + SEARCH_LIMIT}`,
    service,
  });
}
