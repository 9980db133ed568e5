/** Real workers on the stack of the tests, with a lake, a database, topics and a namespace of their own. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createErasureActivities } from '../../activities/erasure-activities';
import { erasingOf } from '../../activities/erasing-of';
import { strangerOf } from '../../activities/erasure-case';
import { createAnnotationStore } from '../../annotation/annotation';
import { createConsent } from '../../consent/consent';
import { ALL_TASK_QUEUES, TASK_QUEUES, type TaskQueue } from '../../core/task-queues';
import { workflowIds } from '../../core/workflow-ids';
import type { WorkflowInput, WorkflowName } from '../../activities/inputs';
import { createDeviceTables } from '../../devices/devices';
import { createRegistry } from '../../registry/registry';
import { registerSearchAttributes } from '../../stack/temporal-namespace';
import { activitiesOf } from '../../workers/activities';
import { loadConfig } from '../../workers/config';
import { lakeOf, type Dependencies } from '../../workers/dependencies';
import type { EraseResult } from '../../workflows/erase-subject';
import { createTestDatabase } from './database';
import { SECRET } from './recordings';
import { makeTestHome } from './start-stack';
import { deviceTopicSpecs, deviceTopics } from '../../streaming/topics';
import { createTestStreams, silentLog } from './streams';
import { databaseTraces, folderTraces, historyTraces, topicTraces } from './traces';
import { testBundle } from './workflow-bundle';

const ADDRESS = () => process.env['TEMPORAL_ADDRESS'] ?? '';
const RUN_LIMIT_MS = 180_000;
const RETENTION = { seconds: 86_400 as never };

async function makeNamespace(connection: Connection): Promise<string> {
  const namespace = `erasure-${randomUUID()}`;
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: RETENTION,
  });
  for (let attempt = 0; ; attempt += 1) {
    try {
      await registerSearchAttributes(connection, namespace);
      return namespace;
    } catch (error) {
      if (attempt === 300) throw error;
      await sleep(100);
    }
  }
}

async function dependenciesOf(client: Client, home: string) {
  const database = await createTestDatabase();
  const { broker, topics } = await createTestStreams();
  const ofDevices = deviceTopics(`${topics.samples}.events`);
  await broker.ensureTopics(deviceTopicSpecs(ofDevices));
  const config = loadConfig({
    WATCHLAKE_HOME: home,
    WATCHLAKE_PSEUDONYM_KEY: SECRET + SECRET,
    DUCKDB_MEMORY_LIMIT: '256MB',
  });
  const secret = config.WATCHLAKE_PSEUDONYM_KEY as string;
  const lake = lakeOf(config);
  const { pool } = database;
  const all = {
    ...{ databaseUrl: database.url },
    ...{ config, client, pool, lake, broker, topics, pseudonymKey: secret, log: silentLog },
    deviceTopics: ofDevices,
    addresses: { temporal: { uiUrl: 'http://127.0.0.1' } } as Dependencies['addresses'],
    registry: createRegistry(pool),
    annotation: createAnnotationStore(pool),
    consent: createConsent(pool, secret),
    close: async () => {
      await broker.close();
      await lake.close();
      await database.drop();
    },
  } satisfies Dependencies;
  return all;
}

async function startWorkers(
  all: Dependencies,
  connection: NativeConnection,
  namespace: string,
  change: (activities: Record<string, unknown>) => Record<string, unknown>,
) {
  const codePath = await testBundle();
  // Nothing of a killed run is too young to be removed here.
  const erasing = createErasureActivities({
    ...{ ...all, secret: all.pseudonymKey, graceMs: 0 },
    devices: createDeviceTables(all.pool),
  });
  const activities = (queue: TaskQueue) => {
    const own = activitiesOf(queue, all) as Record<string, unknown>;
    const patient = Object.entries(erasing).filter(([name]) => name in own);
    return change({ ...own, ...Object.fromEntries(patient) });
  };
  const workers = await Promise.all(
    ALL_TASK_QUEUES.map((taskQueue) =>
      Worker.create({
        ...{ connection, namespace, taskQueue, activities: activities(taskQueue) },
        ...(taskQueue === TASK_QUEUES.orchestration ? { workflowBundle: { codePath } } : {}),
        shutdownForceTime: '30 seconds',
      }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  };
}

/** What activities that are tried again and again have failed with. */
async function troubleOf(client: Client): Promise<string> {
  const failures: string[] = [];
  for await (const { workflowId } of client.workflow.list({
    query: "ExecutionStatus = 'Running'",
  })) {
    const { raw } = await client.workflow.getHandle(workflowId).describe();
    for (const { activityType, attempt, lastFailure } of raw.pendingActivities ?? []) {
      failures.push(
        `${activityType?.name} (${attempt}): ${lastFailure?.message} ${lastFailure?.stackTrace}`,
      );
    }
  }
  return failures.join('\n');
}

export interface ErasureWorldOptions {
  /** Wraps activities, to make them fail. */
  readonly change?: (activities: Record<string, unknown>) => Record<string, unknown>;
}

export async function createErasureWorld({ change = (all) => all }: ErasureWorldOptions = {}) {
  const quiet = { core: 'ERROR', other: 'ERROR' } as const;
  const telemetryOptions = { logging: { filter: quiet, forward: {} } };
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions });
  const connection = await Connection.connect({ address: ADDRESS() });
  const native = await NativeConnection.connect({ address: ADDRESS() });
  const namespace = await makeNamespace(connection);
  const client = new Client({ connection, namespace });
  const home = await makeTestHome();
  const all = await dependenciesOf(client, home);
  const stop = await startWorkers(all, native, namespace, change);

  const run = async <N extends WorkflowName>(
    workflow: N,
    input: WorkflowInput<N>,
    workflowId = `${workflow}/${randomUUID()}`,
  ): Promise<unknown> => {
    const start = { workflowId, taskQueue: TASK_QUEUES.orchestration, args: [input] };
    const handle = await client.workflow.start(workflow, start);
    const done = new AbortController();
    const late = sleep(RUN_LIMIT_MS, undefined, { signal: done.signal }).then(async () => {
      throw new Error(`${workflowId} does not end: ${await troubleOf(client)}`);
    });
    late.catch(() => undefined);
    return Promise.race([handle.result(), late]).finally(() => done.abort());
  };

  /** As the command does it. */
  async function openCase(dataset: string, given: string) {
    const devices = createDeviceTables(all.pool);
    const erasing = await erasingOf({ lake: all.lake, devices, consent: all.consent }, dataset);
    const identifier = erasing.identifierOf(given);
    const subject = all.consent.subjectOf(dataset, identifier);
    await all.consent.openCase({ dataset, subject }, { identifier });
    return { dataset, subject };
  }

  return {
    ...all,
    home,
    run,
    openCase,
    erase: async (dataset: string, given: string): Promise<EraseResult> => {
      const input = await openCase(dataset, given);
      return (await run(
        'eraseSubject',
        input,
        workflowIds.eraseSubject(input.subject),
      )) as EraseResult;
    },
    subjectKeyOf: (dataset: string, identifier: string): string =>
      strangerOf(all.pseudonymKey, dataset, identifier).subjectKey,
    traces: async () => [
      await folderTraces(home),
      await databaseTraces(all.pool),
      await topicTraces(all.broker, [
        ...(Object.values(all.topics) as string[]),
        ...(Object.values(all.deviceTopics) as string[]),
      ]),
      await historyTraces(client),
    ],
    async close() {
      await stop();
      await native.close();
      await connection.close();
      await all.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

export type ErasureWorld = Awaited<ReturnType<typeof createErasureWorld>>;
