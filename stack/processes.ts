/** Starts, recognises and ends the processes of the stack; a process is known by its id and its start. */
import { execFileSync, spawn, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WatchlakeError } from '../core/errors';

/** Process ids are reused; together with the moment of its start one names a process for good. */
export interface ProcessRecord {
  readonly pid: number;
  readonly identity: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface DetachedProcess extends ProcessRecord {
  /** How the process ended; told a moment after the system shows that it has. */
  readonly exited: Promise<Exit>;
}

export interface SpawnOptions {
  readonly service: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
}

const QUIET: StdioOptions = ['ignore', 'pipe', 'ignore'];
const LOG_LIMIT_BYTES = 10_000_000;

function linuxIdentity(pid: number): string | undefined {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces: the fields are counted from the last parenthesis.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  // A zombie has ended; only its parent has not asked yet.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${boot}/${fields[19]}`;
}

/** Every shell has to be told the same: the start would be in its time zone and its language. */
function ps(...args: string[]): string {
  const shell = ['TZ=UTC', 'LC_ALL=C', 'ps'];
  return execFileSync('env', [...shell, ...args], { encoding: 'utf8', stdio: QUIET }).trim();
}

function portableIdentity(pid: number): string | undefined {
  const text = ps('-o', 'stat=', '-o', 'lstart=', '-p', String(pid));
  return text === '' || text.startsWith('Z') ? undefined : text.slice(text.indexOf(' ')).trim();
}

/** When the process started, as text that no later process of the same id has; undefined when it ended. */
export function processIdentity(pid: number): string | undefined {
  try {
    return process.platform === 'linux' ? linuxIdentity(pid) : portableIdentity(pid);
  } catch {
    return undefined;
  }
}

/** Whether the process was started with exactly these arguments among others, such as a path that only it uses. */
export function hasArguments(pid: number, wanted: readonly string[]): boolean {
  try {
    if (process.platform === 'linux') {
      const given = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\u0000');
      return wanted.every((argument) => given.includes(argument));
    }
    // Arguments as one line: bounded, because another home's path may begin with this one's.
    const line = `${ps('-ww', '-o', 'command=', '-p', String(pid))} `;
    return wanted.every((argument) => line.includes(` ${argument} `));
  } catch {
    return false;
  }
}

export const isRunning = ({ pid, identity }: ProcessRecord): boolean =>
  processIdentity(pid) === identity;

/** Before somebody begins to write to it: a log that has grown large is kept as the one before, so that it grows no more. */
export function turnOver(logFile: string): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > LOG_LIMIT_BYTES) renameSync(logFile, `${logFile}.1`);
}

function openLog(logFile: string): number {
  turnOver(logFile);
  return openSync(logFile, 'a', 0o600);
}

function processIds(): number[] {
  if (process.platform === 'linux')
    return readdirSync('/proc').map(Number).filter(Number.isInteger);
  return ps('-axo', 'pid=')
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** All processes that were started with these arguments. */
export function findProcesses(wanted: readonly string[]): ProcessRecord[] {
  return processIds().flatMap((pid) => {
    if (pid === process.pid || !hasArguments(pid, wanted)) return [];
    const identity = processIdentity(pid);
    return identity === undefined ? [] : [{ pid, identity }];
  });
}

/** Starts a process in its own session, so that Ctrl-C in the terminal and our end do not end it. */
export async function spawnDetached(options: SpawnOptions): Promise<DetachedProcess> {
  const log = openLog(options.logFile);
  try {
    const child = spawn(options.command, options.args, {
      detached: true,
      stdio: ['ignore', log, log],
      // The folder of the caller may be removed, or be closed to the user that the process runs as.
      cwd: '/',
      env: options.environment,
      uid: options.uid,
      gid: options.gid,
    });
    const exited = new Promise<Exit>((resolve) =>
      child.once('exit', (code, signal) => resolve({ code, signal })),
    );
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.unref();
    const pid = child.pid as number;
    return { pid, identity: processIdentity(pid) ?? 'ended', exited };
  } catch (cause) {
    const detail = (cause as Error).message;
    throw new WatchlakeError('STACK_FAILED', { service: options.service, detail }, cause);
  } finally {
    closeSync(log);
  }
}

function signalProcess({ pid }: ProcessRecord, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function ended(record: ProcessRecord, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(record)) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

export interface StopOptions {
  readonly signal?: NodeJS.Signals;
  /** How long it may take to end by itself before it is killed. */
  readonly graceMs?: number;
}

/** Asks the process to end, insists after the grace; true when it ended by itself. */
export async function stopProcess(
  record: ProcessRecord,
  { signal = 'SIGTERM', graceMs = 15_000 }: StopOptions = {},
): Promise<boolean> {
  if (!isRunning(record)) return false;
  signalProcess(record, signal);
  if (await ended(record, graceMs)) return true;
  if (isRunning(record)) signalProcess(record, 'SIGKILL');
  await ended(record, 5_000);
  return false;
}

/** The last lines of a log, for an error message. */
export function tailOf(logFile: string, lines = 5): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(no log)';
  }
}

export interface WaitOptions {
  readonly service: string;
  readonly logFile: string;
  readonly child: DetachedProcess;
  readonly timeoutMs: number;
  /** Resolves when the service answers; throws while it does not. */
  readonly check: () => Promise<void>;
}

/** Waits until the service answers; fails at once, with the end of its log, when its process ends. */
export async function waitUntilReady(options: WaitOptions): Promise<void> {
  const { service, logFile, child, timeoutMs, check } = options;
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  const fail = (what: string): WatchlakeError =>
    new WatchlakeError(
      'STACK_FAILED',
      { service, detail: `${what}. The end of ${logFile}:\n${tailOf(logFile)}`, log: logFile },
      last,
    );
  while (Date.now() < deadline) {
    if (!isRunning(child)) {
      const exit = await Promise.race([child.exited, sleep(1_000)]);
      throw fail(`it ended with ${exit?.signal ?? exit?.code ?? '?'}`);
    }
    try {
      await check();
      // An answer from somebody else's service on this port does not count.
      if (isRunning(child)) return;
    } catch (error) {
      last = error;
    }
    await sleep(50);
  }
  throw fail(`it did not answer within ${Math.round(timeoutMs / 1000)} s`);
}
