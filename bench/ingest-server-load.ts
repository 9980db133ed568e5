/** Sends events to a server over many connections for some seconds, each event another one, and tells how it went. */
import autocannon, { type Request, type Result } from 'autocannon';
import { cpuSecondsOf } from './process-tree';

export interface Load {
  readonly url: string;
  /** Whose processor time is told. */
  readonly serverPid: number;
  readonly connections: number;
  /** More than one are sent as NDJSON. */
  readonly eventsPerRequest: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Warm-up included: those that were answered as stored, and those that may have been. */
  readonly answeredEvents: number;
  readonly sentEvents: number;
  /** Of the load generator, while it measured: at one it was itself what limited the rate. */
  readonly generatorCpuShare: number;
  /** Of the server's process for each event, while it was measured; the broker's are not in it. */
  readonly serverCpuMicroseconds: number;
}

export const EVENT_BYTES = 108;
const DEVICES = 1000;
const FIRST_SEQUENCE = 10_000_000;
const TIMEOUT_SECONDS = 30;

const startSeconds = Math.floor(Date.now() / 1000) - 86_400;
let sequence = FIRST_SEQUENCE;

/** Of 108 bytes, whatever the number. */
function event(): string {
  sequence += 1;
  const device = String(sequence % DEVICES).padStart(4, '0');
  return `{"device_id":"watch-${device}","timestamp":${startSeconds}.251,"hr":62,"steps":14,"state":"awake","sequence":${sequence}}`;
}

function body(events: number): string {
  if (events === 1) return event();
  return Array.from({ length: events }, event).join('\n');
}

async function send(load: Load, seconds: number): Promise<Result> {
  const { url, connections, eventsPerRequest } = load;
  const type = eventsPerRequest > 1 ? 'application/x-ndjson' : 'application/json';
  const result = await autocannon({
    ...{ url: `${url}/stream`, method: 'POST', connections, duration: seconds },
    timeout: TIMEOUT_SECONDS,
    headers: { 'content-type': type },
    requests: [
      {
        setupRequest: (request: Request): Request => ({
          ...request,
          body: body(eventsPerRequest),
        }),
      },
    ],
  });
  const { errors, timeouts, non2xx } = result;
  if (errors + timeouts + non2xx > 0)
    throw new Error(`${errors} errors, ${timeouts} timeouts, ${non2xx} answers other than 2xx`);
  return result;
}

async function main(load: Load): Promise<void> {
  const length = event().length;
  if (length !== EVENT_BYTES) throw new Error(`an event has ${length} bytes`);
  const warm = await send(load, load.warmUpSeconds);
  const before = process.cpuUsage();
  const serverBefore = cpuSecondsOf(load.serverPid);
  const measured = await send(load, load.seconds);
  const serverSeconds = cpuSecondsOf(load.serverPid) - serverBefore;
  const { user, system } = process.cpuUsage(before);
  const requestsPerSecond = measured['2xx'] / measured.duration;
  const { eventsPerRequest } = load;
  const result: LoadResult = {
    requestsPerSecond,
    eventsPerSecond: requestsPerSecond * eventsPerRequest,
    ...{ medianMs: measured.latency.p50, p99Ms: measured.latency.p99 },
    answeredEvents: (warm['2xx'] + measured['2xx']) * eventsPerRequest,
    sentEvents: (warm.requests.sent + measured.requests.sent) * eventsPerRequest,
    serverCpuMicroseconds: (serverSeconds * 1e6) / (measured['2xx'] * eventsPerRequest),
    generatorCpuShare: (user + system) / 1e6 / measured.duration,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

if (require.main === module)
  main(JSON.parse(process.argv[2] ?? '') as Load).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
