/** Queries on Athena, against an emulator that answers with what a test has queued. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AthenaClient,
  ListQueryExecutionsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { createAthenaActivities } from '../../activities/athena-activities';
import { awsClientConfig } from '../../core/aws';
import { followQuery, queryStatus, startQuery, stopQuery } from '../../lakehouse/engines/athena';
import { athenaResults } from '../../lakehouse/engines/athena-results';
import { athenaTraces } from '../../lakehouse/engines/athena-traces';
import { openLake, type Lake } from '../../lakehouse/lake';
import { useAwsEmulator } from '../support/aws-emulator';
import { isTarget, jsonError, useAwsGateway, type Answer } from '../support/aws-gateway';
import { athenaBatches, athenaPages, athenaTokens } from '../support/aws-guarantees';

const aws = useAwsEmulator();
const gateway = useAwsGateway(aws, [athenaTokens(), athenaPages(), athenaBatches()]);

let athena: AthenaClient;
beforeEach(async () => {
  await aws().reset();
  athena = new AthenaClient(awsClientConfig(gateway().client));
});
afterEach(() => athena.destroy());

const START = 'AmazonAthena.StartQueryExecution';
const STATUS = 'AmazonAthena.GetQueryExecution';

const pace = { firstMs: 1, growth: 2, longestMs: 20 };
let started = 0;
const query = (changes: object = {}) => ({
  sql: 'SELECT label, n FROM windows',
  database: 'watchlake_watch',
  workgroup: 'primary',
  token: `token-${(started += 1)}`.padEnd(32, '-'),
  ...changes,
});

type Cells = readonly (string | null)[];
const row = (cells: Cells) => ({
  Data: cells.map((cell) => (cell === null ? {} : { VarCharValue: cell })),
});

/** What the emulator answers the next query with; the first row of a SELECT repeats the names. */
async function queue(columns: readonly (readonly [string, string])[], rows: readonly Cells[]) {
  const column_info = columns.map(([Name, Type]) => ({ Name, Type }));
  const results = [{ rows: [columns.map(([name]) => name), ...rows].map(row), column_info }];
  const { status } = await fetch(`${aws().endpoint}/moto-api/static/athena/query-results`, {
    method: 'POST',
    body: JSON.stringify({ region: 'eu-central-1', results }),
  });
  expect(status).toBe(201);
}

const execution = (Status: object, Statistics: object = {}): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({
    QueryExecution: { Status, Statistics, StatementType: 'DML', WorkGroup: 'research' },
  }),
});

const executions = async () =>
  (await athena.send(new ListQueryExecutionsCommand({}))).QueryExecutionIds ?? [];

