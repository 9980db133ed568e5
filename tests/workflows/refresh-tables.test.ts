/** The refresh workflow: stage by stage, published together or not at all. */
import type { WorkflowHandle } from '@temporalio/client';
import { loadConfig } from '../../workers/config';
import { cancelled, RUN_COST } from '../support/fakes';
import { failing, failureOf, useWorkflows } from '../support/workflow-environment';

const input = { dataset: 'watch' };
const { fakes, run, start, called } = useWorkflows();

test('builds each stage from the snapshots of the stages before it', async () => {
  const result = await run('refreshTables', input);
  const inputs = Object.fromEntries(
    fakes.buildTable.mock.calls.map(([{ table, inputs: given }]) => [table, given]),
  );
  const trusted = { recordings_trusted: 'recordings_trusted-1' };
  expect(inputs).toEqual({ recordings_trusted: {}, windows: trusted, window_features: trusted });
  expect(result.releaseId).toBe('release-1');
});

test('publishes all tables in one release, after the last was built', async () => {
  await run('refreshTables', input);
  expect(fakes.publishRelease).toHaveBeenCalledTimes(1);
  expect(fakes.publishRelease).toHaveBeenCalledWith({
    dataset: 'watch',
    snapshots: {
      recordings_trusted: 'recordings_trusted-1',
      windows: 'windows-1',
      window_features: 'window_features-1',
    },
    replaces: { recordings_trusted: 3 },
  });
});

describe('when another run has published meanwhile', () => {
  test('plans again from what is there then', async () => {
    fakes.planRefresh.mockImplementationOnce(async () => ({
      ...{ dataset: 'watch', stages: [{ tables: ['windows'] }], planKey: 'plans/old.json' },
      replaces: { windows: 2 },
    }));
    fakes.publishRelease.mockImplementationOnce(failing('RELEASE_OUTDATED'));
    const { tables } = await run('refreshTables', input);
    expect(fakes.planRefresh).toHaveBeenCalledTimes(2);
    expect(fakes.publishRelease.mock.calls.map(([{ replaces }]) => replaces)).toEqual([
      { windows: 2 },
      { recordings_trusted: 3 },
    ]);
    expect(Object.keys(tables)).toEqual(['recordings_trusted', 'windows', 'window_features']);
  });

  test('gives up in the end, and says why', async () => {
    fakes.publishRelease.mockImplementation(failing('RELEASE_OUTDATED'));
    expect(await failureOf(run('refreshTables', input))).toContain('RELEASE_OUTDATED');
    expect(fakes.planRefresh).toHaveBeenCalledTimes(5);
  });
});

test('builds the tables of one stage side by side', async () => {
  let running = 0;
  let most = 0;
  const build = fakes.buildTable.getMockImplementation();
  const limitMs = 20_000;
  fakes.buildTable.mockImplementation(async (call) => {
    // The first stage has one table, which has nobody to wait for.
    if (call.table === 'recordings_trusted') return build?.(call) as never;
    most = Math.max(most, ++running);
    // Each waits for another one; built one after the other they wait in vain.
    const deadlineMs = Date.now() + limitMs;
    while (most < 2 && Date.now() < deadlineMs) await new Promise((go) => setTimeout(go, 20));
    running -= 1;
    return build?.(call) as never;
  });
  await run('refreshTables', input);
  expect(most).toBe(2);
});

test('fills in the default window before it plans', async () => {
  await run('refreshTables', input);
  expect(fakes.planRefresh).toHaveBeenCalledWith({
    dataset: 'watch',
    window: { lengthMs: 4000, stepMs: 2000 },
  });
});

test('tells rows, reasons and what was reused of every table', async () => {
  const build = fakes.buildTable.getMockImplementation();
  fakes.buildTable.mockImplementation(async (call) => ({
    ...((await build?.(call)) as Awaited<ReturnType<typeof fakes.buildTable>>),
    reused: call.table === 'windows',
  }));
  const { tables } = await run('refreshTables', input);
  expect(tables.windows).toMatchObject({ rows: 280, reused: true });
  expect(tables.recordings_trusted).toMatchObject({ quarantined: { 'value-out-of-range': 20 } });
});

