/** What the embedded broker runs on: Java, and Kafka's jars by Maven, each checked against its hash. */
import { join } from 'node:path';
import { WatchlakeError } from '../core/errors';
import { PROJECT_ROOT } from '../core/project-root';
import { mavenJars, mavenVersion } from './maven-jars';
import type { OnProgress } from './progress';
import { tryTool } from './tools';

export const KAFKA_VERSION = '4.4.0';
export const OLDEST_JAVA = 17;

/** Kafka's own settings in the repository: the pom, the hashes of the jars, the log's layout. */
export const KAFKA_SOURCES = join(PROJECT_ROOT, 'stack', 'kafka');

const JARS_BYTES = 45_000_000;
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
export const requireMaven = ({ environment }: ToolsOptions): Promise<string> =>
  mavenVersion({ environment, ways: WAYS });

/** The jars' paths, sorted. */
export const kafkaJars = (options: KafkaLibraryOptions): Promise<string[]> =>
  mavenJars({
    ...options,
    name: 'kafka',
    version: KAFKA_VERSION,
    what: "Kafka's jars",
    sources: KAFKA_SOURCES,
    ways: WAYS,
    totalBytes: JARS_BYTES,
  });
