/**
 * The protocol of the engines that AWS runs: what is started is started once, found again and ended.
 * Here a stand-in for Spark does the work, with the runner's own choice of attempts; tests/contracts/
 * cloud-engines.test.ts runs Spark.
 */
import { randomUUID } from 'node:crypto';
import type { CloudEngineName } from '../../core/engine-names';
import { openLake, withEngine } from '../../lakehouse/lake';
import type { Answer, AwsGateway, Call } from '../support/aws-gateway';
import { isTarget, throttled } from '../support/aws-gateway';
import { useJobCloud } from '../support/jobs/cloud';
import { jobCloudOptions } from '../support/jobs/cloud-options';
import { createGate } from '../support/jobs/gate';
import {
  buildMade,
  contextNamed,
  madeContent,
  madeRows,
  untilTrue,
} from '../support/jobs/made-table';
import { killedAt, processedOf } from '../support/jobs/kill-run';
import type { StartedJob } from '../support/jobs/started';
import { startedBy, startTwin, stopStarted } from '../support/jobs/started';
import { temporaryFolder } from '../support/recordings';

jest.setTimeout(120_000);

const cloud = useJobCloud();
const folder = temporaryFolder();
const gate = createGate();
let door: AwsGateway;

beforeAll(async () => {
  cloud.standIn(await madeRows());
  door = await cloud.door(gate.guarantee);
});

const ADD: Record<CloudEngineName, string> = {
  emr: 'ElasticMapReduce.AddJobFlowSteps',
  glue: 'AWSGlue.StartJobRun',
};
const LOOK: Record<CloudEngineName, string> = {
  emr: 'ElasticMapReduce.DescribeStep',
  glue: 'AWSGlue.GetJobRun',
};

const STOPPED: Record<CloudEngineName, string> = { emr: 'CANCELLED', glue: 'STOPPED' };
const STOPPING: Record<CloudEngineName, string> = { emr: 'CANCEL_PENDING', glue: 'STOPPING' };
const BUSY = ['PENDING', 'RUNNING', ...Object.values(STOPPING)];
const denied: Answer = {
  status: 403,
  headers: { 'content-type': 'application/xml' },
  body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
};

const counted = (target: string): number =>
  cloud.gateway().calls.filter((call) => call === target).length;

const stepsOf = (session: string) =>
  cloud
    .emr()
    .clusters()
    .filter(({ name }) => name.includes(session))
    .flatMap(({ steps }) => steps);

const clustersOf = (session: string) =>
  cloud
    .emr()
    .clusters()
    .filter(({ name }) => name.includes(session));

const failureOf = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: Error) => error,
  );

