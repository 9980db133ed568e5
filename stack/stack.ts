/** The embedded stack of one home: starts what is missing side by side, finds it again, stops it. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import {
  COMPONENTS,
  startComponent,
  stopPart,
  stopRecorded,
  type ExternalServices,
  type StackOptions,
} from './components';
import { isFull, makeFolder, readTextIfPresent } from './files';
import { holderOf, withLock } from './lock';
import { isListening } from './ports';
import { databaseUrl } from './postgres';
import type { OnProgress } from './progress';
import { isRunning, type ProcessRecord } from './processes';
import { readStackRecord, StackFile, type ComponentName, type StackRecord } from './stack-file';
import { refuseUnfinished } from './unfinished-restore';

export interface StackAddresses {
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly uiUrl?: string;
  };
  readonly kafka: { readonly brokers: string };
  readonly postgres: { readonly url: string };
}

export interface RunningStack extends StackAddresses {
  readonly home: string;
  /** What this call started; the others ran before and belong to somebody else. */
  readonly started: readonly ComponentName[];
  /** Stops what this call started, nothing else. */
  readonly stop: () => Promise<void>;
}

const LOCK_WAIT_MS = 180_000;

const lockOf = (home: string): string => join(home, 'stack.lock');

/** Runs work that changes what one home runs; two processes never do it at once. */
export function lockHome<T>(
  home: string,
  work: () => Promise<T>,
  onProgress?: OnProgress,
): Promise<T> {
  const onWait = (holder: number): void =>
    onProgress?.({ component: 'stack', message: `waiting for process ${holder}` });
  return withLock(lockOf(home), { waitMs: LOCK_WAIT_MS, onWait }, work);
}

/** Whether somebody does such work now. */
export async function isLocked(home: string): Promise<boolean> {
  const holder = await holderOf(lockOf(home));
  return holder !== undefined && isRunning(holder);
}

async function databaseUrlOf(home: string, port: string): Promise<string> {
  const secret = join(home, 'secrets', 'postgres-password');
  return databaseUrl(Number(port), (await readTextIfPresent(secret))?.trim() ?? '');
}

/** Where the running components answer. */
async function addressesOf(file: StackFile): Promise<Partial<StackAddresses>> {
  const addresses = (name: ComponentName): Readonly<Record<string, string>> | undefined => {
    const process = file.running(name);
    return process?.state === 'running' ? process.addresses : undefined;
  };
  const { address, namespace, uiUrl } = addresses('temporal') ?? {};
  const { brokers } = addresses('kafka') ?? {};
  const { port } = addresses('postgres') ?? {};
  return {
    ...(address && namespace && { temporal: { address, namespace, uiUrl } }),
    ...(brokers && { kafka: { brokers } }),
    ...(port && { postgres: { url: await databaseUrlOf(file.record.home, port) } }),
  };
}

/** A process that was just killed still counts as running for a moment, but it listens no more. */
async function answers(file: StackFile, name: ComponentName): Promise<boolean> {
  const port = file.record.ports[name];
  if (file.running(name)?.state !== 'running' || port === undefined) return false;
  return isListening(port);
}

async function startMissing(file: StackFile, options: StackOptions): Promise<ComponentName[]> {
  const { external = {} } = options;
  const wanted = COMPONENTS.filter((name) => !external[name]);
  const isUp = await Promise.all(wanted.map((name) => answers(file, name)));
  const missing = wanted.filter((_name, index) => !isUp[index]);
  const starting = missing.map((name) => startComponent(file, name, options));
  // Downloads take minutes, and nobody can hurry them.
  const results = await Promise.race([Promise.allSettled(starting), untilAborted(options.signal)]);
  const failed = results?.find((result) => result.status === 'rejected');
  if (results && !failed) return missing;
  // Half a stack is of no use: the parts that did start would only hold their ports.
  await Promise.all(missing.map((name) => stopRecorded(file, name)));
  throw failed?.reason ?? options.signal?.reason;
}

const untilAborted = (signal?: AbortSignal): Promise<null> =>
  new Promise((resolve) => {
    if (signal?.aborted) resolve(null);
    signal?.addEventListener('abort', () => resolve(null), { once: true });
  });

