/** The runner that builds share: started for the first manifest, one at a time, ended when nobody needs it. */
import { WatchlakeError } from '../../../core/errors';
import type { RunnerManifest, RunnerResult } from './manifest';
import type { RunnerError } from './process';
import { SparkProcess } from './process';
import { shortened } from './root-cause';
import type { SparkSettings } from './settings';

export interface SparkRunnerOptions {
  /** The interpreter of an environment with PySpark; TOOL_MISSING when there is no Java or Python. */
  readonly python: () => Promise<string>;
  /** A new local folder for what Spark spills. */
  readonly folder: () => Promise<string>;
  /** Where Spark's own log is appended to; its folder exists. */
  readonly logFile: () => Promise<string>;
  readonly settings: SparkSettings;
  /** Of the processes that it starts. */
  readonly environment: NodeJS.ProcessEnv;
  readonly idleMs?: number;
  readonly startMs?: number;
  readonly silenceMs?: number;
}

export interface SparkRunner {
  /** SPARK_FAILED for what Spark refuses, SPARK_LOST when it ended in the middle. */
  run(manifest: RunnerManifest, signal?: AbortSignal): Promise<RunnerResult>;
  /** The id of the process, while there is one. */
  pid(): number | undefined;
  close(): Promise<void>;
}

const IDLE_MS = 60_000;
const START_MS = 120_000;
const SILENCE_MS = 120_000;

// After these Spark may not be what it was, and a new one is started: a full heap, a stopped context.
const HARMFUL = /(Error|IllegalStateException)$/;
// Of the bridge to Java: Java itself has ended, and only its log knows why.
const BRIDGE = /^(Py4J|Connection|EOFError|BrokenPipe)/;

function failureOf({ name }: RunnerManifest, { type, detail }: RunnerError, spark: SparkProcess) {
  if (BRIDGE.test(type)) return spark.lost();
  if (/No space left on device/.test(detail)) {
    return new WatchlakeError('STORE_FULL', { key: 'files of the lake' });
  }
  const said = shortened(`${type.split('.').at(-1)}: ${detail}`);
  return new WatchlakeError('SPARK_FAILED', { name, detail: said });
}

export function createSparkRunner(options: SparkRunnerOptions): SparkRunner {
  const { idleMs = IDLE_MS, startMs = START_MS, silenceMs = SILENCE_MS } = options;
  let present: SparkProcess | undefined;
  let idle: NodeJS.Timeout | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  async function start(): Promise<SparkProcess> {
    const { settings, environment } = options;
    const [python, logFile] = [await options.python(), await options.logFile()];
    const folder = await options.folder();
    const limits = { startMs, silenceMs };
    return SparkProcess.start({ python, folder, settings, environment, logFile, ...limits });
  }

  async function close(): Promise<void> {
    clearTimeout(idle);
    const closing = present;
    present = undefined;
    await closing?.end();
  }

  async function runNow(manifest: RunnerManifest, signal?: AbortSignal): Promise<RunnerResult> {
    signal?.throwIfAborted();
    clearTimeout(idle);
    if (present?.pid === undefined) present = await start();
    signal?.throwIfAborted();
    const spark = present;
    try {
      const answer = await spark.ask(manifest, signal);
      if (answer.ok) return answer.result;
      if (HARMFUL.test(answer.error.type) || BRIDGE.test(answer.error.type)) {
        present = undefined;
        spark.kill();
      }
      throw failureOf(manifest, answer.error, spark);
    } finally {
      // Nobody has to hear of what an idle runner does: it just ends.
      idle = setTimeout(() => void close().catch(() => undefined), idleMs).unref();
    }
  }

  return {
    run(manifest, signal) {
      // Spark uses all its threads for one: two at a time would only need twice the memory.
      const result = turn.then(() => runNow(manifest, signal));
      turn = result.catch(() => undefined);
      return result;
    },
    pid: () => present?.pid,
    close,
  };
}
