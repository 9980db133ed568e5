/**
 * Measures what follows cleaning: writing windows and predictions, freezing, and what training holds; beside
 * DuckDB bare. `npm run bench:windows -- --windows 20000,80000` measures less.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withFewArenas } from '../workers/malloc-arenas';
import { measureProgram } from './process-tree';
import type { WindowsLeg, WindowsLegName } from './windows-leg';
import type { WindowsRun } from './windows-report';
import { benchOf, toMarkdown } from './windows-report';
import { keepResult } from './keep-result';

const LEG = join(__dirname, 'windows-leg.js');
// In this order: freezing and learning read what `features` wrote.
const LEGS: readonly WindowsLegName[] = ['features', 'bare', 'predictions', 'freeze', 'learn'];

const { values } = parseArgs({
  options: {
    /** The smaller and the larger number: between them memory is compared. */
    windows: { type: 'string', default: '100000,400000' },
    keep: { type: 'string' },
  },
});

async function runLeg(leg: WindowsLegName, windows: number, folder: string, versions: object) {
  const args = [LEG, leg, String(windows), folder];
  const environment = withFewArenas(process.env);
  const measured = await measureProgram(process.execPath, args, environment);
  const told = JSON.parse(measured.output.trim().split('\n').at(-1) ?? '') as WindowsLeg;
  if (told.rows !== windows) throw new Error(`${leg}: ${told.rows} rows instead of ${windows}`);
  Object.assign(versions, told.versions);
  const { cpuSeconds, peakBytes } = measured;
  const peak = `${Math.round(peakBytes / 1e6)} MB`;
  console.error(`${leg}, ${windows} windows: ${told.seconds.toFixed(1)} s, ${peak}`);
  return { leg, windows, seconds: told.seconds, cpuSeconds, peakBytes } satisfies WindowsRun;
}

async function main(): Promise<void> {
  const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'watchlake-bench-')));
  const versions = { node: process.versions.node };
  const runs: WindowsRun[] = [];
  try {
    for (const windows of values.windows.split(',').map(Number)) {
      for (const leg of LEGS)
        runs.push(await runLeg(leg, windows, join(folder, String(windows)), versions));
    }
  } finally {
    if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
  const bench = benchOf(versions, runs);
  await keepResult('windows', bench, toMarkdown(bench));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
