/** Builds the native TensorFlow backend, which is optional: it trains faster than the WebAssembly one. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bootstrap = fileURLToPath(new URL('bootstrap.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [bootstrap], { stdio: ['ignore', 2, 2] });
if (status !== 0) process.exit(status ?? 1);

const require = createRequire(import.meta.url);
const { installTensorflow } = require('../dist/stack/tensorflow.js');
const { progressLine } = require('../dist/stack/progress.js');

const { WATCHLAKE_CACHE, XDG_CACHE_HOME } = process.env;
const cache = WATCHLAKE_CACHE || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'watchlake');
const say = (text) => process.stderr.write(`${text}\n`);
try {
  const version = await installTensorflow({ cache, onProgress: (step) => say(progressLine(step)) });
  say(`The native backend works: ${version}`);
} catch (error) {
  say(`${error.message}${error.remedy ? ` ${error.remedy}` : ''}`);
  process.exitCode = 1;
}