function requireAll(
  embedded: Partial<StackAddresses>,
  external: ExternalServices = {},
): StackAddresses {
  const temporal = external.temporal ?? embedded.temporal;
  const kafka = external.kafka ?? embedded.kafka;
  const postgres = external.postgres ?? embedded.postgres;
  if (temporal && kafka && postgres) return { temporal, kafka, postgres };
  const detail = 'it ended right after its start';
  const service = temporal ? (kafka ? 'PostgreSQL' : 'Kafka') : 'Temporal';
  throw new WatchlakeError('STACK_FAILED', { service, detail });
}

/** Starts what does not run yet and gives the addresses; one home has one stack, whoever asks. Throws the signal's reason once it comes. */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  await makeFolder(options.home);
  const home = await realpath(options.home);
  return lockHome(
    home,
    async () => {
      await refuseUnfinished(home);
      const file = await StackFile.open(home);
      const started = await startMissing(file, { ...options, home });
      const addresses = requireAll(await addressesOf(file), options.external);
      const stop = async (): Promise<void> => void (await stopStack(home, started));
      return { ...addresses, home, started, stop };
    },
    options.onProgress,
  );
}

export interface StackStatus {
  readonly home: string;
  readonly processes: readonly {
    readonly name: string;
    readonly pid: number;
    readonly running: boolean;
    readonly startedAt: string;
    readonly logFile: string;
  }[];
  /** Of the components that run. */
  readonly addresses: Partial<StackAddresses>;
}

/** What the home's record says and what of it is true; undefined when no stack was ever started. */
export async function readStack(home: string): Promise<StackStatus | undefined> {
  const path = await realpath(home).catch(() => home);
  if (!(await readStackRecord(path))) return undefined;
  const file = await StackFile.open(path);
  const processes = Object.entries(file.record.processes).map(([name, process]) => {
    const { pid, startedAt, logFile } = process;
    return { name, pid, running: file.running(name) !== undefined, startedAt, logFile };
  });
  return { home: path, processes, addresses: await addressesOf(file) };
}

/**
 * The home's own parts that do not run, in a home whose stack was started. The components are asked for, not their records:
 * a part whose start has failed has none any more.
 */
export async function endedParts(
  home: string,
  external: ExternalServices = {},
): Promise<ComponentName[]> {
  const status = await readStack(home);
  if (!status) return [];
  const running = new Set(status.processes.flatMap((each) => (each.running ? [each.name] : [])));
  return COMPONENTS.filter((name) => !external[name] && !running.has(name));
}

/** By the component's name. */
export type Parts = Readonly<Record<string, ProcessRecord>>;

/** What the home's record names, whether it runs or not; nothing where the home is gone. */
export const recordedParts = async (home: string): Promise<Parts> =>
  (await recordOf(home))?.processes ?? {};

/** Those of the last start. */
export const recordedPorts = async (home: string): Promise<StackRecord['ports']> =>
  (await recordOf(home))?.ports ?? {};

/** Of what is served beside the parts. */
export async function rememberPorts(home: string, ports: StackRecord['ports']): Promise<void> {
  const path = await realpath(home);
  await lockHome(path, async () => (await StackFile.open(path)).rememberPorts(ports));
}

const recordOf = async (home: string): Promise<StackRecord | undefined> =>
  readStackRecord(await realpath(home).catch(() => home));

/** Stops what no record names any more: the folder was deleted. What the record of a later home names is left alone. */
export async function stopUnrecorded(home: string, parts: Parts): Promise<void> {
  const present = Object.values(await recordedParts(home));
  const left = Object.entries(parts).filter(
    ([, { pid, identity }]) =>
      !present.some((each) => each.pid === pid && each.identity === identity),
  );
  await Promise.all(left.map(([name, record]) => stopPart(name, record)));
}

/** On a full disk nobody can take the lock: nothing begins to start meanwhile, and stopping needs none. */
async function lockHomeToStop<T>(home: string, work: () => Promise<T>): Promise<T> {
  try {
    return await lockHome(home, work);
  } catch (error) {
    if (!isFull(error) || (await isLocked(home))) throw error;
    return work();
  }
}

/** Stops the recorded processes that still are what was started; gives their names. */
export async function stopStack(home: string, only?: readonly string[]): Promise<string[]> {
  const path = await realpath(home).catch(() => undefined);
  if (path === undefined) return [];
  return lockHomeToStop(path, async () => {
    const file = await StackFile.open(path);
    const names = Object.keys(file.record.processes).filter((name) => only?.includes(name) ?? true);
    const ended = await Promise.all(names.map((name) => stopRecorded(file, name)));
    return names.filter((_name, index) => ended[index]);
  });
}
