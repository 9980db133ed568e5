/** Makes the benchmark's own Python environment, once, in the download cache. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';

const MARKER = 'complete';

/** Runs a program to its end; its output goes to our stderr. */
export async function run(program: string, args: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', process.stderr, process.stderr] });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) =>
      reject(new WatchlakeError('TOOL_MISSING', { tool: program, detail: error.message }, error)),
    );
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}`);
}

function cacheFolder(): string {
  const { WATCHLAKE_CACHE, XDG_CACHE_HOME } = process.env;
  return WATCHLAKE_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'watchlake');
}

/** Resolves to the environment's interpreter. A half-made environment is made again. */
export async function pythonEnvironment(requirements: string): Promise<string> {
  const pins = await readFile(requirements, 'utf8');
  const folder = join(cacheFolder(), `bench-python-${contentHash(pins)}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(join(folder, MARKER))) return python;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await run('python3', ['-m', 'venv', folder]);
  const quiet = ['--quiet', '--disable-pip-version-check'];
  await run(python, ['-m', 'pip', 'install', ...quiet, '--requirement', requirements]);
  await writeFile(join(folder, MARKER), '');
  return python;
}
