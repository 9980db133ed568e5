/**
 * Measures the ingest server against its own route without Kafka and against FastAPI with aiokafka, on one broker.
 * `npm run bench:ingest-server -- --rounds 1 --seconds 4` measures less.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { PROJECT_ROOT } from '../core/project-root';
import { startKafka } from '../stack/kafka';
import { KAFKA_VERSION } from '../stack/kafka-libraries';
import { reservePort } from '../stack/ports';
import { progressLine, type OnProgress } from '../stack/progress';
import { pythonEnvironment } from '../stack/python';
import { createKafkaBroker } from '../streaming/kafka';
import type { Broker } from '../streaming/ports';
import { deviceTopics, deviceTopicSpecs } from '../streaming/topics';
import { loadConfig } from '../workers/config';
import type { ServerLeg } from './ingest-server-leg';
import type { Load, LoadResult } from './ingest-server-load';
import { compareLegs, LEGS, toMarkdown, type LegName } from './ingest-server-report';
import { keepResult } from './keep-result';

const BENCH = join(PROJECT_ROOT, 'bench');
const START_LIMIT_MS = 30_000;
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const run = promisify(execFile);

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    /** Before it is measured: code that is compiled while it runs is slow at first. */
    'warm-up': { type: 'string', default: '15' },
    connections: { type: 'string', default: '256' },
  },
});

interface Bench {
  readonly folder: string;
  readonly python: string;
  readonly brokers: string;
  readonly broker: Broker;
  readonly versions: Record<string, string>;
}

interface Server {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A program whose first line tells something; its errors go to ours. */
async function startProgram(program: string, args: readonly string[]) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines = createInterface(child.stdout);
  const first = await Promise.race([
    once(lines, 'line') as Promise<[string]>,
    ended.then(() => Promise.reject(new Error(`${args[0]} did not start`))),
  ]);
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { first: first[0], pid: child.pid ?? 0, stop };
}

/** As docs/devices.md advises a busy server. */
const LARGE_YOUNG_GENERATION = ['--max-semi-space-size=64'];

async function startOurs(
  bench: Bench,
  topic: string,
  { storesEvents = true, flags = [] }: { storesEvents?: boolean; flags?: readonly string[] } = {},
): Promise<Server> {
  const folder = await mkdtemp(join(bench.folder, 'server-'));
  const leg: ServerLeg = { topic, folder, storesEvents, brokers: bench.brokers };
  const script = join(__dirname, 'ingest-server-leg.js');
  const { first, ...running } = await startProgram(process.execPath, [
    ...flags,
    script,
    JSON.stringify(leg),
  ]);
  return { url: first, ...running };
}

async function startFastApi(bench: Bench, topic: string, flushes: boolean): Promise<Server> {
  const reserved = await reservePort({ service: 'FastAPI', given: 0, preferred: 0 });
  await reserved.release();
  const options = { topic, flushes, brokers: bench.brokers, port: reserved.port };
  const script = join(BENCH, 'ingest_server_peer.py');
  const { first, ...running } = await startProgram(bench.python, [script, JSON.stringify(options)]);
  const { versions } = JSON.parse(first) as { versions: Record<string, string> };
  Object.assign(bench.versions, versions);
  const url = `http://127.0.0.1:${reserved.port}`;
  const deadlineMs = Date.now() + START_LIMIT_MS;
  for (;;) {
    const answer = await fetch(`${url}/healthz`).catch(() => null);
    if (answer?.ok) return { url, ...running };
    if (Date.now() > deadlineMs) throw new Error('FastAPI does not answer');
    await sleep(100);
  }
}

const STARTERS: Record<LegName, (bench: Bench, topic: string) => Promise<Server>> = {
  'without-kafka': (bench, topic) => startOurs(bench, topic, { storesEvents: false }),
  ours: (bench, topic) => startOurs(bench, topic),
  'ours-young': (bench, topic) => startOurs(bench, topic, { flags: LARGE_YOUNG_GENERATION }),
  'fastapi-batching': (bench, topic) => startFastApi(bench, topic, false),
  'fastapi-flushing': (bench, topic) => startFastApi(bench, topic, true),
  'ours-ndjson': (bench, topic) => startOurs(bench, topic),
};

async function storedEvents(broker: Broker, topic: string): Promise<number> {
  const bounds = [...(await broker.bounds(topic)).values()];
  return bounds.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** A rate counts only when what was answered as stored is there. */
function checkStored(leg: LegName, result: LoadResult, stored: number): void {
  const { answeredEvents, sentEvents } = result;
  if (stored >= answeredEvents && stored <= sentEvents) return;
  throw new Error(`${leg}: ${answeredEvents} answered, ${sentEvents} sent, ${stored} stored`);
}

async function runLeg(leg: LegName, bench: Bench, round: number): Promise<LoadResult> {
  const topics = deviceTopics(`bench.${leg}.${round}`);
  await bench.broker.ensureTopics(deviceTopicSpecs(topics));
  const server = await STARTERS[leg](bench, topics.events);
  const load: Load = {
    ...{ url: server.url, serverPid: server.pid },
    connections: Number(values.connections),
    eventsPerRequest: leg === 'ours-ndjson' ? 100 : 1,
    ...{ warmUpSeconds: Number(values['warm-up']), seconds: Number(values.seconds) },
  };
  try {
    const script = join(__dirname, 'ingest-server-load.js');
    const { stdout } = await run(process.execPath, [script, JSON.stringify(load)]);
    const result = JSON.parse(stdout) as LoadResult;
    await server.stop();
    const stored = await storedEvents(bench.broker, topics.events);
    if (leg !== 'without-kafka') checkStored(leg, result, stored);
    const rate = Math.round(result.eventsPerSecond).toLocaleString('en');
    console.error(`${leg}: ${rate} events/s, ${result.medianMs} ms, p99 ${result.p99Ms} ms`);
    return result;
  } finally {
    await server.stop();
  }
}

async function measure(bench: Bench): Promise<Record<LegName, LoadResult[]>> {
  const names = Object.keys(LEGS) as LegName[];
  const legs = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    LegName,
    LoadResult[]
  >;
  // In turn, so that a busy minute does not count for one of them alone.
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const name of names) legs[name].push(await runLeg(name, bench, round));
  }
  return legs;
}

async function writeResults(bench: Bench, legs: Record<LegName, LoadResult[]>): Promise<void> {
  const load = { connections: Number(values.connections), seconds: Number(values.seconds) };
  const comparison = compareLegs({ versions: bench.versions, load, legs });
  await keepResult('ingest-server', comparison, toMarkdown(comparison));
  const goals = Object.values(comparison.goals);
  process.exitCode = goals.every(({ reached }) => reached) ? 0 : 1;
}

async function main(): Promise<void> {
  const { WATCHLAKE_CACHE: cache } = loadConfig();
  const onProgress: OnProgress = (progress) => console.error(progressLine(progress));
  // First of all: without Python there is nothing to compare with.
  const requirements = join(BENCH, 'ingest-server-requirements.txt');
  const python = await pythonEnvironment({ cache, requirements, name: 'bench-ingest', onProgress });
  const folder = await mkdtemp(join(tmpdir(), 'watchlake-bench-'));
  const kafka = await startKafka({ home: folder, cache, port: 0, onProgress });
  const broker = createKafkaBroker({ brokers: [kafka.brokers], log });
  const versions = { node: process.versions.node, kafka: KAFKA_VERSION };
  try {
    const bench = { folder, python, broker, versions, brokers: kafka.brokers };
    await writeResults(bench, await measure(bench));
  } finally {
    await broker.close();
    await kafka.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
