/** One process of the runner with its Spark: told manifests line by line, ended with us or by its id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { WatchlakeError } from '../../../core/errors';
import type { RunnerManifest, RunnerResult } from './manifest';
import { rootCauseIn } from './root-cause';
import type { SparkSettings } from './settings';
import { runnerEnvironment, sparkProperties } from './settings';

export const RUNNER = join(__dirname, 'spark-runner.py');
const LOG_TAIL_BYTES = 64 * 1024;

export interface SparkProcessOptions {
  /** The interpreter of an environment that has PySpark. */
  readonly python: string;
  /** A new folder for what Spark spills; removed with the process. */
  readonly folder: string;
  readonly settings: SparkSettings;
  readonly environment: NodeJS.ProcessEnv;
  /** Where Spark's own log is appended to. */
  readonly logFile: string;
  readonly startMs: number;
  /** While it works, Spark says every few seconds that it lives; after this long without, it does not. */
  readonly silenceMs: number;
}

export interface RunnerError {
  /** Its class. */
  readonly type: string;
  readonly detail: string;
}

export type RunnerAnswer =
  | { readonly ok: true; readonly result: RunnerResult }
  | { readonly ok: false; readonly error: RunnerError };

/** As the runner calls it when it has ended itself because its time was up. */
export const TIME_LIMIT = 'TimeLimit';

type Message = { ready?: true; id?: number } & Partial<RunnerAnswer>;

interface Waiting {
  readonly isIt: (message: Message) => boolean;
  readonly limitMs: number;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: unknown) => void;
  timer?: NodeJS.Timeout;
}

export class SparkProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #options: SparkProcessOptions;
  readonly #logFrom: number;
  #running = true;
  #asked = 0;
  #waiting: Waiting | undefined;

  static async start(options: SparkProcessOptions): Promise<SparkProcess> {
    const { folder, settings, startMs } = options;
    await writeFile(join(folder, 'spark.conf'), sparkProperties(settings, folder));
    const started = new SparkProcess(options);
    await started.#message(({ ready }) => ready === true, startMs);
    return started;
  }

  private constructor(options: SparkProcessOptions) {
    const { python, folder, environment, logFile } = options;
    this.#options = options;
    const log = openSync(logFile, 'a', 0o600);
    this.#logFrom = fstatSync(log).size;
    this.#child = spawn(python, [RUNNER, '--serve'], {
      stdio: ['pipe', 'pipe', log],
      // A group of its own: Java, its child, ends with it.
      detached: true,
      env: runnerEnvironment(environment, { python, properties: join(folder, 'spark.conf') }),
      cwd: folder,
    });
    closeSync(log);
    this.#ended = this.#listen();
  }

  get pid(): number | undefined {
    return this.#running ? this.#child.pid : undefined;
  }

  /** SPARK_LOST when the process ends or falls silent. Aborting ends the process. */
  async ask(manifest: RunnerManifest, signal?: AbortSignal): Promise<RunnerAnswer> {
    const id = (this.#asked += 1);
    const stop = (): void => this.#fail(signal?.reason);
    signal?.addEventListener('abort', stop);
    try {
      const isAnswer = (message: Message) => message.id === id && message.ok !== undefined;
      const answer = this.#message(isAnswer, this.#options.silenceMs);
      this.#child.stdin?.write(`${JSON.stringify({ id, manifest })}\n`);
      return (await answer) as RunnerAnswer;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** What its log says of its end. */
  lost(otherwise = 'it does not say why', cause?: unknown): WatchlakeError {
    const log = readFileSync(this.#options.logFile).subarray(this.#logFrom);
    const tail = log.subarray(Math.max(0, log.length - LOG_TAIL_BYTES)).toString('utf8');
    return new WatchlakeError('SPARK_LOST', { detail: rootCauseIn(tail) || otherwise }, cause);
  }

  /** Lets it end by itself, and waits until it has. */
  async end(): Promise<void> {
    this.#child.stdin?.end();
    this.#hold(true);
    await this.#ended;
  }

  kill(): void {
    if (!this.#running || this.#child.pid === undefined) return;
    this.#running = false;
    try {
      process.kill(-this.#child.pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL');
    }
  }

  #listen(): Promise<void> {
    const child = this.#child;
    // Written to a process that has just ended: its end tells more.
    child.stdin?.on('error', () => undefined);
    createInterface({ input: child.stdout as Socket }).on('line', (line) => this.#hear(line));
    const ended = new Promise<void>((resolve) => {
      const end = (error: WatchlakeError): void => {
        this.#running = false;
        this.#fail(error);
        resolve();
      };
      child.once('error', (error) => end(this.lost(error.message, error)));
      child.once('close', (code, signal) => end(this.lost(`it ended with ${signal ?? code}`)));
    });
    const options = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 };
    return ended.then(() => rm(this.#options.folder, options).catch(() => undefined));
  }

  #hear(line: string): void {
    const message = JSON.parse(line) as Message;
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    if (waiting.isIt(message)) this.#settle()?.resolve(message);
    else this.#watch(waiting);
  }

  /** Ends the process with whatever waits for it. */
  #fail(error: unknown): void {
    this.kill();
    this.#settle()?.reject(error);
  }

  #settle(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(waiting?.timer);
    this.#hold(false);
    return waiting;
  }

  /** Any message shows that Spark lives. */
  #watch(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    const silent = `nothing was heard of it for ${waiting.limitMs / 1000} s`;
    const fail = (): void => this.#fail(new WatchlakeError('SPARK_LOST', { detail: silent }));
    waiting.timer = setTimeout(fail, waiting.limitMs);
  }

  #message(isIt: Waiting['isIt'], limitMs: number): Promise<Message> {
    if (!this.#running) return Promise.reject(this.lost());
    this.#hold(true);
    return new Promise((resolve, reject) => {
      this.#waiting = { isIt, limitMs, resolve, reject };
      this.#watch(this.#waiting);
    });
  }

  /** Whether we stay for as long as the runner does. */
  #hold(isHeld: boolean): void {
    const { stdin, stdout } = this.#child;
    for (const each of [this.#child, stdin as Socket, stdout as Socket]) {
      if (isHeld) each.ref();
      else each.unref();
    }
  }
}
