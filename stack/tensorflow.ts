/** Makes the native TensorFlow backend usable: its libraries from PyPI, its binding compiled here. */
import { copyFile, mkdir, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { contentHash } from '../core/hash';
import { download } from './attempts';
import { cachedFolder } from './cache';
import { exists } from './files';
import type { OnProgress } from './progress';
import { runTool, tryTool } from './tools';
import { currentPlatform, wheelFolder, type Wheel } from './wheels';

export interface TensorflowOptions {
  readonly cache: string;
  readonly onProgress?: OnProgress;
}

const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'] as const;
const HEADERS = /^tensorflow\/include\/((?:tensorflow\/c|tensorflow\/core\/platform|tsl)\/.+\.h)$/;
const COMPILE_LIMIT_MS = 10 * 60_000;
const NAPI_VERSION = 8;

/** TensorFlow 2.15 speaks the interface that tfjs-node 4.22.0 was written for. */
export const TENSORFLOW_WHEEL: Wheel = {
  package: 'tensorflow-cpu',
  version: '2.15.1',
  select(name) {
    const library = LIBRARIES.find((one) => name === `tensorflow/${one}`);
    if (library) return `lib/${library}`;
    const header = HEADERS.exec(name)?.[1];
    return header && `include/${header}`;
  },
  files: {
    'linux-x64': {
      sha256: '54660c074d7241a503e81edfd9f5ef5af88f64051b72e2945f26318c790f2d26',
      bytes: 207_208_420,
      pipPlatform: 'manylinux2014_x86_64',
      pipPython: '3.11',
    },
  },
};

/** Loads the backend in a process of its own; Node 23 removed two functions that it still calls. */
const PROBE = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value == null;
util.isArray ??= Array.isArray;
const tf = require('@tensorflow/tfjs-node');
if (tf.getBackend() !== 'tensorflow' || tf.tensor1d([1, 2, 3]).sum().dataSync()[0] !== 6) {
  throw new Error('the backend computes nothing');
}
console.log('tensorflow ' + tf.version['tfjs-node']);
`;

function packageFolder(): string {
  try {
    return dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  } catch (cause) {
    const detail = 'the npm package @tensorflow/tfjs-node is not installed; run `npm run setup`';
    throw new WatchlakeError('TOOL_MISSING', { tool: 'TensorFlow', detail }, cause);
  }
}

/** What the backend says of itself; throws when it does not load. */
async function probe(folder: string): Promise<string> {
  const args = ['-e', PROBE];
  const run = { command: process.execPath, args, cwd: folder, timeoutMs: 120_000 };
  const lines = (await runTool(run)).trim().split('\n');
  return lines.find((line) => line.startsWith('tensorflow ')) ?? 'tensorflow';
}

/** The interface is the same in every Node: any copy of its headers will do. */
async function nodeHeaders(): Promise<string> {
  const npm = await tryTool({
    command: 'npm',
    args: ['config', 'get', 'nodedir', '--loglevel=error'],
    timeoutMs: 60_000,
  });
  const configured = npm?.trim().split('\n').at(-1) ?? '';
  const version = process.versions.node;
  const candidates = [
    join(dirname(dirname(process.execPath)), 'include', 'node'),
    ...(configured.startsWith('/') ? [join(configured, 'include', 'node')] : []),
    join(homedir(), '.cache', 'node-gyp', version, 'include', 'node'),
    join(homedir(), 'Library', 'Caches', 'node-gyp', version, 'include', 'node'),
  ];
  for (const folder of candidates) if (await exists(join(folder, 'node_api.h'))) return folder;
  const detail = `none of ${candidates.join(', ')} has node_api.h; \`npx node-gyp install\` gets them`;
  throw new WatchlakeError('TOOL_MISSING', { tool: "Node's headers", detail });
}