describe.each(['emr', 'glue'] as const)('%s', (engine) => {
  const end = (lake: Awaited<ReturnType<typeof cloud.lake>>, session: string) =>
    lake.endSession({ engine, dataset: 'made', session });

  test('builds a table once, tells what ran it, and ends with its session', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    const told: Record<string, unknown>[] = [];
    const context = contextNamed(session, { report: (facts) => void told.push({ ...facts }) });
    const { manifest, reused } = await buildMade(lake, engine, context);
    expect(reused).toBe(false);
    expect(manifest).toMatchObject({ engine, rows: 1000, inputRows: 1000, usedRows: 1000 });
    expect(manifest.job).toMatchObject({ service: engine, generation: 1, session, duplicates: 0 });
    expect(manifest.checks).toContainEqual({ name: 'unique-key', offending: 0 });
    const { place, id } = manifest.job ?? {};
    expect(told).toContainEqual(expect.objectContaining({ table: 'made', place, id }));
    const again = await buildMade(lake, engine, contextNamed(randomUUID()));
    expect(again).toMatchObject({ reused: true, manifest: { snapshotId: manifest.snapshotId } });
    expect(counted(ADD[engine])).toBe(1);
    const cost = await end(lake, session);
    expect(cost?.costUsd).toBeGreaterThan(0);
    expect(cost?.pricesOf).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(clustersOf(session).every(({ state }) => state.startsWith('TERMINAT'))).toBe(true);
  });

  test('a session that has started nothing ends without a call', async () => {
    const lake = await cloud.lake();
    expect(await end(lake, randomUUID())).toBeNull();
    expect(cloud.gateway().calls.filter((call) => /ElasticMapReduce|AWSGlue/.test(call))).toEqual(
      [],
    );
  });

  test('survives being throttled, and answers that never come', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    const gateway = cloud.gateway();
    gateway.breakOn({ on: isTarget(ADD[engine]), fault: throttled });
    gateway.breakOn({ on: isTarget(LOOK[engine]), fault: throttled, times: 6 });
    gateway.breakOn({ on: isTarget(LOOK[engine]), fault: 'reset', times: 2 });
    const { manifest } = await buildMade(lake, engine, contextNamed(session));
    expect(manifest.job).toMatchObject({ generation: 1, duplicates: 0 });
    await end(lake, session);
  });

  test('a start whose answer is lost is found again, not started again', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    cloud.gateway().breakOn({ on: isTarget(ADD[engine]), fault: 'lost' });
    const { manifest } = await buildMade(lake, engine, contextNamed(session));
    expect(manifest.job).toMatchObject({ generation: 1, duplicates: 0 });
    expect(counted(ADD[engine])).toBe(1);
    await end(lake, session);
  });

  test('two runs that want the same table share one job', async () => {
    // On a busy machine the first start is not seen for a while: the second one has to wait for it.
    const lake = await cloud.lake(undefined, { graceMs: 15_000 });
    const sessions = [randomUUID(), randomUUID()];
    const [one, two] = await Promise.all(
      sessions.map((session) => buildMade(lake, engine, contextNamed(session))),
    );
    expect(one?.manifest).toEqual(two?.manifest);
    expect(counted(ADD[engine])).toBe(1);
    for (const session of sessions) await end(lake, session);
  });

  test('a cancelled run stops what it has started', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    cloud.standIn(await madeRows({ seconds: 30 }));
    const stop = new AbortController();
    const context = contextNamed(session, { isCancelled: () => stop.signal.aborted });
    const reason = new Error('cancelled');
    const building = failureOf(buildMade(lake, engine, context, stop.signal));
    await untilTrue(() => counted(LOOK[engine]) > 2);
    stop.abort(reason);
    expect(await building).toBe(reason);
    cloud.standIn(await madeRows());
    const states = (): string[] => startedBy(cloud, engine, session).map(({ state }) => state);
    await untilTrue(() => states().every((state) => !BUSY.includes(state)));
    expect(states()).toEqual([STOPPED[engine]]);
    await end(lake, session);
  });

  test('one that is just being stopped for another run is left to end, and a new one started', async () => {
    const lake = await cloud.lake();
    const [stopped, session] = [randomUUID(), randomUUID()];
    const isChoice = ({ method, url }: Call): boolean =>
      method === 'PUT' && url.includes(`/${engine}/1/chosen.json`);
    cloud.gateway().breakOn({ on: isChoice, fault: denied });
    expect(await failureOf(buildMade(lake, engine, contextNamed(stopped)))).toMatchObject({
      code: 'AWS_DENIED',
    });
    await untilTrue(() => startedBy(cloud, engine, stopped)[0]?.state === 'RUNNING');
    const [started] = startedBy(cloud, engine, stopped);
    await stopStarted(cloud, engine, started as StartedJob);
    expect(startedBy(cloud, engine, stopped)[0]?.state).toBe(STOPPING[engine]);
    const { manifest } = await buildMade(lake, engine, contextNamed(session));
    expect(manifest.job).toMatchObject({ generation: 1, session, duplicates: 1 });
    expect(manifest.job?.id).not.toBe(started?.id);
    for (const each of [stopped, session]) await end(lake, each);
  });

  test('a second start of the same work is cancelled and counted, and has touched no data', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    cloud.standIn(await madeRows({ seconds: 1 }));
    const building = buildMade(lake, engine, contextNamed(session));
    await untilTrue(() => startedBy(cloud, engine, session)[0]?.state === 'RUNNING');
    cloud.standIn(await madeRows({ startSeconds: 60 }));
    await startTwin(cloud, engine, { session, attempt: 'twin' });
    await untilTrue(() => startedBy(cloud, engine, session)[1]?.state === 'RUNNING');
    const { manifest } = await building;
    cloud.standIn(await madeRows());
    expect(manifest.job).toMatchObject({ generation: 1, duplicates: 1 });
    const states = (): string[] => startedBy(cloud, engine, session).map(({ state }) => state);
    await untilTrue(() => states().every((state) => !BUSY.includes(state)));
    expect(states()[1]).toBe(STOPPED[engine]);
    expect(await processedOf(cloud, lake.uri)).toEqual({ '1': 1 });
    await end(lake, session);
  });

  test('a worker that shuts down leaves it running, and the next one adopts it', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    cloud.standIn(await madeRows({ seconds: 2 }));
    const stop = new AbortController();
    const building = failureOf(buildMade(lake, engine, contextNamed(session), stop.signal));
    await untilTrue(() => counted(LOOK[engine]) > 2);
    stop.abort(new Error('shutdown'));
    await building;
    const { manifest } = await buildMade(lake, engine, contextNamed(session));
    expect(manifest.job).toMatchObject({ generation: 1, duplicates: 0 });
    expect(counted(ADD[engine])).toBe(1);
    cloud.standIn(await madeRows());
    await end(lake, session);
  });

  test('nothing is started any more for a session that has ended', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    await end(lake, session);
    const error = await failureOf(buildMade(lake, engine, contextNamed(session)));
    expect(error).toMatchObject({ code: 'JOB_STOPPED' });
    expect(counted(ADD[engine])).toBe(0);
  });
});

