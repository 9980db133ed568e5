/** Jars by Maven, kept in the download cache: a pom says which, a committed list has the hash of each. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { WatchlakeError } from '../core/errors';
import { download } from './attempts';
import { cachedFolder, verifySha256 } from './cache';
import { filesBelow } from './files';
import type { OnProgress } from './progress';
import { runTool, tryTool } from './tools';

export interface MavenJarsOptions {
  /** The cache folder, shared by all clones of one user. */
  readonly cache: string;
  readonly name: string;
  readonly version: string;
  /** As messages call them, such as `Kafka's jars`. */
  readonly what: string;
  /** Folder of `pom.xml` and `jars.sha256`. */
  readonly sources: string;
  /** What to do on a machine without Maven. */
  readonly ways: string;
  readonly totalBytes?: number;
  readonly environment?: NodeJS.ProcessEnv;
  readonly onProgress?: OnProgress;
  /** Between the attempts of a download. */
  readonly pauseMs?: number;
}

const DOWNLOAD_LIMIT_MS = 15 * 60_000;

/** The version of the Maven on the PATH; throws TOOL_MISSING when there is none. */
export async function mavenVersion({
  environment,
  ways,
}: Pick<MavenJarsOptions, 'environment' | 'ways'>): Promise<string> {
  const run = { command: 'mvn', args: ['--batch-mode', '--version'], environment };
  const text = await tryTool({ ...run, timeoutMs: 60_000 });
  const version = /Apache Maven (\S+)/.exec(text ?? '')?.[1];
  if (version) return version;
  const detail = `\`mvn\` does not answer. ${ways}`;
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

/** The first of its errors says what it could not fetch and from where; the others say how to read it. */
export function mavenError(output: string): string {
  const lines = output
    .trim()
    .split('\n')
    .map((line) => stripVTControlCharacters(line).trim());
  const first = lines.find((line) => line.startsWith('[ERROR] ')) ?? lines.at(-1) ?? '';
  return first.replace('[ERROR] ', '').replace(/ -> \[Help \d+\]$/, '');
}

async function fetchJars(folder: string, options: MavenJarsOptions): Promise<void> {
  const { environment, sources, what, name, onProgress, pauseMs } = options;
  await mavenVersion(options);
  const goal = 'dependency:copy-dependencies';
  const pom = join(sources, 'pom.xml');
  const settings = [`-DoutputDirectory=${folder}`, '-DincludeScope=runtime'];
  const args = ['--batch-mode', '--quiet', '--file', pom, goal, ...settings];
  const limits = { limitMs: DOWNLOAD_LIMIT_MS, pauseMs };
  const from = "Maven's repository";
  // What is whole stays in Maven's own store: only the rest is fetched again.
  await download({ what, from, component: name, onProgress, ...limits }, (timeoutMs) =>
    runTool({ command: 'mvn', args, environment, timeoutMs, said: mavenError }),
  );
}

async function verifyJars(folder: string, hashes: Map<string, string>, what: string) {
  const found = await filesBelow(folder);
  const unknown = found.filter((name) => !hashes.has(name));
  const absent = [...hashes.keys()].filter((name) => !found.includes(name));
  if (unknown.length + absent.length > 0) {
    const detail = `Maven gave ${unknown.join(', ') || 'nothing'} beyond the list, not ${absent.join(', ') || 'less'}`;
    throw new WatchlakeError('DOWNLOAD_FAILED', { what, detail });
  }
  for (const [name, sha256] of hashes) await verifySha256(join(folder, name), sha256, name);
}

/** The jars' paths, sorted: their order is part of what a class-data archive is valid for. */
export async function mavenJars(options: MavenJarsOptions): Promise<string[]> {
  const list = await readFile(join(options.sources, 'jars.sha256'), 'utf8');
  const hashes = parseHashes(list);
  const { cache, name, version, totalBytes, onProgress } = options;
  const folder = await cachedFolder({
    ...{ cache, name, version, totalBytes, onProgress },
    sha256: createHash('sha256').update(list).digest('hex'),
    async fill(target) {
      await fetchJars(target, options);
      await verifyJars(target, hashes, options.what);
    },
  });
  return [...hashes.keys()].sort().map((each) => join(folder, each));
}