async function requireCompiler(): Promise<string> {
  const text = await tryTool({ command: 'g++', args: ['--version'], timeoutMs: 30_000 });
  if (text !== undefined) return text.split('\n')[0] ?? text;
  const detail = 'install a C++ compiler (Debian: g++)';
  throw new WatchlakeError('TOOL_MISSING', { tool: 'g++', detail });
}

async function compile(binding: string, tensorflow: string, target: string): Promise<void> {
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(binding, name));
  const include = [join(tensorflow, 'include'), await nodeHeaders(), binding, dirname(binding)];
  const language = ['-std=c++17', '-O2', '-shared', '-fPIC', `-DNAPI_VERSION=${NAPI_VERSION}`];
  const link = [`-L${join(tensorflow, 'lib')}`, ...LIBRARIES.map((name) => `-l:${name}`)];
  const search = ['-Wl,-rpath,$ORIGIN/../../deps/lib'];
  const folders = include.map((folder) => `-I${folder}`);
  const args = [...language, ...folders, ...sources, ...link, ...search, '-o', target];
  await runTool({ command: 'g++', args, timeoutMs: COMPILE_LIMIT_MS });
}

/** The compiled binding, kept like the libraries: a fresh node_modules needs no compiler again. */
async function compiledBinding(
  folder: string,
  tensorflow: string,
  { cache, onProgress }: TensorflowOptions,
): Promise<string> {
  const binding = join(folder, 'binding');
  const names = (await readdir(binding)).sort();
  const sources = await Promise.all(names.map((name) => readFile(join(binding, name), 'utf8')));
  const compiler = await requireCompiler();
  const sha256 = contentHash({ sources, tensorflow, compiler, arch: process.arch }, 64);
  const name = 'tfjs-binding';
  const entry = await cachedFolder({
    cache,
    name,
    version: TENSORFLOW_WHEEL.version,
    sha256,
    async fill(target) {
      onProgress?.({ component: name, message: 'compiling the binding' });
      await compile(binding, tensorflow, join(target, 'tfjs_binding.node'));
    },
  });
  return join(entry, 'tfjs_binding.node');
}

async function link(folder: string, tensorflow: string, binding: string): Promise<void> {
  const libraries = join(folder, 'deps', 'lib');
  await mkdir(libraries, { recursive: true });
  for (const name of LIBRARIES) {
    await rm(join(libraries, name), { force: true });
    await symlink(join(tensorflow, 'lib', name), join(libraries, name));
  }
  const target = join(folder, 'lib', `napi-v${NAPI_VERSION}`);
  await mkdir(target, { recursive: true });
  await copyFile(binding, join(target, 'tfjs_binding.node'));
}

/**
 * Where no libraries are prepared, the package's own script may download some. It unpacks them as they come, ends
 * without a word when they break off, and takes what it finds for whole unless it is told to download.
 */
function installByPackage(folder: string, onProgress?: OnProgress): Promise<string> {
  const args = ['scripts/install.js', 'cpu', 'download'];
  const script = { command: process.execPath, args, cwd: folder };
  const from = 'the address of @tensorflow/tfjs-node (the WebAssembly backend works without it)';
  const component = 'tensorflow';
  const about = { what: 'TensorFlow', from, component, limitMs: COMPILE_LIMIT_MS, onProgress };
  return download(about, async (timeoutMs) => {
    await runTool({ ...script, timeoutMs });
    return probe(folder);
  });
}

/** Installs what is missing and gives the version of the backend, which has been loaded once. */
export async function installTensorflow(options: TensorflowOptions): Promise<string> {
  const folder = packageFolder();
  const working = await probe(folder).catch(() => undefined);
  if (working) return working;
  if (!TENSORFLOW_WHEEL.files[currentPlatform()])
    return installByPackage(folder, options.onProgress);
  const tensorflow = await wheelFolder(TENSORFLOW_WHEEL, options);
  await link(folder, tensorflow, await compiledBinding(folder, tensorflow, options));
  return probe(folder);
}