describe('what EMR alone can do', () => {
  test.each([
    { said: 'at once', stepLagMs: 0 },
    { said: 'never', stepLagMs: Infinity },
  ])(
    'a lost cluster is replaced, and its half-written files are no part of the table (its step says so $said)',
    async ({ stepLagMs }) => {
      const lake = await cloud.lake();
      const session = randomUUID();
      cloud.standIn(await madeRows({ seconds: 3 }));
      const building = buildMade(lake, 'emr', contextNamed(session));
      await untilTrue(() => stepsOf(session).some(({ state }) => state === 'RUNNING'));
      cloud.standIn(await madeRows());
      cloud.emr().loseCluster(clustersOf(session)[0]?.id ?? '', stepLagMs);
      const { manifest } = await building;
      expect(manifest.job).toMatchObject({ generation: 2, duplicates: 0 });
      expect(clustersOf(session)).toHaveLength(2);
      expect(manifest.files).toHaveLength(1);
      await lake.endSession({ engine: 'emr', dataset: 'made', session });
    },
  );

  test('a step that is cancelled in the console was stopped, also when its runner calls that a failure', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    cloud.standIn(await madeRows({ seconds: 30 }));
    const building = failureOf(buildMade(lake, 'emr', contextNamed(session)));
    await untilTrue(async () => '1' in (await processedOf(cloud, lake.uri)));
    await stopStarted(cloud, 'emr', startedBy(cloud, 'emr', session)[0] as StartedJob);
    const error = await building;
    cloud.standIn(await madeRows());
    expect(error).toMatchObject({ code: 'JOB_STOPPED' });
    expect(error.message).toContain('SparkContext was shut down');
    await lake.endSession({ engine: 'emr', dataset: 'made', session });
  });

  test('a step that fails without a word is told by its log, which comes late', async () => {
    const lake = await cloud.lake(undefined, { logWaitMs: 60_000 });
    const session = randomUUID();
    const log = 'at x\nCaused by: java.lang.OutOfMemoryError: Java heap space\n\tat y';
    cloud.emr().failNextSteps(log, 3);
    const error = await failureOf(buildMade(lake, 'emr', contextNamed(session)));
    expect(error).toMatchObject({ code: 'JOB_FAILED' });
    expect(error.message).toContain('OutOfMemoryError: Java heap space');
    expect(stepsOf(session)).toHaveLength(3);
    await lake.endSession({ engine: 'emr', dataset: 'made', session });
  });

  test.each([{ hangs: false }, { hangs: true }])(
    'a step that nobody waits for ends by itself when its time is up (Java hangs: $hangs)',
    async ({ hangs }) => {
      const { uri, ...hasty } = await cloud.lake(undefined, { jobMs: 1_000 });
      const [terminated, session] = [randomUUID(), randomUUID()];
      cloud.standIn(await madeRows({ seconds: 600, hangs }));
      // It ends with its first look at the step, as a run does that is terminated.
      const report = ({ table }: Record<string, unknown>): void => {
        if (table !== undefined) throw new Error('terminated');
      };
      const ended = await failureOf(buildMade(hasty, 'emr', contextNamed(terminated, { report })));
      expect(ended.message).toBe('terminated');
      await untilTrue(() => stepsOf(terminated)[0]?.state === 'FAILED');
      expect(counted('ElasticMapReduce.CancelSteps')).toBe(0);
      cloud.standIn(await madeRows());
      const { manifest } = await buildMade(await cloud.lake(uri), 'emr', contextNamed(session));
      expect(manifest.job).toMatchObject({ generation: 2, session });
      for (const each of [terminated, session]) {
        await hasty.endSession({ engine: 'emr', dataset: 'made', session: each });
      }
    },
  );

  test('a cluster that EMR refuses to make is not asked for again', async () => {
    const lake = await cloud.lake();
    const session = randomUUID();
    cloud.emr().failNextCluster('VALIDATION_ERROR', 'The subnet does not exist');
    const error = await failureOf(buildMade(lake, 'emr', contextNamed(session)));
    expect(error).toMatchObject({ code: 'CLUSTER_FAILED' });
    expect(error.message).toContain('The subnet does not exist');
    expect(clustersOf(session)).toHaveLength(1);
    await lake.endSession({ engine: 'emr', dataset: 'made', session });
  });
});