describe('a query', () => {
  test('gives its rows in the types of its columns', async () => {
    const columns = [
      ['label', 'varchar'],
      ['n', 'bigint'],
      ['share', 'double'],
      ['sure', 'boolean'],
      ['price', 'decimal(10,2)'],
      ['n', 'integer'],
    ] as const;
    await queue(columns, [
      ['walk', '12', '0.25', 'true', '1.10', '1'],
      [null, '9007199254740993', null, 'false', null, null],
    ]);
    const executionId = await startQuery(athena, query());
    await followQuery(athena, executionId, { pace });
    expect(await athenaResults(athena, { executionId, maximumRows: 10 })).toEqual({
      columns: ['label', 'n', 'share', 'sure', 'price', 'n_1'],
      rows: [
        { label: 'walk', n: 12, share: 0.25, sure: true, price: '1.10', n_1: 1 },
        { label: null, n: 9007199254740993n, share: null, sure: false, price: null, n_1: null },
      ],
      truncated: false,
    });
  });

  test('keeps columns apart that are called alike', async () => {
    const columns = ['n', 'n', 'n_1'].map((name) => [name, 'integer'] as const);
    await queue(columns, [['1', '2', '3']]);
    const executionId = await startQuery(athena, query());
    await followQuery(athena, executionId, { pace });
    expect(await athenaResults(athena, { executionId, maximumRows: 10 })).toMatchObject({
      columns: ['n', 'n_2', 'n_1'],
      rows: [{ n: 1, n_2: 2, n_1: 3 }],
    });
  });

  test('pages through more rows than Athena gives at a time, and stops at the limit', async () => {
    const rows = Array.from({ length: 2500 }, (_, at) => [String(at)]);
    await queue([['n', 'integer']], rows);
    const executionId = await startQuery(athena, query());
    const all = await athenaResults(athena, { executionId, maximumRows: 5000 });
    expect(all.rows.map(({ n }) => n)).toEqual(rows.map((_, at) => at));
    expect(all.truncated).toBe(false);
    gateway().clear();
    const some = await athenaResults(athena, { executionId, maximumRows: 1200 });
    expect([some.rows.length, some.truncated]).toEqual([1200, true]);
    expect(gateway().calls).toHaveLength(2);
  });

  test('is started once for each token, also when the answer was lost', async () => {
    gateway().breakOn({ on: isTarget(START), fault: 'lost' });
    const same = query();
    const first = await startQuery(athena, same);
    expect(await startQuery(athena, same)).toBe(first);
    expect(await startQuery(athena, query())).not.toBe(first);
    expect(await executions()).toHaveLength(2);
  });

  test('is looked at less and less often until it has ended', async () => {
    const executionId = await startQuery(athena, query());
    gateway().breakOn({ on: isTarget(STATUS), fault: execution({ State: 'RUNNING' }), times: 4 });
    gateway().breakOn({
      on: isTarget(STATUS),
      fault: execution({ State: 'SUCCEEDED' }, { DataScannedInBytes: 3e9 }),
    });
    const seen: string[] = [];
    const onStatus = ({ state }: { state: string }) => void seen.push(state);
    const begin = performance.now();
    const done = await followQuery(athena, executionId, { pace, onStatus });
    expect(performance.now() - begin).toBeGreaterThan(1 + 2 + 4 + 8);
    expect(seen).toEqual(['RUNNING', 'RUNNING', 'RUNNING', 'RUNNING', 'SUCCEEDED']);
    expect(done).toMatchObject({ scannedBytes: 3e9, statement: 'DML', workgroup: 'research' });
  });

  test('waits out throttling, and gives way when it lasts', async () => {
    const busy = jsonError(400, 'TooManyRequestsException', 'Rate exceeded');
    gateway().breakOn({ on: isTarget(START), fault: busy });
    await startQuery(athena, query());
    gateway().breakOn({ on: isTarget(START), fault: busy, times: 99 });
    await expect(startQuery(athena, query())).rejects.toMatchObject({
      code: 'AWS_UNAVAILABLE',
      retryable: true,
    });
  });

  test('that Athena does not take is a wrong query', async () => {
    const refused = jsonError(400, 'InvalidRequestException', 'line 1:8: mismatched input');
    gateway().breakOn({ on: isTarget(START), fault: refused });
    await expect(startQuery(athena, query())).rejects.toMatchObject({ code: 'QUERY_INVALID' });
  });

  test.each(['DROP TABLE windows', 'INSERT INTO t SELECT 1', "UNLOAD (SELECT 1) TO 's3://x/'"])(
    'that writes is not started: %s',
    async (sql) => {
      await expect(startQuery(athena, query({ sql }))).rejects.toMatchObject({
        code: 'QUERY_INVALID',
      });
      expect(gateway().calls).toEqual([]);
    },
  );

  test('can be stopped', async () => {
    const executionId = await startQuery(athena, query());
    await stopQuery(athena, executionId);
    expect((await queryStatus(athena, executionId)).state).toBe('CANCELLED');
  });
});

