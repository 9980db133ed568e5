/** The ingest server: events of devices by HTTP into Kafka, behind one protected door. */
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { createDoor, openDoor } from '../../core/http-door';
import { isLoopback, type Token } from '../../core/tokens';
import type { Broker, StreamLog } from '../ports';
import { deviceTopicSpecs, type DeviceTopics, type TopicShape } from '../topics';
import { KeptAnswers } from './answers';
import { BodyBudget } from './body-budget';
import { ConsentMemory } from './consent-memory';
import { describeRoutes } from './document';
import { DEFAULT_LIMITS, type IngestLimits } from './limits';
import { createMetrics } from './metrics';
import { Outbox } from './outbox';
import { createReadiness } from './readiness';
import { Reception } from './reception';
import { RememberedEvents } from './remembered';
import { createSenders } from './senders';
import { addServiceRoutes } from './service-routes';
import { allowedMs } from './slow-body';
import { addStreamRoute } from './stream-route';
import { TopicMemory } from './topic-memory';
import { Turns } from './turns';

export interface IngestServerOptions {
  readonly broker: Broker;
  readonly topics: DeviceTopics;
  readonly shape?: TopicShape;
  /** Where the server keeps what it has to know after a restart. */
  readonly folder: string;
  readonly version: string;
  readonly host?: string;
  readonly tokens?: readonly Token[];
  /** The device that a token is good for now; null when there is none. */
  readonly deviceOf?: (token: string) => Promise<string | null>;
  /** Changes whenever somebody who withdrew consents anew; absent where nobody can tell. */
  readonly newestRenewal?: () => Promise<number>;
  readonly limits?: Partial<IngestLimits>;
  readonly requestsPerMinute?: number;
  readonly log: StreamLog;
  readonly logger?: FastifyBaseLogger;
}

export interface IngestServer {
  /** Starts to listen and gives the URL; port 0 takes any free one. */
  listen(port: number): Promise<string>;
  /** Takes nothing new, answers what it has taken, and forgets nothing of it. */
  close(): Promise<void>;
}

const DOOR = 'The ingest server';
const SWEEP_EVERY_MS = 60 * 60_000;
const LOOK_EVERY_MS = 60_000;

function openStores(folder: string) {
  const remembered = new RememberedEvents({ folder: join(folder, 'events') });
  const answers = new KeptAnswers({ folder: join(folder, 'answers') });
  return {
    remembered,
    answers,
    async close() {
      await remembered.close();
      await answers.close();
    },
  };
}

/** Throws BROKER_UNAVAILABLE and TOPIC_MISMATCH. */
export async function createIngestServer(options: IngestServerOptions): Promise<IngestServer> {
  const { broker, topics, host = '127.0.0.1', tokens = [], log, logger } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  await broker.ensureTopics(deviceTopicSpecs(topics, options.shape));
  const door = createDoor({
    ...{ door: DOOR, host, tokens, checksTokens: !isLoopback(host), finishRequests: true },
    bodyLimitBytes: limits.bodyBytes,
    // The last resort: a body that is too slow is answered before.
    requestTimeoutMs: allowedMs(limits, limits.bodyBytes) + limits.bodyGraceMs,
    requestsPerMinute: options.requestsPerMinute ?? Infinity,
    ...(logger && { logger }),
  });
  const stores = openStores(options.folder);
  const memory = new TopicMemory({ broker, topic: topics.events, ...stores, log });
  const { newestRenewal = async () => stores.remembered.renewal } = options;
  const consents = new ConsentMemory({ newestRenewal, ...stores, log });
  const openProducer = () => broker.openProducer();
  const onStored = (records: number, ms: number) => metrics.countStored(records, ms);
  const events = new Outbox({
    ...{ topic: topics.events, openProducer, limits, log, onStored },
    onLast: (last) => memory.note(last),
  });
  const deadLetters = new Outbox({ topic: topics.deadLetter, openProducer, limits, log });
  const metrics = createMetrics({ [topics.events]: events, [topics.deadLetter]: deadLetters });
  const reception = new Reception({ ...stores, events, deadLetters, limits, log });
  const turns = new Turns();
  door.server.on('connection', () => turns.connected());
  let closing = false;
  const { deviceOf, version } = options;
  await describeRoutes(door, version);
  await addStreamRoute(door, {
    ...{ reception, answers: stores.answers, limits, metrics, turns },
    budget: new BodyBudget(limits.heldBytes),
    senders: createSenders({ host, tokens, deviceOf }),
  });
  const isClosing = () => closing;
  await addServiceRoutes(door, {
    ...{ version, metrics, tokens, isOpen: tokens.length === 0 && isLoopback(host) },
    readiness: createReadiness({ broker, topic: topics.events, isClosing }),
  });
  await memory.open();
  await consents.look();
  await events.open();
  const timers = [
    setInterval(() => void stores.remembered.sweep(), SWEEP_EVERY_MS).unref(),
    setInterval(() => void memory.look(), LOOK_EVERY_MS).unref(),
    setInterval(() => void consents.look(), LOOK_EVERY_MS).unref(),
  ];
  const close = async (): Promise<void> => {
    closing = true;
    timers.forEach((timer) => clearInterval(timer));
    // In this order: whoever waits for an answer waits for an outbox, and that for the broker.
    await door.close();
    await Promise.all([events.close(), deadLetters.close()]);
    await Promise.all([reception.settled(), memory.settled(), consents.settled()]);
    await stores.close();
  };
  let closed: Promise<void> | undefined;
  return {
    listen: (port) => openDoor(door, { name: DOOR, host, port }),
    close: () => (closed ??= close()),
  };
}
