/** A month of devices as a user runs it: client, server, Kafka, landing, tables; and what is killed on the way. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { Pool } from 'pg';
import { REASON_HEADER, RECORD_HEADER } from '../../streaming/device-headers';
import type { Broker } from '../../streaming/ports';
import type { SendResult } from '../../streaming/send/send-events';
import { GRAINS, type Grain, type PersonAggregate } from '../../telemetry/aggregate';
import { FILES, type ExpectedFile } from '../../telemetry/generator/generate';
import { supervisorLog } from '../../workers/control';
import { readState, type UpState } from '../../workers/state';
import type { AggregateDevicesResult } from '../../workflows/aggregate-devices';
import type { LandDevicesResult } from '../../workflows/land-device-events';
import { storedAggregates } from '../support/device-aggregates';
import { makeTestHome } from '../support/start-stack';
import { connectBroker } from '../support/streams';
import { consentAnew, type ConsentAnew } from './consent-anew';
import { watchlake } from './demo-run';
import { DeviceWorld, LOOK_EVERY_MS, TOPICS } from './device-world';
import { answerOf } from './running-home';

export interface DeviceRunOptions {
  readonly everySeconds: number;
  readonly maximumEvents: number;
  /** Whether events land and are aggregated while others arrive. */
  readonly landsMeanwhile?: boolean;
  /** Shares of the events at which the server and the broker are killed. */
  readonly killServerAt?: readonly number[];
  readonly killBrokerAt?: readonly number[];
  /** The broker is killed just before the last landings begin. */
  readonly endBrokerAtLanding?: boolean;
  /** How often the worker is killed in the middle of a landing; once more in that of an aggregation. */
  readonly killWorkers?: number;
  /** The user who withdraws when all has come out, and consents anew. */
  readonly consentsAnew?: string;
}

export interface Anew extends ConsentAnew {
  readonly aggregates: DeviceRun['aggregates'];
}

export interface Letter {
  readonly reason: string;
  readonly value: string;
}

export interface DeviceRun {
  readonly expected: ExpectedFile;
  readonly lines: readonly string[];
  readonly sent: SendResult;
  readonly landings: readonly LandDevicesResult[];
  readonly table: { readonly rows: number; readonly events: number };
  readonly aggregates: Readonly<Record<Grain, readonly PersonAggregate[]>>;
  /** Days, when everything has been aggregated. */
  readonly again: AggregateDevicesResult;
  /** By the record that they are about: a request that is repeated may bury its letters twice. */
  readonly letters: readonly Letter[];
  readonly kills: Readonly<Record<'server' | 'broker' | 'landing' | 'aggregation', number>>;
  /** How each worker ended that was replaced: a signal, or the code with which it gave up. */
  readonly workerEnds: readonly string[];
  readonly anew: Anew | null;
}

/** What is to happen when so many events are on the topic, one after another. */
async function disturb(
  world: DeviceWorld,
  { killServerAt = [], killBrokerAt = [] }: DeviceRunOptions,
  events: number,
  isOver: () => boolean,
): Promise<void> {
  const due = [
    ...killServerAt.map((share) => ({ share, kill: () => world.killServer() })),
    ...killBrokerAt.map((share) => ({ share, kill: () => world.killBroker() })),
  ].toSorted((a, b) => a.share - b.share);
  for (const { share, kill } of due) {
    while (!isOver() && (await world.stored()) < share * events) await sleep(LOOK_EVERY_MS);
    if (isOver()) return;
    await kill();
  }
}

async function killLandings(world: DeviceWorld, times: number): Promise<void> {
  for (let kill = 0; kill < times; kill += 1) {
    await world.killWorkerDuring('devices/land', 'landEvents');
    world.kills.landing += 1;
  }
}

/** Events arrive, and may land and be aggregated at the same time; at the end all that is left. */
async function flow(
  world: DeviceWorld,
  options: DeviceRunOptions,
  { file, events }: { file: string; events: number },
): Promise<SendResult> {
  let over = false;
  const sending = world.send(file).finally(() => (over = true));
  const disturbing = disturb(world, options, events, () => over);
  const killing = killLandings(world, options.killWorkers ?? 0);
  const landing = (async () => {
    while (!over && options.landsMeanwhile) {
      await world.land();
      await world.aggregate('day');
    }
  })();
  const [sent] = await Promise.all([sending, disturbing, landing]);
  if (options.endBrokerAtLanding) await world.endBroker();
  while ((await world.land()).lag > 0);
  await killing;
  return sent;
}

