/**
 * Measures the landing of smartwatch archives against `unzip -p` into a file, at two sizes.
 * `npm run bench:ingest -- --runs 1 --gigabytes 1,2` measures less.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchFiles } from './casas-input';
import { copyFiles, makeFiles, zipFiles } from './casas-input';
import type { LegOfSize, LegRun } from './casas-report';
import { atLeast, atMost, benchOf, legNamed, peakOf, timesFaster } from './casas-report';
import type { Program } from './casas-run';
import { legOfSize, legProgram, report, runLeg } from './casas-run';
import { INGEST } from './casas-wordings';

const { values } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '1,8' },
    runs: { type: 'string', default: '3' },
    keep: { type: 'string' },
  },
});

const sizes = values.gigabytes.split(',').map(Number);
const [smallest, largest] = [Math.min(...sizes), Math.max(...sizes)];

const unzip = (archive: string): Program => ({
  command: 'sh',
  args: (out) => ['-c', 'unzip -p "$1" > "$2"', 'sh', archive, join(out, 'all')],
});

/** In turn, so that a busy hour does not count for one of them alone; large archives once. */
async function measure(
  folder: string,
  files: BenchFiles,
  gigabytes: number,
  versions: Record<string, string>,
) {
  const archive = join(folder, `${gigabytes}.zip`);
  const bytes = await zipFiles(files, archive);
  console.error(`${gigabytes} GB: an archive of ${(bytes / 1e9).toFixed(2)} GB`);
  const programs = { unzip: unzip(archive), ingest: legProgram('ingest', archive) };
  const runs: Record<string, LegRun[]> = {};
  const times = gigabytes === smallest ? Number(values.runs) : 1;
  for (let run = 0; run < times; run += 1) {
    for (const [leg, program] of Object.entries(programs)) {
      const made = await runLeg(leg, program, { folder, of: files, versions });
      runs[leg] = [...(runs[leg] ?? []), made];
    }
  }
  await rm(archive);
  return Object.entries(runs).map(([leg, own]) => legOfSize(leg, gigabytes, files, own));
}

function goalsOf(legs: readonly LegOfSize[]) {
  const memory = (gigabytes: number): number => {
    const leg = legNamed(legs, 'ingest', gigabytes);
    return leg === undefined ? NaN : peakOf(leg) / 1e6;
  };
  const speeds = sizes.map((gigabytes) => {
    const [ours, other] = ['ingest', 'unzip'].map((name) => legNamed(legs, name, gigabytes));
    return atLeast(`of the speed of unzip, ${gigabytes} GB`, timesFaster(ours, other), 0.6);
  });
  return [
    ...speeds,
    atMost(`peak memory at ${largest} GB, in MB`, memory(largest), 300),
    atMost(
      `peak memory at ${largest} GB over that at ${smallest} GB`,
      memory(largest) / memory(smallest),
      1.1,
    ),
  ];
}

async function main(): Promise<void> {
  const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'watchlake-bench-')));
  const versions: Record<string, string> = { node: process.versions.node };
  try {
    const made = await makeFiles(folder);
    const legs: LegOfSize[] = [];
    for (const gigabytes of sizes) {
      const files = await copyFiles(made, join(folder, `files-${gigabytes}`), gigabytes);
      legs.push(...(await measure(folder, files, gigabytes, versions)));
    }
    await report('ingest', benchOf(versions, legs, goalsOf(legs)), INGEST);
  } finally {
    if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