test('a job run that Glue loses is started again', async () => {
  const lake = await cloud.lake();
  const session = randomUUID();
  cloud.standIn(await madeRows({ seconds: 3 }));
  const runs = () =>
    cloud
      .glue()
      .runs()
      .filter(({ input }) => input.Arguments?.['--session'] === session);
  const building = buildMade(lake, 'glue', contextNamed(session));
  await untilTrue(() => runs().some(({ state }) => state === 'RUNNING'));
  cloud.standIn(await madeRows());
  cloud.glue().loseRun(runs()[0]?.id ?? '');
  expect((await building).manifest.job).toMatchObject({ generation: 2 });
  await lake.endSession({ engine: 'glue', dataset: 'made', session });
});

// tests/activities/job-kill.long.test.ts has every point between two calls.
test.each([
  { engine: 'emr', when: 'after', signal: 'SIGKILL' },
  { engine: 'glue', when: 'before', signal: 'SIGSTOP', wakeMs: 1_000, isOther: true },
] as const)(
  '$engine: $signal $when a start leaves one job, one snapshot, equal content',
  async (each) => {
    const made = await madeRows();
    const isIt = ({ target }: Call): boolean => target === ADD[each.engine];
    const { calls: _calls, ...outcome } = await killedAt(
      { cloud, gate, door: () => door },
      { ...each, isIt },
    );
    expect(outcome).toEqual({
      ...{ reached: true, processed: { '1': 1 }, manifests: 1, publications: 1, running: [] },
      ...{ content: await madeContent(made), publishedRows: made.rows },
    });
  },
);

test.each(['emr', 'glue'] as const)('what %s has forgotten is started anew', async (engine) => {
  const lake = await cloud.lake();
  const [old, session] = [randomUUID(), randomUUID()];
  const first = await buildMade(lake, engine, contextNamed(old));
  const { prefix = '', snapshotId } = first.manifest;
  // As after months: the snapshot went with `vacuum`, its job is not known any more.
  for await (const { key } of lake.store.list(prefix)) await lake.store.remove(key);
  const records = `jobs/made/${snapshotId}/${engine}/1/`;
  const claim = JSON.parse((await lake.store.get(`${records}claim.json`)).toString()) as object;
  const forgotten = { ...claim, place: engine === 'emr' ? 'j-0000000000000' : 'nobody-knows-it' };
  await lake.store.put(`${records}claim.json`, JSON.stringify(forgotten));
  const { manifest } = await buildMade(lake, engine, contextNamed(session));
  expect(manifest.job).toMatchObject({ generation: 2, session });
  for (const each of [old, session]) {
    await lake.endSession({ engine, dataset: 'made', session: each });
  }
});

test('a lake in a folder is refused, with what to do', () => {
  const lake = openLake({ uri: folder.path(), cloud: jobCloudOptions(cloud.gateway().client) });
  for (const engine of ['emr', 'glue'] as const) {
    expect(() => withEngine(lake, engine)).toThrow(/reads and writes S3 alone/);
  }
});