test('keeps the old release when a check fails, and builds nothing downstream', async () => {
  fakes.buildTable.mockImplementation(failing('CHECK_FAILED'));
  expect(await failureOf(run('refreshTables', input))).toContain('CHECK_FAILED');
  const built = fakes.buildTable.mock.calls.map(([{ table }]) => table);
  expect(built).toEqual(['recordings_trusted']);
  expect(fakes.publishRelease).not.toHaveBeenCalled();
});

test('publishes nothing when it is cancelled', async () => {
  fakes.buildTable.mockImplementation(cancelled);
  const handle = await start('refreshTables', input);
  await called('buildTable');
  await handle.cancel();
  expect(await failureOf(handle.result())).toContain('CancelledFailure');
  expect(fakes.publishRelease).not.toHaveBeenCalled();
});

describe('with a source', () => {
  const stedi = { dataset: 'stedi', source: 'data/stedi', format: 'stedi' as const };
  const options = { consent: 'any' as const, association: 'timestamp' as const };
  const landing = {
    ...{ snapshotId: 'landing-1', rows: 300, quarantined: { 'wrong-type': 2 } },
    ...{ dropped: {}, firstProblems: [], reused: false },
  };

  test('lands it first, by the ingest of its content, and counts its tables as well', async () => {
    fakes.publishLanding.mockResolvedValue({
      ...{ table: 'customer_landing', snapshotId: 'landing-1', rows: 300, members: 3 },
      ...{ quarantined: {}, tables: { customer_landing: landing } },
    });
    const result = await run('refreshTables', { ...stedi, options });
    expect(fakes.identifySource).toHaveBeenCalledWith(stedi);
    expect(fakes.openArchive).toHaveBeenCalledWith(stedi);
    expect(result.tables.customer_landing).toEqual(landing);
    const order = (name: 'publishLanding' | 'planRefresh') => fakes[name].mock.invocationCallOrder;
    expect(order('planRefresh')[0]).toBeGreaterThan(order('publishLanding')[0] as number);
    expect(fakes.planRefresh.mock.calls[0]?.[0].options).toEqual({ ...options, from: 'catalog' });
  });

  test('builds nothing when it cannot be landed, and passes the code on', async () => {
    fakes.landBatch.mockImplementation(failing('JSON_LINES_UNREADABLE'));
    expect(await failureOf(run('refreshTables', stedi))).toContain('JSON_LINES_UNREADABLE');
    expect(fakes.planRefresh).not.toHaveBeenCalled();
  });
});

test('an engine that the run names builds every table', async () => {
  await run('refreshTables', { ...input, engine: 'spark' });
  expect(fakes.buildTable.mock.calls.map(([{ engine }]) => engine)).toEqual([
    'spark',
    'spark',
    'spark',
  ]);
});

test('puts the quarantine through the rules again before anything is built', async () => {
  const result = await run('refreshTables', { dataset: 'stedi', replayQuarantine: true });
  expect(fakes.replayQuarantine).toHaveBeenCalledWith({ dataset: 'stedi' });
  expect(result.tables.customer_landing).toMatchObject({ snapshotId: 'landing-2' });
});

/** How long each table may take in all. */
async function buildMinutes(handle: Pick<WorkflowHandle, 'fetchHistory'>): Promise<number[]> {
  const { events } = await handle.fetchHistory();
  const scheduled = (events ?? []).flatMap(
    (event) => event.activityTaskScheduledEventAttributes ?? [],
  );
  const builds = scheduled.filter(({ activityType }) => activityType?.name === 'buildTable');
  return builds.map(({ scheduleToCloseTimeout: limit }) => Number(limit?.seconds) / 60);
}

const LONGEST_JOB_MINUTES = 2880;

test('no job may be given longer than its workflow waits for it', () => {
  const limit = (minutes: number) => loadConfig({ JOB_LIMIT_MINUTES: String(minutes) });
  expect(limit(LONGEST_JOB_MINUTES).JOB_LIMIT_MINUTES).toBe(LONGEST_JOB_MINUTES);
  expect(() => limit(LONGEST_JOB_MINUTES + 1)).toThrow(/JOB_LIMIT_MINUTES/);
});

