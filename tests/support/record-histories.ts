/**
 * Records a history of every case of history-cases.ts that has none yet, for the replay gate.
 *
 * `npm run record:histories` adds what is missing; with `-- --replace` it records those anew that
 * were never committed. What is committed stays: add a case under a new name instead. A folder as
 * an argument takes the place of tests/replay/histories.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import sdk from '@temporalio/worker/package.json';
import { PROJECT_ROOT } from '../../core/project-root';
import { ALL_TASK_QUEUES, TASK_QUEUES } from '../../core/task-queues';
import { startTemporal } from '../../stack/temporal';
import { happyActivities, type Activities } from './fakes';
import { HISTORY_CASES, type HistoryCase } from './history-cases';
import { neutralHistory, parseHistory, textsOf, tracesOf } from './neutral-history';
import { testCache } from './start-stack';
import { testBundle } from './workflow-bundle';

const given = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
const HISTORIES = resolve(given ?? join(PROJECT_ROOT, 'tests', 'replay', 'histories'));
const CASE_LIMIT_MS = 60_000;

const fileOf = ({ workflow, name }: HistoryCase): string =>
  join(HISTORIES, workflow, `${name}.${sdk.version}.json`);

const isCommitted = (file: string): boolean =>
  spawnSync('git', ['cat-file', '-e', `HEAD:./${basename(file)}`], { cwd: dirname(file) })
    .status === 0;

/** The activities of the workers, which the case that is being recorded replaces. */
class Scene {
  #present: Activities = happyActivities();
  #calls: string[] = [];

  set(present: Activities): void {
    this.#present = present;
    this.#calls = [];
  }

  activities(): object {
    const call = (name: string) => (input: never) => {
      this.#calls.push(name);
      return (this.#present[name as keyof Activities] as (input: never) => unknown)(input);
    };
    return Object.fromEntries(Object.keys(happyActivities()).map((name) => [name, call(name)]));
  }

  async called(name: string, times = 1): Promise<void> {
    while (this.#calls.filter((each) => each === name).length < times) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function record(client: Client, scene: Scene, each: HistoryCase): Promise<string> {
  scene.set({ ...happyActivities(), ...each.activities?.() });
  const handle = await client.workflow.start(each.workflow, {
    workflowId: `${each.workflow}/${each.name}`,
    taskQueue: TASK_QUEUES.orchestration,
    args: [each.input],
    workflowExecutionTimeout: CASE_LIMIT_MS,
  });
  const called = (name: keyof Activities, times?: number) => scene.called(name, times);
  await each.drive?.({ client, handle, called });
  await handle.result().catch(() => undefined);
  const { workflowId, firstExecutionRunId } = handle;
  const first = client.workflow.getHandle(workflowId, firstExecutionRunId);
  const { status } = await first.describe();
  if (status.name !== each.ends) {
    throw new Error(`${workflowId} ended as ${status.name}, expected ${each.ends}`);
  }
  const kept = each.last ? client.workflow.getHandle(workflowId) : first;
  const history = neutralHistory(historyToJSON(await kept.fetchHistory()));
  const texts = textsOf(parseHistory(history));
  const telling = [...tracesOf(texts), ...texts.filter((text) => text.includes(hostname()))];
  if (telling.length > 0) throw new Error(`${workflowId} tells of this machine: ${telling[0]}`);
  return history;
}

async function recordAll(address: string, cases: readonly HistoryCase[]): Promise<void> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const [connection, native] = await Promise.all([
    Connection.connect({ address }),
    NativeConnection.connect({ address }),
  ]);
  const client = new Client({ connection, identity: 'recorder' });
  const scene = new Scene();
  const codePath = await testBundle();
  const workers = await Promise.all(
    ALL_TASK_QUEUES.map((taskQueue) =>
      Worker.create({
        ...{ connection: native, taskQueue, activities: scene.activities() },
        ...{ identity: 'worker', buildId: 'watchlake', workflowBundle: { codePath } },
        maxHeartbeatThrottleInterval: '50 milliseconds',
        defaultHeartbeatThrottleInterval: '50 milliseconds',
      }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    for (const each of cases) {
      const json = await record(client, scene, each);
      await mkdir(dirname(fileOf(each)), { recursive: true });
      await writeFile(fileOf(each), json);
      process.stderr.write(`recorded ${each.workflow}/${each.name}\n`);
    }
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
    await Promise.all([connection.close(), native.close()]);
  }
}

async function main(): Promise<void> {
  const replace = process.argv.includes('--replace');
  const cases = HISTORY_CASES.filter(
    (each) => !existsSync(fileOf(each)) || (replace && !isCommitted(fileOf(each))),
  );
  if (cases.length > 0) await recordFresh(cases);
  const script = join(PROJECT_ROOT, 'scripts', 'check-histories.mjs');
  const { status } = spawnSync(process.execPath, [script, HISTORIES, '--add'], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

/** On a server of its own, so that ids and search attributes are what the cases say. */
async function recordFresh(cases: readonly HistoryCase[]): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'watchlake-record-'));
  const temporal = await startTemporal({ home, cache: testCache(), port: 0, uiPort: 0 });
  try {
    await recordAll(temporal.address, cases);
  } finally {
    await temporal.stop();
    await rm(home, { recursive: true, force: true });
  }
}

void main();
