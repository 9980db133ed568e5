/** One Kafka broker in KRaft mode: its settings, its storage, its process. */
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { exists, readTextIfPresent, removeSiblings, siblingOf } from './files';
import { KAFKA_SOURCES } from './kafka-libraries';
import { LOOPBACK } from './ports';
import {
  spawnDetached,
  waitUntilReady,
  type DetachedProcess,
  type ProcessRecord,
} from './processes';
import { runTool } from './tools';

export interface BrokerOptions {
  /** Holds server.properties and data/. */
  readonly folder: string;
  readonly logFile: string;
  readonly jars: readonly string[];
  readonly port: number;
  readonly controllerPort: number;
  /** Options of the virtual machine besides memory and classpath. */
  readonly javaOptions: readonly string[];
  /** Where the broker writes its class-data archive when it ends. */
  readonly archiveAtExit?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly onSpawn?: (record: ProcessRecord) => Promise<void>;
  readonly onRepair?: (message: string) => void;
}

const START_LIMIT_MS = 90_000;
const FORMAT_LIMIT_MS = 60_000;

/** The settings of a single broker for development; nobody but this machine can reach it. */
export function brokerProperties(
  ports: { readonly port: number; readonly controllerPort: number },
  data: string,
): string {
  const broker = `${LOOPBACK}:${ports.port}`;
  const controller = `${LOOPBACK}:${ports.controllerPort}`;
  const settings: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@${controller}`,
    listeners: `PLAINTEXT://${broker},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${broker}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    // How far predictors and simulations have come: without it, a week of rest would have them do everything again.
    'offsets.retention.minutes': 525_600,
    'group.initial.rebalance.delay.ms': 0,
    // A killed broker may join again only when its session has timed out: 9 s by default.
    'broker.session.timeout.ms': 4_000,
    'broker.heartbeat.interval.ms': 500,
    'log.cleaner.dedupe.buffer.size': 16_777_216,
    'log.segment.bytes': 67_108_864,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${escaped(String(value))}\n`)
    .join('');
}

/** Java reads the file as Latin-1, and a backslash as the beginning of something else. */
const escaped = (value: string): string =>
  value
    .replaceAll('\\', '\\\\')
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const isPlain = (argument: string): boolean => /^[\x20-\x7e]*$/.test(argument);

/**
 * Where the language of the machine is C, as for services and in containers, Java finds no file of any other letters: be it
 * of the home or of the cache, the arguments name it.
 */
const javaCommand = (args: readonly string[]) =>
  args.every(isPlain)
    ? { command: 'java', args }
    : { command: 'env', args: ['LC_ALL=C.UTF-8', 'java', ...args] };

const clusterId = (): string =>
  Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url').replace(/^-/, 'w');

/** The cluster id in Kafka's own record of formatted storage; undefined when it is not formatted. */
async function formattedClusterId(data: string): Promise<string | undefined> {
  const text = await readTextIfPresent(join(data, 'meta.properties'));
  return text === undefined ? undefined : /^cluster\.id=(.+)$/m.exec(text)?.[1];
}

/** Formats beside the place and moves it there, so that data/ is formatted or absent. */
async function formatStorage(options: BrokerOptions, data: string): Promise<void> {
  const fresh = siblingOf(data, 'formatting');
  const settings = join(options.folder, 'format.properties');
  await writeFile(settings, brokerProperties(options, fresh));
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', settings];
  const args = [...javaArguments(options, '-Xmx128m'), ...tool];
  const { environment } = options;
  try {
    await runTool({ ...javaCommand(args), environment, timeoutMs: FORMAT_LIMIT_MS });
    await rename(fresh, data);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Makes data/ ready; what a broken set-up left is moved aside, never deleted. */
async function prepareStorage(options: BrokerOptions): Promise<string> {
  const data = join(options.folder, 'data');
  await mkdir(options.folder, { recursive: true });
  await removeSiblings(data, 'formatting');
  if ((await formattedClusterId(data)) === undefined) {
    if (await exists(data)) {
      const aside = siblingOf(data, 'incomplete');
      await rename(data, aside);
      options.onRepair?.(`its folder was only half set up; it was moved to ${aside}`);
    }
    await formatStorage(options, data);
  }
  const properties = join(options.folder, 'server.properties');
  await writeFile(properties, brokerProperties(options, data));
  return (await formattedClusterId(data)) ?? '';
}

function javaArguments(options: BrokerOptions, ...memory: string[]): string[] {
  const log = `-Dlog4j2.configurationFile=${join(KAFKA_SOURCES, 'log4j2.properties')}`;
  // The first compiler alone: a short-lived broker on two cores spends half as much on itself.
  const quick = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];
  const machine = [...quick, ...options.javaOptions];
  return [...memory, ...machine, log, '-cp', options.jars.join(delimiter)];
}

/** One answer of the broker: that it is ours and that it takes part in its cluster. */
async function checkBroker(port: number, expectedClusterId: string): Promise<void> {
  const kafka = new Kafka({
    clientId: 'watchlake-stack',
    brokers: [`${LOOPBACK}:${port}`],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers, clusterId: found } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error('the broker has not joined its cluster yet');
    if (found !== expectedClusterId) throw new Error(`cluster ${found} answers on the port`);
  } finally {
    await admin.disconnect();
  }
}

/** Formats the storage when needed, starts the broker and waits until clients can use it. */
export async function runBroker(options: BrokerOptions): Promise<DetachedProcess> {
  const { logFile, environment, port } = options;
  const service = 'Kafka';
  const expected = await prepareStorage(options);
  const properties = join(options.folder, 'server.properties');
  const archive = options.archiveAtExit
    ? [`-XX:ArchiveClassesAtExit=${options.archiveAtExit}`]
    : [];
  const machine = javaArguments(options, '-Xms128m', '-Xmx256m', ...archive);
  const args = [...machine, 'kafka.Kafka', properties];
  const child = await spawnDetached({ service, ...javaCommand(args), logFile, environment });
  await options.onSpawn?.(child);
  const check = (): Promise<void> => checkBroker(port, expected);
  await waitUntilReady({ service, logFile, child, timeoutMs: START_LIMIT_MS, check });
  return child;
}
