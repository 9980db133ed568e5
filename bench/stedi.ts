/**
 * Measures the STEDI chain at 200 times the public data against the same SQL bare in DuckDB and on Spark.
 * `npm run bench:stedi -- --replicas 20 --runs 1 --legs ours,bare-duckdb` measures less.
 */
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT_ROOT } from '../core/project-root';
import { loadConfig } from '../workers/config';
import { sparkOptions } from '../workers/spark';
import { measureProgram } from './process-tree';
import type { BenchInput } from './stedi-input';
import { makeInput } from './stedi-input';
import type { Leg } from './stedi-leg';
import type { LegRuns } from './stedi-report';
import { compareLegs, toMarkdown } from './stedi-report';
import { keepResult } from './keep-result';

const LEG = join(__dirname, 'stedi-leg.js');
const LANDING = /_landing$/;

const { values } = parseArgs({
  options: {
    replicas: { type: 'string', default: '200' },
    runs: { type: 'string', default: '3' },
    /** Spark takes its time: fewer replicas may be enough. */
    'spark-replicas': { type: 'string' },
    legs: { type: 'string', default: 'ours,bare-duckdb,bare-spark' },
    data: { type: 'string', default: join(PROJECT_ROOT, '..', 'shared', 'data') },
    keep: { type: 'string' },
  },
});

async function bytesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

function checkRows(leg: string, { rows }: Leg, { expected }: BenchInput): void {
  const wrong = Object.entries(expected).filter(([table, n]) => rows[table] !== n);
  if (wrong.length === 0) return;
  const told = wrong.map(([table, n]) => `${table} has ${rows[table]} rows instead of ${n}`);
  throw new Error(`${leg}: ${told.join(', ')}`);
}

interface Bench {
  readonly folder: string;
  readonly input: BenchInput;
  readonly replicas: number;
  readonly versions: Record<string, string>;
}

interface Run {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly steps: Leg['steps'];
}

async function runLeg(leg: string, { folder, input, versions }: Bench): Promise<Run> {
  const out = join(folder, leg);
  const args = [LEG, leg, join(folder, 'source'), out];
  const { peakBytes, cpuSeconds, output } = await measureProgram(process.execPath, args);
  const result = JSON.parse(output.trim().split('\n').at(-1) as string) as Leg;
  await rm(out, { recursive: true, force: true });
  checkRows(leg, result, input);
  Object.assign(versions, result.versions);
  const { seconds, steps } = result;
  const peak = (peakBytes / 2 ** 30).toFixed(2);
  const cpu = cpuSeconds.toFixed(1);
  console.error(`${leg}: ${seconds.toFixed(1)} s, ${cpu} s of CPU, ${peak} GiB`);
  return { seconds, cpuSeconds, peakBytes, steps };
}

const legRuns = (replicas: number, runs: readonly Run[]): LegRuns => ({
  replicas,
  seconds: runs.map(({ seconds }) => seconds),
  cpuSeconds: runs.map(({ cpuSeconds }) => cpuSeconds),
  peakBytes: runs.map(({ peakBytes }) => peakBytes),
  steps: runs.at(-1)?.steps ?? {},
});

async function prepared(folder: string, replicas: number, versions: Bench['versions']) {
  await mkdir(folder, { recursive: true });
  const input = await makeInput(join(values.data, 'stedi.tar.xz'), folder, replicas);
  console.error(`input: ${input.origin}`);
  return { folder, input, replicas, versions };
}

/** The legs in turn, so that a busy hour does not count for one of them alone. */
async function runLegs(benches: ReadonlyMap<string, Bench>): Promise<Record<string, LegRuns>> {
  const made = new Map<string, Run[]>();
  for (let run = 0; run < Number(values.runs); run += 1) {
    for (const [leg, bench] of benches) {
      made.set(leg, [...(made.get(leg) ?? []), await runLeg(leg, bench)]);
    }
  }
  const legs: Record<string, LegRuns> = {};
  for (const [leg, { replicas }] of benches) legs[leg] = legRuns(replicas, made.get(leg) ?? []);
  return legs;
}

async function main(): Promise<void> {
  const wanted = values.legs.split(',');
  // First of all: without Spark there is nothing to compare with.
  if (wanted.includes('bare-spark')) await sparkOptions(loadConfig()).python();
  const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'watchlake-bench-')));
  const versions: Record<string, string> = { node: process.versions.node };
  const replicas = Number(values.replicas);
  const sparkReplicas = Number(values['spark-replicas'] ?? replicas);
  try {
    const bench = await prepared(join(folder, 'all'), replicas, versions);
    const ofSpark =
      sparkReplicas === replicas || !wanted.includes('bare-spark')
        ? bench
        : await prepared(join(folder, 'spark'), sparkReplicas, versions);
    const legs = await runLegs(
      new Map(wanted.map((leg) => [leg, leg === 'bare-spark' ? ofSpark : bench])),
    );
    const { origin, expected } = bench.input;
    const rows = Object.entries(expected).reduce(
      (sum, [table, n]) => sum + (LANDING.test(table) ? n : 0),
      0,
    );
    const bytes = await bytesBelow(join(bench.folder, 'source'));
    const comparison = compareLegs(legs, { versions, input: { origin, bytes, rows } });
    await keepResult('stedi', comparison, toMarkdown(comparison));
    const goals = Object.values(comparison.goals);
    process.exitCode = goals.some(({ reached }) => reached === false) ? 1 : 0;
  } finally {
    if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
