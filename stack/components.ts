/** The three components of a stack: how each is started, recorded, recognised and stopped. */
import { join } from 'node:path';
import { isFull } from './files';
import { startKafka } from './kafka';
import { DEFAULT_PORTS, portOf, type PortName } from './ports';
import { POSTGRES_STOP_SIGNAL, startPostgres } from './postgres';
import { findProcesses, stopProcess, type ProcessRecord } from './processes';
import type { OnProgress } from './progress';
import type { ComponentName, StackFile, StackRecord } from './stack-file';
import { startTemporal } from './temporal';

export interface ExternalServices {
  readonly temporal?: {
    readonly address: string;
    readonly namespace: string;
    readonly uiUrl?: string;
  };
  readonly kafka?: { readonly brokers: string };
  readonly postgres?: { readonly url: string };
}

export interface StackOptions {
  readonly home: string;
  readonly cache: string;
  /** Services that run elsewhere: they are neither started nor stopped. */
  readonly external?: ExternalServices;
  /** A number is used or refused, 0 is any free port, none is the default or the next free one. */
  readonly ports?: Partial<Record<Exclude<PortName, 'app' | 'metrics' | 'ingest'>, number>>;
  readonly retentionDays?: number;
  readonly durable?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
  readonly onProgress?: OnProgress;
  /** Nobody waits for the start any more: what it has started so far is stopped. */
  readonly signal?: AbortSignal;
}

export const COMPONENTS: readonly ComponentName[] = ['temporal', 'kafka', 'postgres'];

/** What only the embedded component of this home has in its command line; an editor may have the file alone. */
const markersOf = (home: string): Partial<Record<ComponentName, readonly string[]>> => ({
  temporal: ['start-dev', join(home, 'temporal.db')],
  kafka: ['kafka.Kafka', join(home, 'kafka', 'server.properties')],
});

interface StartedComponent {
  readonly record: ProcessRecord;
  readonly logFile: string;
  readonly addresses: Record<string, string>;
  readonly ports: StackRecord['ports'];
}

interface StartContext extends StackOptions {
  readonly preferred: Record<PortName, number>;
  readonly onSpawn: (record: ProcessRecord) => Promise<void>;
}

const STARTERS: Record<ComponentName, (options: StartContext) => Promise<StartedComponent>> = {
  async temporal(options) {
    const { ports, preferred: all } = options;
    const preferred = { port: all.temporal, uiPort: all.temporalUi };
    const given = { port: ports?.temporal, uiPort: ports?.temporalUi };
    const running = await startTemporal({ ...options, ...given, preferred });
    const { address, uiUrl, namespace } = running;
    const used = { temporal: portOf(address), temporalUi: portOf(uiUrl) };
    return { ...running, addresses: { address, uiUrl, namespace }, ports: used };
  },
  async kafka(options) {
    const { ports, preferred } = options;
    const given = { port: ports?.kafka, preferred: preferred.kafka };
    const running = await startKafka({ ...options, ...given });
    const { brokers } = running;
    return { ...running, addresses: { brokers }, ports: { kafka: portOf(brokers) } };
  },
  async postgres(options) {
    const { ports, preferred } = options;
    const given = { port: ports?.postgres, preferred: preferred.postgres };
    const running = await startPostgres({ ...options, ...given });
    const { port } = running;
    return { ...running, addresses: { port: String(port) }, ports: { postgres: port } };
  },
};

const signalFor = (name: string): NodeJS.Signals =>
  name === 'postgres' ? POSTGRES_STOP_SIGNAL : 'SIGTERM';

/** Does nothing when the process has ended. */
export const stopPart = (name: string, record: ProcessRecord): Promise<boolean> =>
  stopProcess(record, { signal: signalFor(name) });

const unlessFull = (error: unknown): void => {
  if (!isFull(error)) throw error;
};

/** Stops a recorded process when it still is the one that was started; true when it was. */
export async function stopRecorded(file: StackFile, name: string): Promise<boolean> {
  const record = file.running(name);
  if (record) await stopPart(name, record);
  // Without the change the record names a process that has ended, which counts for nothing.
  await file.remove(name).catch(unlessFull);
  return record !== undefined;
}

/** Ends what a starter left that was killed before its component answered. */
async function clearLeftOvers(file: StackFile, home: string, name: ComponentName): Promise<void> {
  await stopRecorded(file, name);
  const marker = markersOf(home)[name];
  if (marker) for (const orphan of findProcesses(marker)) await stopProcess(orphan);
}

/** Starts one component, recording it as soon as it has a process and again when it answers. */
export async function startComponent(
  file: StackFile,
  name: ComponentName,
  options: StackOptions,
): Promise<void> {
  const begin = Date.now();
  const startedAt = new Date(begin).toISOString();
  await clearLeftOvers(file, options.home, name);
  const base = { startedAt, logFile: join(options.home, 'logs', `${name}.log`) };
  const onSpawn = async ({ pid, identity }: ProcessRecord): Promise<void> => {
    await file.set(name, { pid, identity, ...base, state: 'starting', addresses: {} });
    // It came after all others had been stopped.
    if (options.signal?.aborted) await stopRecorded(file, name);
  };
  const preferred = { ...DEFAULT_PORTS, ...file.record.ports };
  const { record, addresses, ports } = await STARTERS[name]({ ...options, preferred, onSpawn });
  await file.set(name, { ...record, ...base, state: 'running', addresses });
  await file.rememberPorts(ports);
  const seconds = ((Date.now() - begin) / 1000).toFixed(1);
  options.onProgress?.({ component: name, message: `ready after ${seconds} s` });
}