describe('the activities of a query', () => {
  const sqlKey = 'queries/00000000c0ffee00.sql';
  const place = { sqlKey, database: 'watchlake_watch', workgroup: 'primary' };
  let folder: string;
  let lake: Lake;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'watchlake-athena-'));
    lake = openLake({ uri: folder });
    await lake.store.put(sqlKey, "SELECT * FROM people WHERE email = 'ann@example.org'");
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const activities = () => createAthenaActivities({ lake, athena: () => athena });
  const inRun = (runId: string) =>
    new MockActivityEnvironment({
      workflowExecution: { workflowId: 'query/c0ffee', runId },
      heartbeatTimeoutMs: 1_000,
    });

  const startedIn = async (runId: string): Promise<string> => {
    const start = activities().startAthenaQuery;
    const { executionId } = await inRun(runId).run<
      [typeof place],
      { executionId: string },
      typeof start
    >(start, place);
    return executionId;
  };

  test('start it once in a run, however often they are tried, and anew in the next run', async () => {
    const [first, again] = [await startedIn('one'), await startedIn('one')];
    expect(again).toBe(first);
    expect(await startedIn('two')).not.toBe(first);
    expect(await executions()).toHaveLength(2);
  });

  test('heartbeat while they wait, and tell what was read and what it cost', async () => {
    const executionId = await startedIn('one');
    gateway().breakOn({ on: isTarget(STATUS), fault: execution({ State: 'RUNNING' }) });
    gateway().breakOn({
      on: isTarget(STATUS),
      fault: execution(
        { State: 'SUCCEEDED' },
        { DataScannedInBytes: 2 ** 40, TotalExecutionTimeInMillis: 4200 },
      ),
    });
    const environment = inRun('one');
    const beats: unknown[] = [];
    environment.on('heartbeat', (details) => beats.push(details));
    const outcome = await environment.run(activities().followAthenaQuery, {
      executionId,
      pricePerTb: 5,
    });
    expect(outcome).toEqual({ scannedBytes: 2 ** 40, milliseconds: 4200, costUsd: 5 });
    expect(beats).toContainEqual({ state: 'RUNNING', scannedBytes: 0 });
  });

  test('end with the workflow, and leave the stopping to it', async () => {
    const executionId = await startedIn('one');
    gateway().breakOn({ on: isTarget(STATUS), fault: execution({ State: 'RUNNING' }), times: 999 });
    const environment = inRun('one');
    const following = environment.run(activities().followAthenaQuery, {
      executionId,
      pricePerTb: 5,
    });
    setTimeout(() => environment.cancel('CANCELLED'), 50);
    await expect(following).rejects.toThrow('CANCELLED');
    expect(gateway().calls).not.toContain('AmazonAthena.StopQueryExecution');
  });

  test.each([
    [
      { State: 'FAILED', AthenaError: { ErrorMessage: "Cannot cast 'ann@example.org'" } },
      'QUERY_FAILED',
    ],
    [
      { State: 'CANCELLED', StateChangeReason: 'Bytes scanned limit was exceeded' },
      'QUERY_TOO_LARGE',
    ],
  ])('fail without the words of Athena, which may quote people (%#)', async (status, type) => {
    gateway().breakOn({ on: isTarget(STATUS), fault: execution(status) });
    const following = inRun('one').run(activities().followAthenaQuery, {
      executionId: 'x',
      pricePerTb: 5,
    });
    const failure = (await following.catch((error: unknown) => error)) as {
      type: string;
      nonRetryable: boolean;
    };
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('ann@');
  });

  test('tell where a query is wrong, and not what it says there', async () => {
    const words = "line 1:38: mismatched input 'ann@example.org'. Expecting: <EOF>";
    gateway().breakOn({
      on: isTarget(START),
      fault: jsonError(400, 'InvalidRequestException', words),
    });
    const failure = (await startedIn('one').catch((error: unknown) => error)) as Error;
    const said = JSON.stringify(failure, Object.getOwnPropertyNames(failure));
    expect(said).toContain("line 1:38: mismatched input '…'");
    expect(said).not.toContain('ann@');
  });

  test('forget the text of the query', async () => {
    await inRun('one').run(activities().forgetQuery, { sqlKey });
    await inRun('one').run(activities().forgetQuery, { sqlKey });
    expect(await lake.store.has(sqlKey)).toBe(false);
  });
});

