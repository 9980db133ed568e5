/** Runs legs of the benches of smartwatch archives, checks their rows, and keeps what they measured. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../core/project-root';
import { withFewArenas } from '../workers/malloc-arenas';
import type { BenchFiles } from './casas-input';
import type { CasasLeg } from './casas-leg';
import type { CasasBench, LegOfSize, LegRun, Wording } from './casas-report';
import { toMarkdown } from './casas-report';
import { measureProgram } from './process-tree';
import { keepResult } from './keep-result';

export const BENCH = join(PROJECT_ROOT, 'bench');
const LEG = join(__dirname, 'casas-leg.js');

export interface Program {
  readonly command: string;
  /** Of the folder that it writes into. */
  readonly args: (out: string) => readonly string[];
}

export const legProgram = (leg: string, from: string): Program => ({
  command: process.execPath,
  args: (out) => [LEG, leg, from, out],
});

function checkRows(leg: string, { rows }: CasasLeg, { expected }: BenchFiles): void {
  for (const [table, found] of Object.entries(rows)) {
    const wanted = expected[table as keyof typeof expected];
    if (found !== wanted)
      throw new Error(`${leg}: ${table} has ${found} rows instead of ${wanted}`);
  }
}

/** Once; the folder that it writes into is gone afterwards. */
export async function runLeg(
  leg: string,
  { command, args }: Program,
  { folder, of, versions }: { folder: string; of: BenchFiles; versions: Record<string, string> },
): Promise<LegRun> {
  const out = join(folder, 'out');
  await mkdir(out, { recursive: true });
  const measured = await measureProgram(command, args(out), withFewArenas(process.env));
  await rm(out, { recursive: true, force: true });
  const { peakBytes, cpuSeconds, output } = measured;
  const last = output.trim().split('\n').at(-1);
  const told = last ? (JSON.parse(last) as CasasLeg) : undefined;
  if (told !== undefined) checkRows(leg, told, of);
  Object.assign(versions, told?.versions);
  const seconds = told?.seconds ?? measured.seconds;
  const gigabytes = (of.bytes / 1e9).toFixed(1);
  const [cpu, peak] = [cpuSeconds.toFixed(1), Math.round(peakBytes / 1e6)];
  console.error(`${leg}, ${gigabytes} GB: ${seconds.toFixed(1)} s, ${cpu} s of CPU, ${peak} MB`);
  return { seconds, cpuSeconds, peakBytes, steps: told?.steps ?? {} };
}

export const legOfSize = (
  leg: string,
  gigabytes: number,
  { bytes, lines }: BenchFiles,
  runs: readonly LegRun[],
): LegOfSize => ({ leg, gigabytes, bytes, lines, runs });

/** Goals that were missed end the process with 1. */
export async function report(name: string, bench: CasasBench, wording: Wording): Promise<void> {
  await keepResult(name, bench, toMarkdown(bench, wording));
  process.exitCode = bench.goals.some(({ reached }) => reached === false) ? 1 : 0;
}
