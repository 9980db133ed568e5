/** Python environments with pinned packages: each made once in the download cache, complete or made again. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import { download } from './attempts';
import { exists } from './files';
import { withLock } from './lock';
import type { OnProgress } from './progress';
import { runTool, tryTool } from './tools';
import { currentPlatform } from './wheels';

export interface PythonOptions {
  /** The cache folder, shared by all clones of one user. */
  readonly cache: string;
  /** What the environment is for; part of its folder's name. */
  readonly name: string;
  /** File that pins every package, also those that others bring along. */
  readonly requirements: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly onProgress?: OnProgress;
  /** Between the attempts of a download. */
  readonly pauseMs?: number;
}

// Written last: a folder without it was left half-made by a killed process.
const MARKER = 'complete';
export const INSTALL_LIMIT_MS = 30 * 60_000;
const VERSION_LIMIT_MS = 60_000;

async function pythonVersion({ name, environment }: PythonOptions): Promise<string> {
  const args = ['-c', 'import platform, venv, ensurepip; print(platform.python_version())'];
  const run = { command: 'python3', args, environment, timeoutMs: VERSION_LIMIT_MS };
  const version = (await tryTool(run))?.trim();
  if (version !== undefined) return version;
  const detail = 'python3 with venv does not answer (Debian: python3-venv)';
  throw new WatchlakeError('TOOL_MISSING', { tool: `Python for ${name}`, detail });
}

const isComplete = (folder: string): Promise<boolean> => exists(join(folder, MARKER));

async function make(folder: string, options: PythonOptions): Promise<void> {
  const { name, requirements, environment, onProgress, pauseMs } = options;
  const python = join(folder, 'bin', 'python');
  const run = (timeoutMs: number, command: string, args: readonly string[]) =>
    runTool({ command, args, environment, timeoutMs });
  const what = `Python for ${name}`;
  const from = `PyPI (${basename(requirements)})`;
  const limits = { limitMs: INSTALL_LIMIT_MS, pauseMs };
  onProgress?.({ component: name, message: 'installing Python packages' });
  await download({ what, from, component: name, onProgress, ...limits }, async (limitMs) => {
    const pip = (...args: string[]) =>
      run(limitMs, python, ['-m', 'pip', '--disable-pip-version-check', ...args]);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await run(limitMs, 'python3', ['-m', 'venv', folder]);
    // Nothing but what is pinned; `check` tells when the list lacks something.
    await pip('install', '--quiet', '--no-deps', '--requirement', requirements);
    await pip('check');
  });
  await writeFile(join(folder, MARKER), '');
}

/** The environment's interpreter; another list of pins or another Python gets another environment. */
export async function pythonEnvironment(options: PythonOptions): Promise<string> {
  const { cache, name, requirements, onProgress } = options;
  const pins = await readFile(requirements, 'utf8');
  const version = await pythonVersion(options);
  const id = contentHash({ pins, version, platform: currentPlatform() });
  // An environment knows its own path: it cannot be made elsewhere and moved here.
  const folder = join(cache, `python-${name}-${version}-${id}`);
  const python = join(folder, 'bin', 'python');
  if (await isComplete(folder)) return python;
  await mkdir(cache, { recursive: true });
  const onWait = (holder: number): void =>
    onProgress?.({ component: name, message: `waiting for the installation of process ${holder}` });
  await withLock(`${folder}.lock`, { waitMs: INSTALL_LIMIT_MS, onWait }, async () => {
    if (!(await isComplete(folder))) await make(folder, options);
  });
  return python;
}