async function aggregate(world: DeviceWorld, { killWorkers = 0 }: DeviceRunOptions): Promise<void> {
  if (killWorkers === 0) return void (await world.aggregateAll());
  const killing = world.killWorkerDuring('devices/week/due', 'aggregatePeriods');
  await world.aggregateAll();
  await killing;
  world.kills.aggregation += 1;
}

async function lettersOf(broker: Broker): Promise<Letter[]> {
  const letters = new Map<string, Letter>();
  for await (const messages of broker.read({ topic: TOPICS.deadLetter })) {
    for (const { partition, offset, value, headers } of messages) {
      const record = headers[RECORD_HEADER] ?? `${partition}/${offset}`;
      letters.set(record, { reason: headers[REASON_HEADER] ?? '', value: String(value) });
    }
  }
  return [...letters.values()];
}

async function aggregatesOf(pool: Pool): Promise<Record<Grain, PersonAggregate[]>> {
  const stored = await Promise.all(
    GRAINS.map(async (grain) => [grain, await storedAggregates(pool, grain)]),
  );
  return Object.fromEntries(stored) as Record<Grain, PersonAggregate[]>;
}

async function workerEnds(home: string): Promise<string[]> {
  const log = await readFile(supervisorLog(home), 'utf8');
  const lines = log.split('\n').filter((line) => line.includes('the worker ended'));
  return lines.map((line) => {
    const { code, signal } = JSON.parse(line) as { code: number | null; signal: string | null };
    return signal ?? `code ${code}`;
  });
}

async function observe(world: DeviceWorld, pool: Pool) {
  const { rows } = await answerOf<{ rows: [DeviceRun['table']] }>(world.home, [
    ...['query', '--dataset', 'devices'],
    'SELECT count(*)::INT AS rows, count(DISTINCT (event_date, event_id))::INT AS events FROM device_events',
  ]);
  return {
    table: rows[0],
    aggregates: await aggregatesOf(pool),
    again: await world.aggregate('day'),
    letters: await lettersOf(world.broker),
    workerEnds: await workerEnds(world.home),
  };
}

async function runIn(home: string, options: DeviceRunOptions): Promise<DeviceRun> {
  const made = join(home, 'made');
  await answerOf(home, [
    ...['devices', 'generate', '--out', made, '--users', '16', '--devices', '20'],
    ...['--every', String(options.everySeconds)],
  ]);
  const read = (name: string) => readFile(join(made, name), 'utf8');
  const expected = JSON.parse(await read(FILES.expected)) as ExpectedFile;
  await answerOf(home, ['up', '--detach']);
  await answerOf(home, ['devices', 'profiles', 'import', join(made, FILES.profiles)]);
  const state = (await readState(home)) as UpState;
  const broker = connectBroker(state.kafka.brokers);
  const connection = await Connection.connect({ address: state.temporal.address });
  const pool = new Pool({ connectionString: state.postgres.url });
  const world = new DeviceWorld({
    ...{ home, broker, client: new Client({ connection }) },
    maximumEvents: options.maximumEvents,
  });
  try {
    await world.serve();
    const sent = await flow(world, options, {
      file: join(made, FILES.events),
      events: expected.counts.events,
    });
    await aggregate(world, options);
    const { kills } = world;
    const lines = (await read(FILES.events)).trimEnd().split('\n');
    const run = { expected, lines, sent, kills, landings: [...world.landings] };
    const observed = await observe(world, pool);
    const userId = options.consentsAnew;
    const files = { profiles: join(made, FILES.profiles), lines };
    const anew = userId !== undefined && {
      ...(await consentAnew(world, userId, files)),
      aggregates: await aggregatesOf(pool),
    };
    return { ...run, ...observed, anew: anew || null };
  } finally {
    await world.stopServer();
    await Promise.all([broker.close(), connection.close(), pool.end()]);
  }
}

/** In a home of its own, of which nothing is left. */
export async function runDevices(options: DeviceRunOptions): Promise<DeviceRun> {
  const home = await makeTestHome();
  try {
    return await runIn(home, options);
  } finally {
    await watchlake(home, ['down']).finished;
    await rm(home, { recursive: true, force: true });
  }
}
