/** Runs the demo as a user does, in a home of its own, and reads what it left in the lake. */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROJECT_ROOT } from '../../core/project-root';
import { openLake } from '../../lakehouse/lake';
import { query } from '../../lakehouse/query';

// Ports of its own, so that a stack that the developer runs stays undisturbed.
export const ANY_PORTS = {
  TEMPORAL_PORT: '0',
  TEMPORAL_UI_PORT: '0',
  KAFKA_PORT: '0',
  POSTGRES_PORT: '0',
  APP_PORT: '0',
  METRICS_PORT: '0',
};

export interface DemoResult {
  ok: boolean;
  seconds: number;
  stages: Record<string, number>;
  tables: Record<string, { rows: number; quarantined: Record<string, number> }>;
  windowsPredicted: number;
  labels: number;
  champion: Record<'before' | 'after', { version: string; accuracy: number; macroF1: number }>;
  retrains: { outcome: string; reason: string; pValue: number }[];
  addresses: { temporal: string; app: string };
  report: string;
}

export interface PredictionRow {
  window_id: string;
  version: string;
  label: string;
  probabilities: number[];
}

export interface DemoRun {
  result: DemoResult;
  predictions: PredictionRow[];
  report: string;
  /** What the worker, or the one that followed the last kill, serves to Prometheus. */
  metrics: string;
  kills: number;
}

interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command of this clone, or of the one at `root`. */
export function watchlake(
  home: string,
  args: readonly string[],
  { root = PROJECT_ROOT, environment = {} }: { root?: string; environment?: object } = {},
) {
  const child = spawn(process.execPath, [join(root, 'bin', 'watchlake.js'), ...args], {
    cwd: root,
    env: { ...process.env, ...ANY_PORTS, ...environment, WATCHLAKE_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => (stdout += part.toString()));
  child.stderr.on('data', (part: Buffer) => (stderr += part.toString()));
  const finished = new Promise<Finished>((resolve) =>
    child.once('close', (code) => resolve({ code, stdout, stderr })),
  );
  return { child, finished };
}

export const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';

/** Of a home that is up; null while no worker is ready. */
export async function workerPid(home: string): Promise<number | null> {
  try {
    const state = JSON.parse(await readFile(join(home, 'up.json'), 'utf8')) as {
      worker: { pid: number | null; ready: boolean };
    };
    return state.worker.ready ? state.worker.pid : null;
  } catch {
    return null;
  }
}

/** Whether there was such a process: the supervisor may not have noticed the last kill yet. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Kills the demo's worker at random moments while the loop runs; gives the number of kills. */
async function killNowAndThen(
  home: string,
  { times, betweenMs }: { times: number; betweenMs: [number, number] },
  isOver: () => boolean,
): Promise<number> {
  let kills = 0;
  while (kills < times && !isOver()) {
    const [least, most] = betweenMs;
    await sleep(least + Math.random() * (most - least));
    const pid = isOver() ? null : await workerPid(join(home, 'demo'));
    if (pid === null) continue;
    if (kill(pid)) kills += 1;
  }
  return kills;
}

export interface DemoOptions {
  /** Told of each stage as it begins. */
  onStage?: (stage: string, home: string) => void;
  kills?: { times: number; betweenMs: [number, number] };
}

/** The stack is stopped and the home removed when it is over, whatever happened. */
export async function runDemo({ kills, onStage }: DemoOptions = {}): Promise<DemoRun> {
  const home = await mkdtemp(join(tmpdir(), 'watchlake-demo-'));
  try {
    const { child, finished } = watchlake(home, ['demo', '--json']);
    if (onStage) watchStages(child.stderr, (stage) => onStage(stage, home));
    let over = false;
    const killing = kills ? killNowAndThen(home, kills, () => over) : Promise.resolve(0);
    const { code, stdout, stderr } = await finished;
    over = true;
    const killed = await killing;
    if (code !== 0) throw new Error(`the demo ended with ${code}:\n${stderr}\n${stdout}`);
    const result = JSON.parse(lastLine(stdout)) as DemoResult;
    return {
      result,
      predictions: await readPredictions(home),
      report: await readFile(result.report, 'utf8'),
      metrics: await readMetrics(home),
      kills: killed,
    };
  } finally {
    await watchlake(home, ['down']).finished;
    await rm(home, { recursive: true, force: true });
  }
}

/** Progress lines begin with the stage: «· stream › sending (…)». */
function watchStages(stderr: Readable, onStage: (stage: string) => void): void {
  const seen = new Set<string>();
  createInterface({ input: stderr }).on('line', (line) => {
    const stage = /^· ([a-z ]+?)(?: ›| \(|:|$)/.exec(line)?.[1];
    if (stage === undefined || seen.has(stage)) return;
    seen.add(stage);
    onStage(stage);
  });
}

async function readMetrics(home: string): Promise<string> {
  const state = JSON.parse(await readFile(join(home, 'demo', 'up.json'), 'utf8')) as {
    metrics: { url: string };
  };
  return (await fetch(state.metrics.url)).text();
}

async function readPredictions(home: string): Promise<PredictionRow[]> {
  const { rows } = await query(openLake({ uri: join(home, 'demo', 'lake') }), {
    dataset: 'watch-exercises',
    sql: 'SELECT window_id, version, label, probabilities FROM predictions ORDER BY window_id',
    maximumRows: 100_000,
  });
  return rows as unknown as PredictionRow[];
}