describe('what Athena keeps by itself', () => {
  const LAKE = 's3://lake/stedi';
  const needles = { texts: ['ann@example.org'], values: [] };
  const search = { workgroup: 'primary', needles, lakeUri: LAKE };

  const run = (sql: string, output: string) =>
    athena.send(
      new StartQueryExecutionCommand({
        QueryString: sql,
        WorkGroup: 'primary',
        ResultConfiguration: { OutputLocation: output },
        ClientRequestToken: `token-${(started += 1)}`.padEnd(32, '-'),
      }),
    );

  const leftOut = (QueryExecutionId?: string): void => {
    const left = { QueryExecutionId, ErrorCode: 'INTERNAL_FAILURE' };
    gateway().breakOn({
      on: isTarget('AmazonAthena.BatchGetQueryExecution'),
      fault: {
        status: 200,
        headers: { 'content-type': 'application/x-amz-json-1.1' },
        body: JSON.stringify({ QueryExecutions: [], UnprocessedQueryExecutionIds: [left] }),
      },
    });
  };

  test('is counted for the proof of an erasure, with the day on which it is forgotten', async () => {
    const nobody = { workgroup: 'primary', queries: 0, naming: 0, forgottenBy: null };
    expect(await athenaTraces(athena, search)).toEqual({ ...nobody, resultsElsewhere: [] });
    await run('SELECT 1', `${LAKE}/athena/results/`);
    await run("SELECT * FROM t WHERE email = 'Ann@Example.org'", 's3://elsewhere/results/');
    await run("SELECT * FROM t WHERE email = 'joe@example.org'", `${LAKE}-too/`);
    const found = await athenaTraces(athena, search);
    expect(found).toMatchObject({ queries: 3, naming: 1 });
    const inDays = (Date.parse(found.forgottenBy ?? '') - Date.now()) / 86_400_000;
    expect(Math.round(inDays)).toBe(45);
    // Results below the lake are objects like all others, and searched with them.
    expect(found.resultsElsewhere).toEqual(['s3://elsewhere/results/', `${LAKE}-too/`]);
  });

  test('is looked at one by one where Athena leaves some out of a batch', async () => {
    const sql = "SELECT * FROM t WHERE email = 'ann@example.org'";
    const { QueryExecutionId } = await run(sql, `${LAKE}/athena/results/`);
    leftOut(QueryExecutionId);
    expect(await athenaTraces(athena, search)).toMatchObject({ queries: 1, naming: 1 });
  });

  test('is passed over where Athena has forgotten it since it was listed', async () => {
    const { QueryExecutionId } = await run('SELECT 1', `${LAKE}/athena/results/`);
    leftOut(QueryExecutionId);
    const forgotten = jsonError(400, 'InvalidRequestException', 'QueryExecution was not found');
    gateway().breakOn({ on: isTarget('AmazonAthena.GetQueryExecution'), fault: forgotten });
    expect(await athenaTraces(athena, search)).toMatchObject({ queries: 0, naming: 0 });
  });

  test('cannot be looked through without the right, which is named', async () => {
    const denied = jsonError(400, 'AccessDeniedException', 'not allowed');
    gateway().breakOn({ on: isTarget('AmazonAthena.ListQueryExecutions'), fault: denied });
    const asked = athenaTraces(athena, search);
    await expect(asked).rejects.toMatchObject({ code: 'AWS_DENIED' });
    await expect(asked).rejects.toThrow('athena:ListQueryExecutions');
  });
});
