/** The embedded Kafka broker: prepares what it runs on, starts it, stops it. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { contentHash } from '../core/hash';
import { cachedFolder } from './cache';
import { exists } from './files';
import { runBroker } from './kafka-broker';
import { kafkaJars, requireJava, type KafkaLibraryOptions } from './kafka-libraries';
import { DEFAULT_PORTS, LOOPBACK, reservePort, type ReservedPort } from './ports';
import { stopProcess, type ProcessRecord } from './processes';

export interface KafkaOptions extends KafkaLibraryOptions {
  readonly home: string;
  readonly port?: number;
  readonly preferred?: number;
  readonly onSpawn?: (record: ProcessRecord) => Promise<void>;
  /** Nobody waits for the start any more. */
  readonly signal?: AbortSignal;
}

export interface RunningKafka {
  readonly record: ProcessRecord;
  readonly brokers: string;
  readonly logFile: string;
  readonly stop: () => Promise<void>;
}

const ARCHIVE = 'classes.jsa';

/** Both ports of a broker: the one for clients and the controller's, which only the broker uses. */
async function withPorts<T>(
  options: { readonly port?: number; readonly preferred: number },
  use: (port: number, controllerPort: number) => Promise<T>,
): Promise<T> {
  const reserved: ReservedPort[] = [];
  try {
    const { port: given, preferred } = options;
    const client = await reservePort({ service: 'Kafka', given, preferred });
    reserved.push(client);
    const controller = await reservePort({ service: 'Kafka', given: 0, preferred: 0 });
    reserved.push(controller);
    return await use(client.port, controller.port);
  } finally {
    await Promise.all(reserved.map(({ release }) => release()));
  }
}

/** Of a broker that no record names: whoever gives up the start may be gone before its own stop comes. */
const endedBy =
  (signal?: AbortSignal) =>
  async (broker: ProcessRecord): Promise<void> => {
    const end = (): void => void stopProcess(broker, { signal: 'SIGKILL' });
    if (signal?.aborted) end();
    signal?.addEventListener('abort', end, { once: true });
  };

/** Runs a broker once, to its end, so that the virtual machine writes down the classes it loaded. */
async function writeArchive(folder: string, jars: string[], options: KafkaOptions): Promise<void> {
  const run = join(folder, 'run');
  await mkdir(run);
  const archive = join(folder, ARCHIVE);
  const logFile = join(run, 'kafka.log');
  const { environment, signal } = options;
  try {
    await withPorts({ port: 0, preferred: 0 }, async (port, controllerPort) => {
      const broker = { folder: run, logFile, jars, javaOptions: [], port, controllerPort };
      const own = { archiveAtExit: archive, environment, onSpawn: endedBy(signal) };
      const child = await runBroker({ ...broker, ...own });
      const clean = await stopProcess(child, { graceMs: 60_000 });
      signal?.throwIfAborted();
      if (!clean) await rm(archive, { force: true });
    });
  } catch {
    // The next start has to try again.
    signal?.throwIfAborted();
    // A virtual machine without this feature starts the broker all the same, only more slowly.
    await rm(archive, { force: true });
  } finally {
    await rm(run, { recursive: true, force: true });
  }
}

/** The options that make the broker start from its class-data archive, when there is one. */
async function archiveOptions(java: string, jars: string[], options: KafkaOptions) {
  const sha256 = contentHash({ java, jars, arch: process.arch }, 64);
  const folder = await cachedFolder({
    cache: options.cache,
    name: 'kafka-classes',
    version: /"(.+)"/.exec(java)?.[1] ?? 'unknown',
    sha256,
    async fill(target) {
      options.onProgress?.({ component: 'kafka', message: 'preparing quick starts' });
      await writeArchive(target, jars, options);
    },
  });
  const archive = join(folder, ARCHIVE);
  return (await exists(archive)) ? [`-XX:SharedArchiveFile=${archive}`, '-Xlog:cds=off'] : [];
}

/** Starts the broker on the home's data; its addresses are in `brokers`. */
export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const { home, environment, onSpawn, onProgress } = options;
  const java = await requireJava(options);
  const jars = await kafkaJars(options);
  const javaOptions = await archiveOptions(java, jars, options);
  await mkdir(join(home, 'logs'), { recursive: true });
  const logFile = join(home, 'logs', 'kafka.log');
  const folder = join(home, 'kafka');
  const onRepair = (message: string): void => onProgress?.({ component: 'kafka', message });
  const preferred = options.preferred ?? DEFAULT_PORTS.kafka;
  return withPorts({ port: options.port, preferred }, async (port, controllerPort) => {
    const broker = { folder, logFile, jars, javaOptions, port, controllerPort };
    const child = await runBroker({ ...broker, environment, onSpawn, onRepair });
    return {
      record: { pid: child.pid, identity: child.identity },
      brokers: `${LOOPBACK}:${port}`,
      logFile,
      stop: async () => void (await stopProcess(child)),
    };
  });
}