describe('on an engine that AWS runs', () => {
  const onEmr = { ...input, engine: 'emr' as const };
  const sessionsOf = () => fakes.buildTable.mock.calls.map(([{ session }]) => session);

  test('all tables share one session, which ends before anything is published', async () => {
    fakes.endSession.mockResolvedValue(RUN_COST);
    const handle = await start('refreshTables', onEmr);
    const { cost } = await handle.result();
    const session = handle.firstExecutionRunId;
    expect(sessionsOf()).toEqual([session, session, session]);
    expect(fakes.endSession).toHaveBeenCalledWith({ engine: 'emr', dataset: 'watch', session });
    expect(cost).toEqual(RUN_COST);
    const order = (name: 'endSession' | 'publishRelease') => fakes[name].mock.invocationCallOrder;
    expect(order('endSession')[0]).toBeLessThan(order('publishRelease')[0] as number);
    const { facts } = await handle.query<{ facts: Record<string, string> }>('progress');
    expect(facts['cost']).toBe('about $0.09 (j-1: 2 instances)');
    // Three generations of a job of the longest limit have room.
    const minutes = await buildMinutes(handle);
    expect(Math.min(...minutes)).toBeGreaterThan(3 * LONGEST_JOB_MINUTES);
  });

  test('each plan has a session of its own, and all of their cost is told', async () => {
    fakes.endSession.mockResolvedValue(RUN_COST);
    fakes.publishRelease.mockImplementationOnce(failing('RELEASE_OUTDATED'));
    const handle = await start('refreshTables', onEmr);
    const { cost } = await handle.result();
    const session = handle.firstExecutionRunId;
    expect([...new Set(sessionsOf())]).toEqual([session, `${session}p2`]);
    expect(fakes.endSession.mock.calls.map(([ended]) => ended.session)).toEqual([
      session,
      `${session}p2`,
    ]);
    expect(cost).toMatchObject({ seconds: 2400, costUsd: 0.18 });
  });

  test('the session ends with a run that fails, whose own failure is told', async () => {
    fakes.buildTable.mockImplementation(failing('JOB_FAILED'));
    expect(await failureOf(run('refreshTables', onEmr))).toContain('JOB_FAILED');
    expect(fakes.endSession).toHaveBeenCalledTimes(1);
  });

  test('the session ends with a run that is cancelled', async () => {
    fakes.buildTable.mockImplementation(cancelled);
    const handle = await start('refreshTables', onEmr);
    await called('buildTable');
    await handle.cancel();
    expect(await failureOf(handle.result())).toContain('CancelledFailure');
    expect(fakes.endSession).toHaveBeenCalledTimes(1);
  });

  test('what was built is published also when the session cannot be ended', async () => {
    fakes.endSession.mockImplementation(failing('AWS_DENIED'));
    const result = await run('refreshTables', onEmr);
    expect(result.releaseId).toBe('release-1');
    expect(result.cost).toBeUndefined();
  });

  // A reset is the same case, which this server does not know: session-reset.long.test.ts in contracts.
  test('a run that is tried again has a session of its own: the first one has ended', async () => {
    fakes.buildTable.mockImplementationOnce(failing('CLUSTER_FAILED'));
    const options = { workflowId: 'refresh/again', retry: { maximumAttempts: 2 } };
    const handle = await start('refreshTables', onEmr, options);
    expect(await handle.result()).toMatchObject({ releaseId: 'release-1' });
    const ended = fakes.endSession.mock.calls.map(([{ session }]) => session);
    const [first, second] = ended;
    expect(first).toBe(handle.firstExecutionRunId);
    expect(second).not.toBe(first);
    expect(sessionsOf()).toEqual([first, second, second, second]);
    expect(ended).toHaveLength(2);
  });

  test('the embedded engine has no session', async () => {
    await run('refreshTables', input);
    expect(sessionsOf()).toEqual([undefined, undefined, undefined]);
    expect(fakes.endSession).not.toHaveBeenCalled();
  });
});
