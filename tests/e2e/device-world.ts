/** The parts of a home that take part in the test of devices, and how each is killed. */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { readStackRecord } from '../../stack/stack-file';
import type { Broker } from '../../streaming/ports';
import type { SendResult } from '../../streaming/send/send-events';
import { deviceTopics } from '../../streaming/topics';
import { GRAINS, type Grain } from '../../telemetry/aggregate';
import type { AggregateDevicesResult } from '../../workflows/aggregate-devices';
import type { LandDevicesResult } from '../../workflows/land-device-events';
import { lastLine, watchlake, workerPid } from './demo-run';
import { answerOf } from './running-home';

export const LOOK_EVERY_MS = 50;
export const TOPICS = deviceTopics('events_topic');

const STARTED = temporal.api.enums.v1.PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;
const MOST_WORK_MS = 300;
const RUN_LIMIT_MS = 10 * 60_000;

export interface DeviceWorldParts {
  readonly home: string;
  readonly broker: Broker;
  readonly client: Client;
  /** Of one landing, so that several follow one another while events arrive. */
  readonly maximumEvents: number;
}

async function until<T>(look: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    await sleep(LOOK_EVERY_MS);
  }
}

export class DeviceWorld {
  readonly home: string;
  readonly broker: Broker;
  readonly #client: Client;
  readonly #maximumEvents: number;
  readonly #killedDuring = new Set<string>();
  readonly kills = { server: 0, broker: 0, landing: 0, aggregation: 0 };
  readonly #landings: LandDevicesResult[] = [];
  #server: ReturnType<typeof watchlake> | undefined;
  #url = '';

  constructor({ home, broker, client, maximumEvents }: DeviceWorldParts) {
    this.home = home;
    this.broker = broker;
    this.#client = client;
    this.#maximumEvents = maximumEvents;
  }

  get landings(): readonly LandDevicesResult[] {
    return this.#landings;
  }

  get url(): string {
    return this.#url;
  }

  /** Again on the port that it had, which its home remembers: the client knows no other. */
  async serve(): Promise<void> {
    const first = this.#url === '' ? ['--port', '0'] : [];
    const server = watchlake(this.home, ['devices', 'serve', ...first]);
    this.#server = server;
    const listening = new Promise<string>((resolve) => {
      createInterface({ input: server.child.stderr }).on('line', (line) => {
        const found = /POST (\S+)\/stream/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const ended = server.finished.then(({ code, stderr }) => {
      throw new Error(`the ingest server ended with ${code}:\n${stderr}`);
    });
    ended.catch(() => undefined);
    const former = this.#url;
    this.#url = await Promise.race([listening, ended]);
    if (former !== '' && this.#url !== former)
      throw new Error(`the ingest server has moved from ${former} to ${this.#url}`);
  }

  async send(file: string): Promise<SendResult> {
    const args = ['devices', 'send', '--file', file, '--fast', '--json'];
    // Small requests, so that what is to happen on the way comes before the end.
    args.push('--batch', '50', '--parallel', '4');
    const { code, stdout, stderr } = await watchlake(this.home, args).finished;
    if (code !== 0) throw new Error(`the client ended with ${code}:\n${stderr}`);
    return JSON.parse(lastLine(stdout)) as SendResult;
  }

  async killServer(): Promise<void> {
    this.#server?.child.kill('SIGKILL');
    await this.#server?.finished;
    this.kills.server += 1;
    await this.serve();
  }

  async stopServer(): Promise<number | null> {
    this.#server?.child.kill('SIGTERM');
    return (await this.#server?.finished)?.code ?? null;
  }

  /** The supervisor starts another on the same data and port; gives the one that has ended. */
  async endBroker(): Promise<number> {
    const pid = (await readStackRecord(this.home))?.processes.kafka?.pid as number;
    process.kill(pid, 'SIGKILL');
    this.kills.broker += 1;
    return pid;
  }

  /** Until another one runs. */
  async killBroker(): Promise<void> {
    const pid = await this.endBroker();
    await until(async () => {
      const now = (await readStackRecord(this.home))?.processes.kafka;
      return now !== undefined && now.pid !== pid && now.state === 'running' ? now : null;
    });
  }

  /** Waits until an attempt of the activity has begun that no worker was killed during, and for some of its work. */
  async killWorkerDuring(workflowId: string, activity: string): Promise<void> {
    const attempt = await until(async () => {
      const running = await this.#runningAttempts(workflowId, activity);
      return running.find((each) => !this.#killedDuring.has(each)) ?? null;
    });
    this.#killedDuring.add(attempt);
    await sleep(Math.random() * MOST_WORK_MS);
    process.kill(await until(() => workerPid(this.home)), 'SIGKILL');
  }

  async #runningAttempts(workflowId: string, activity: string): Promise<string[]> {
    const found = await this.#client.workflow
      .getHandle(workflowId)
      .describe()
      .catch(() => null);
    return (found?.raw.pendingActivities ?? [])
      .filter(({ activityType, state }) => activityType?.name === activity && state === STARTED)
      .map(({ activityId, attempt }) => `${found?.runId}/${activityId}/${attempt}`);
  }

  /** Offsets of the events' topic; none while the broker is away. */
  async stored(): Promise<number> {
    const bounds = await this.broker.bounds(TOPICS.events).catch(() => null);
    return [...(bounds?.values() ?? [])].reduce((sum, { end }) => sum + end, 0);
  }

  async land(): Promise<LandDevicesResult> {
    const most = String(this.#maximumEvents);
    const landed = await this.#run<LandDevicesResult>('land', '--maximum-events', most);
    this.#landings.push(landed);
    return landed;
  }

  aggregate(grain: Grain): Promise<AggregateDevicesResult> {
    return this.#run('aggregate', '--grain', grain);
  }

  /** A killed worker is noticed after its heartbeat's timeout, and its successor has to start. */
  #run<T>(...args: string[]): Promise<T> {
    return answerOf<T>(this.home, ['devices', ...args], undefined, RUN_LIMIT_MS);
  }

  async aggregateAll(): Promise<AggregateDevicesResult[]> {
    const done: AggregateDevicesResult[] = [];
    for (const grain of GRAINS) done.push(await this.aggregate(grain));
    return done;
  }
}
