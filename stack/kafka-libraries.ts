/** What the embedded broker runs on: Java, and Kafka's jars by Maven, each checked against its hash. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { WatchlakeError } from '../core/errors';
import { PROJECT_ROOT } from '../core/project-root';
import { cachedFolder, verifySha256 } from './cache';
import { filesBelow } from './files';
import type { OnProgress } from './progress';
import { runTool, tryTool } from './tools';

export const KAFKA_VERSION = '4.4.0';
export const OLDEST_JAVA = 17;

/** Kafka's own settings in the repository: the pom, the hashes of the jars, the log's layout. */
export const KAFKA_SOURCES = join(PROJECT_ROOT, 'stack', 'kafka');

const JARS_BYTES = 45_000_000;
const DOWNLOAD_LIMIT_MS = 15 * 60_000;
const WAYS =
  'Set KAFKA_BROKERS to a running broker, or install Java 17 or newer and Maven ' +
  '(Debian: openjdk-17-jre-headless and maven; macOS: brew install openjdk maven).';

export interface ToolsOptions {
  readonly environment?: NodeJS.ProcessEnv;
}

export interface KafkaLibraryOptions extends ToolsOptions {
  readonly cache: string;
  readonly onProgress?: OnProgress;
}

/** The major version in what `java -version` prints; 8 and older call themselves 1.x. */
export function javaMajorVersion(text: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(text);
  return match ? Number(match[1]) : undefined;
}

/** The version line of the Java on the PATH; throws TOOL_MISSING when there is none or it is too old. */
export async function requireJava({ environment }: ToolsOptions): Promise<string> {
  const run = { command: 'java', args: ['-version'], environment, timeoutMs: 30_000 };
  const text = await tryTool(run);
  const major = text === undefined ? undefined : javaMajorVersion(text);
  if (text === undefined || major === undefined) {
    const detail = `\`java\` does not answer. ${WAYS}`;
    throw new WatchlakeError('TOOL_MISSING', { tool: 'Java', detail });
  }
  if (major < OLDEST_JAVA) {
    const detail = `the one on the PATH is version ${major}. ${WAYS}`;
    throw new WatchlakeError('TOOL_MISSING', { tool: `Java ${OLDEST_JAVA} or newer`, detail });
  }
  return text.split('\n')[0] ?? text;
}

/** The version of the Maven on the PATH; throws TOOL_MISSING when there is none. */
export async function requireMaven({ environment }: ToolsOptions): Promise<string> {
  const run = { command: 'mvn', args: ['--batch-mode', '--version'], environment };
  const text = await tryTool({ ...run, timeoutMs: 60_000 });
  const version = /Apache Maven (\S+)/.exec(text ?? '')?.[1];
  if (version) return version;
  const detail = `\`mvn\` does not answer. ${WAYS}`;
  throw new WatchlakeError('TOOL_MISSING', { tool: 'Maven', detail });
}

/** The committed list: file name → SHA-256. */
export function parseHashes(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return new Map(
    lines.map((line) => {
      const [sha256 = '', name = ''] = line.split(/\s+/);
      return [name, sha256];
    }),
  );
}

async function download(folder: string, environment?: NodeJS.ProcessEnv): Promise<void> {
  await requireMaven({ environment });
  const goal = 'dependency:copy-dependencies';
  const pom = join(KAFKA_SOURCES, 'pom.xml');
  const settings = [`-DoutputDirectory=${folder}`, '-DincludeScope=runtime'];
  const args = ['--batch-mode', '--quiet', '--file', pom, goal, ...settings];
  try {
    await runTool({ command: 'mvn', args, environment, timeoutMs: DOWNLOAD_LIMIT_MS });
  } catch (cause) {
    const detail = (cause as Error).message;
    throw new WatchlakeError('DOWNLOAD_FAILED', { what: "Kafka's jars", detail }, cause);
  }
}

async function verifyJars(folder: string, hashes: Map<string, string>): Promise<void> {
  const found = await filesBelow(folder);
  const unknown = found.filter((name) => !hashes.has(name));
  const absent = [...hashes.keys()].filter((name) => !found.includes(name));
  if (unknown.length + absent.length > 0) {
    const detail = `Maven gave ${unknown.join(', ') || 'nothing'} beyond the list, not ${absent.join(', ') || 'less'}`;
    throw new WatchlakeError('DOWNLOAD_FAILED', { what: "Kafka's jars", detail });
  }
  for (const [name, sha256] of hashes) await verifySha256(join(folder, name), sha256, name);
}

/** The jars' paths, sorted: their order is part of what a class-data archive is valid for. */
export async function kafkaJars(options: KafkaLibraryOptions): Promise<string[]> {
  const list = await readFile(join(KAFKA_SOURCES, 'jars.sha256'), 'utf8');
  const hashes = parseHashes(list);
  const folder = await cachedFolder({
    cache: options.cache,
    name: 'kafka',
    version: KAFKA_VERSION,
    sha256: createHash('sha256').update(list).digest('hex'),
    totalBytes: JARS_BYTES,
    onProgress: options.onProgress,
    async fill(target) {
      await download(target, options.environment);
      await verifyJars(target, hashes);
    },
  });
  return [...hashes.keys()].sort().map((name) => join(folder, name));
}
