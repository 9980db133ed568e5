/** Makes a bare clone ready: checks Node, installs the dependencies, builds dist/, links the command. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { clearInterval, setInterval } from 'node:timers';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = [20, 19];
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, 'built.json');
const STILL_WORKING_MS = 15_000;
const INSTALL_ATTEMPTS = 3;

const say = (text) => process.stderr.write(`watchlake: ${text}\n`);

class SetupError extends Error {}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupError(
    `Node ${OLDEST_NODE.join('.')} or newer is needed, this is ${process.versions.node}. ` +
      'Install Node 20, 22, 24 or 26 (nodejs.org, nvm, or your system) and run the command again.',
  );
}

/** Runs a program to its end; its words go to our standard error, as ours belongs to the caller. */
function run(command, args, what) {
  const begin = Date.now();
  const seconds = () => Math.round((Date.now() - begin) / 1000);
  const timer = setInterval(() => say(`still ${what} after ${seconds()} s`), STILL_WORKING_MS);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve(seconds());
      else reject(new SetupError(`${what} failed (${signal ?? `exit code ${code}`})`));
    });
  }).finally(() => clearInterval(timer));
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The folders that are compiled; houses.json also says which of them may import which. */
const houseNames = () => [...Object.keys(readJson(join(ROOT, 'houses.json'))), 'bench'];

/** npm writes its own record last: a half-done installation has none, or the one before. */
function isInstalled() {
  const record = join(ROOT, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = readJson(join(ROOT, 'package-lock.json')).packages;
  const found = readJson(record).packages;
  return Object.entries(wanted).every(([path, item]) => {
    if (path === '') return true;
    const installed = found[path];
    return installed ? installed.version === item.version : isOptional(item);
  });
}

const isOptional = (item) => item.optional === true || item.devOptional === true;

async function install() {
  if (isInstalled()) return;
  say('installing the dependencies (about a minute the first time)');
  // No package needs its install script: PostgreSQL's links and TensorFlow are made by our own code.
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const cli = process.env['npm_execpath'];
  const isNpm = cli !== undefined && /npm-cli\.c?js$/.test(cli);
  const [command, first] = isNpm ? [process.execPath, [cli]] : ['npm', []];
  for (let attempt = 1; ; attempt += 1) {
    // npm asks again for an answer that does not come, but never for a file that breaks off.
    const patience = attempt === 1 ? [] : ['--fetch-retries=1'];
    const args = [...first, 'ci', ...options, ...patience];
    try {
      const seconds = await run(command, args, 'installing the dependencies');
      return say(`dependencies installed in ${seconds} s`);
    } catch (error) {
      if (!(error instanceof SetupError)) throw error;
      if (attempt === INSTALL_ATTEMPTS) throw installFailure(error);
      say(`${error.message}; trying again (${attempt + 1} of ${INSTALL_ATTEMPTS})`);
    }
  }
}

function installFailure({ message }) {
  const registry =
    process.env['npm_config_registry'] ?? 'the registry of `npm config get registry`';
  return new SetupError(
    `${message} ${INSTALL_ATTEMPTS} times: npm could not get the packages of package-lock.json from ${registry}. ` +
      'Its words above, and the log that they name, say which. Check the network and its proxy, and run the command again: ' +
      'what was fetched is kept.',
  );
}

const filesBelow = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath ?? item.path, item.name))
    .sort();

function hashOfSources(houses) {
  const hash = createHash('sha256');
  const own = ['.swcrc', 'package-lock.json', 'scripts/bootstrap.mjs', 'houses.json'].map((name) =>
    join(ROOT, name),
  );
  for (const path of [...own, ...houses.flatMap((house) => filesBelow(join(ROOT, house)))]) {
    hash
      .update(`${path.slice(ROOT.length)}\0`)
      .update(readFileSync(path))
      .update('\0');
  }
  return hash.digest('hex');
}

function isBuilt(sources) {
  return existsSync(STAMP) && readJson(STAMP).sources === sources;
}

/** Compiles beside dist/ and swaps the two; the stamp comes last, so that a killed build is repeated. */
async function build(isForced) {
  const houses = houseNames();
  const sources = hashOfSources(houses);
  if (!isForced && isBuilt(sources)) return;
  const begin = Date.now();
  rmSync(STAMP, { force: true });
  const work = join(ROOT, 'node_modules', '.cache');
  mkdirSync(work, { recursive: true });
  const folder = mkdtempSync(join(work, 'build-'));
  try {
    const fresh = join(folder, 'dist');
    const swc = join(ROOT, 'node_modules', '@swc', 'cli', 'bin', 'swc.js');
    const options = ['--out-dir', fresh, '--copy-files', '--quiet'];
    await run(process.execPath, [swc, ...houses, ...options], 'building');
    if (existsSync(DIST)) renameSync(DIST, join(folder, 'old'));
    renameSync(fresh, DIST);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const bundler = join(DIST, 'workers', 'bundle.js');
  if (existsSync(bundler)) await run(process.execPath, [bundler], 'bundling the workflows');
  writeFileSync(STAMP, `${JSON.stringify({ sources })}\n`);
  say(`built in ${((Date.now() - begin) / 1000).toFixed(1)} s`);
}

/** So that `npx watchlake` finds the command of this very clone. */
function linkCommand() {
  const link = join(ROOT, 'node_modules', '.bin', 'watchlake');
  const target = join('..', '..', 'bin', 'watchlake.js');
  chmodSync(join(ROOT, 'bin', 'watchlake.js'), 0o755);
  mkdirSync(dirname(link), { recursive: true });
  const present = lstatSync(link, { throwIfNoEntry: false });
  if (present?.isSymbolicLink() && readlinkSync(link) === target) return;
  rmSync(link, { force: true });
  symlinkSync(target, link);
}

try {
  checkNode();
  await install();
  await build(process.argv.includes('--build'));
  linkCommand();
  if (process.env['npm_lifecycle_event'] === 'setup')
    say('ready: `npx watchlake up --detach` starts it, `npx watchlake --help` shows the commands');
} catch (error) {
  say(error instanceof SetupError ? error.message : error.stack);
  process.exitCode = 1;
}
