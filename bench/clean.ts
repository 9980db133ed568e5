/**
 * Measures landing and cleaning of smartwatch files against the same SQL bare in DuckDB and on Spark, and beside
 * polars. `npm run bench:clean -- --runs 1 --legs ours,bare-duckdb --large 0` measures less.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { progressLine } from '../stack/progress';
import { pythonEnvironment } from '../stack/python';
import { loadConfig } from '../workers/config';
import { sparkOptions } from '../workers/spark';
import type { BenchFiles } from './casas-input';
import { copyFiles, makeFiles } from './casas-input';
import type { LegOfSize, LegRun } from './casas-report';
import { atLeast, atMost, benchOf, legNamed, peakOf, timesFaster } from './casas-report';
import type { Program } from './casas-run';
import { BENCH, legOfSize, legProgram, report, runLeg } from './casas-run';
import { CLEAN } from './casas-wordings';

const { values } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '2' },
    /** Ours alone, for its memory; 0 leaves it out. */
    large: { type: 'string', default: '8' },
    runs: { type: 'string', default: '3' },
    legs: { type: 'string', default: 'ours,bare-duckdb,polars,bare-spark' },
    keep: { type: 'string' },
  },
});

async function programOf(leg: string, files: BenchFiles): Promise<Program> {
  if (leg !== 'polars') return legProgram(leg, files.folder);
  const python = await pythonEnvironment({
    ...{ cache: loadConfig().WATCHLAKE_CACHE, name: 'polars' },
    requirements: join(BENCH, 'polars-requirements.txt'),
    onProgress: (progress) => process.stderr.write(`${progressLine(progress)}\n`),
  });
  const script = join(BENCH, 'polars-clean.py');
  return { command: python, args: (out) => [script, files.folder, out] };
}

/** In turn, so that a busy hour does not count for one of them alone. */
async function measure(folder: string, files: BenchFiles, versions: Record<string, string>) {
  const legs = values.legs.split(',');
  const runs = new Map<string, LegRun[]>(legs.map((leg) => [leg, []]));
  for (let run = 0; run < Number(values.runs); run += 1) {
    for (const leg of legs) {
      const program = await programOf(leg, files);
      runs.get(leg)?.push(await runLeg(leg, program, { folder, of: files, versions }));
    }
  }
  const gigabytes = Number(values.gigabytes);
  return [...runs].map(([leg, own]) => legOfSize(leg, gigabytes, files, own));
}

async function measureLarge(folder: string, files: BenchFiles): Promise<LegOfSize> {
  const program = legProgram('ours', files.folder);
  const run = await runLeg('ours', program, { folder, of: files, versions: {} });
  return legOfSize('ours', Number(values.large), files, [run]);
}

const gigabytes = (leg: LegOfSize | undefined): number | null =>
  leg === undefined ? null : peakOf(leg) / 1e9;

async function main(): Promise<void> {
  // First of all: without Spark there is nothing to compare with.
  if (values.legs.includes('spark')) await sparkOptions(loadConfig()).python();
  const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'watchlake-bench-')));
  const versions: Record<string, string> = { node: process.versions.node };
  const [size, large] = [Number(values.gigabytes), Number(values.large)];
  try {
    const made = await makeFiles(folder);
    const files = await copyFiles(made, join(folder, 'files'), size);
    const legs = await measure(folder, files, versions);
    if (large > 0) {
      legs.push(await measureLarge(folder, await copyFiles(made, join(folder, 'large'), large)));
    }
    const ours = legNamed(legs, 'ours', size);
    const goals = [
      atLeast(
        'of the rows/s of the bare SQL',
        timesFaster(ours, legNamed(legs, 'bare-duckdb')),
        0.8,
      ),
      atLeast('times faster than Spark', timesFaster(ours, legNamed(legs, 'bare-spark')), 8),
      atMost(`peak memory at ${size} GB, in GB`, gigabytes(ours), 1.2),
      ...(large > 0
        ? [
            atMost(
              `peak memory at ${large} GB, in GB`,
              gigabytes(legNamed(legs, 'ours', large)),
              1.2,
            ),
          ]
        : []),
    ];
    await report('clean', benchOf(versions, legs, goals), CLEAN);
  } finally {
    if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
