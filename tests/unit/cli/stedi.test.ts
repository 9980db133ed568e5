/** `watchlake stedi run` and `quarantine`: what they start, and what they answer. */
import type { QuarantinedRow } from '../../../lakehouse/read-quarantine';
import type { CommandLake } from '../../../workers/connect';
import {
  fakeClient,
  fakeContext,
  onlyObject,
  run,
  type FakeTemporal,
  type RunCall,
} from './fake-surroundings';

const table = (rows: number, quarantined: Record<string, number> = {}, read = rows + 1) => ({
  ...{ snapshotId: 's', rows, read, reused: false, quarantined, dropped: {}, firstProblems: [] },
});

const REFRESHED = {
  dataset: 'stedi',
  releaseId: 'r1',
  tables: { customer_landing: table(3, { 'wrong-type': 1 }), customer_trusted: table(2) },
};

async function runAgainst(words: string[], fake: FakeTemporal) {
  const calls: RunCall[] = [];
  const client = fakeClient(fake, calls);
  const services = { connect: async () => fakeContext({ client }) };
  return { calls, ...(await run(words, { services })) };
}

test('stedi run --json answers with the counts by table', async () => {
  const words = ['stedi', 'run', '--source', __dirname, '--json'];
  const { exitCode, stdout, calls } = await runAgainst(words, { result: REFRESHED });
  expect(exitCode).toBe(0);
  expect(onlyObject(stdout)).toMatchObject({
    ok: true,
    tables: {
      customer_landing: { rows: 3, quarantined: { 'wrong-type': 1 } },
      customer_trusted: { rows: 2, quarantined: {} },
    },
  });
  expect(calls).toEqual([
    {
      workflow: 'refreshTables',
      workflowId: 'refresh/stedi',
      input: {
        dataset: 'stedi',
        source: __dirname,
        format: 'stedi',
        options: { consent: 'from-date', association: 'person', from: 'catalog' },
      },
    },
  ]);
});

test('a source that is not there is told before a workflow is started', async () => {
  const words = ['stedi', 'run', '--source', '/nowhere/stedi', '--json'];
  const { exitCode, stdout, calls } = await runAgainst(words, { result: REFRESHED });
  expect(exitCode).toBe(1);
  expect(onlyObject(stdout)).toMatchObject({ ok: false, error: { code: 'SOURCE_NOT_FOUND' } });
  expect(calls).toEqual([]);
});

test('an address is left to the worker, which has the rights to it', async () => {
  const words = ['stedi', 'run', '--source', 's3://bucket/stedi'];
  const { calls } = await runAgainst(words, { result: REFRESHED });
  expect(calls).toMatchObject([{ input: { source: 's3://bucket/stedi' } }]);
});

test('its options reach the workflow', async () => {
  const choices = ['--consent', 'any', '--association', 'timestamp', '--from', 'path'];
  const more = ['--engine', 'spark', '--dataset', 'trial', '--json'];
  const { calls } = await runAgainst(['stedi', 'run', ...choices, ...more], { result: REFRESHED });
  expect(calls[0]?.input).toEqual({
    dataset: 'trial',
    engine: 'spark',
    options: { consent: 'any', association: 'timestamp', from: 'path' },
  });
});

const ofLines = (rows: number, quarantined: Record<string, number>) => ({
  result: {
    ...REFRESHED,
    tables: { customer_landing: table(rows, quarantined), machine_learning_curated: table(rows) },
  },
});

test.each([
  ['of which no line is an object', 0, { 'json-malformed': 60, 'not-an-object': 2 }, true],
  ['with bad lines among good ones', 3, { 'json-malformed': 60 }, false],
  ['whose objects break a rule', 0, { 'json-malformed': 1, 'field-missing': 2 }, false],
  ['without a line', 0, {}, false],
])('a file %s: told what form it needs', async (_what, rows, quarantined, isTold) => {
  const { exitCode, stdout } = await runAgainst(['stedi', 'run'], ofLines(rows, quarantined));
  expect(exitCode).toBe(0);
  expect(stdout.includes('No line was a JSON object for customer_landing')).toBe(isTold);
});

test('to look at an empty table is not what comes next', async () => {
  const { stdout } = await runAgainst(['stedi', 'run'], ofLines(3, {}));
  expect(stdout).toContain('SELECT * FROM machine_learning_curated');
  const empty = await runAgainst(['stedi', 'run'], ofLines(0, {}));
  expect(empty.stdout).not.toContain('SELECT');
});

test('on an engine of AWS it tells what the run has cost, about', async () => {
  const cost = { what: '5 runs', seconds: 450, costUsd: 0.11, pricesOf: '2026-05-31' };
  const fake = { result: { ...REFRESHED, cost } };
  const { calls, stdout } = await runAgainst(['stedi', 'run', '--engine', 'glue'], fake);
  expect(calls[0]?.input).toMatchObject({ dataset: 'stedi', engine: 'glue' });
  expect(stdout).toContain('about $0.11 for 5 runs (prices of 2026-05-31)');
});

test.each([
  ['--consent', 'never'],
  ['--association', 'device'],
  ['--from', 'memory'],
  ['--engine', 'abacus'],
])('%s %s is refused', async (option, value) => {
  const { exitCode, stderr } = await run(['stedi', 'run', option, value]);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(value);
});

test('for people there is a table of all tables, and below it why rows are not used', async () => {
  const { stdout } = await runAgainst(['stedi', 'run'], { result: REFRESHED });
  expect(stdout).toMatch(/customer_landing +4 +1 +– +– +3/);
  expect(stdout).toMatch(/customer_landing +quarantined +wrong-type +1/);
  for (const line of stdout.split('\n')) expect(line.length).toBeLessThan(100);
});

const counts = [{ dataset: 'stedi', table: 'customer_landing', reason: 'wrong-type', rows: 1 }];
const line = { reason: 'wrong-type', detail: 'email', file: 'customer/1.json', line: 7 };

const withLake = (words: string[], row: QuarantinedRow = line) => {
  const asked: unknown[] = [];
  const quarantine: CommandLake['quarantine'] = {
    list: async (options) => {
      asked.push(options);
      return counts;
    },
    show: async (options) => {
      asked.push(options);
      return { rows: [row], truncated: false };
    },
  };
  const lake = { quarantine } as CommandLake;
  const services = { openLake: async () => lake };
  return run(words, { services }).then((done) => ({ ...done, asked }));
};

test('quarantine list counts by table and reason', async () => {
  const { stdout } = await withLake(['quarantine', 'list', '--json']);
  expect(onlyObject(stdout)).toEqual({ ok: true, quarantined: counts });
});

test('quarantine show tells the place of each row, and not the row unless asked', async () => {
  const words = ['quarantine', 'show', 'customer_landing', '--dataset', 'stedi'];
  const { stdout, asked } = await withLake(words);
  expect(stdout).toContain('customer/1.json');
  expect(asked).toEqual([
    { ...{ dataset: 'stedi', table: 'customer_landing' }, withRaw: false, maximumRows: 20 },
  ]);
  expect((await withLake([...words, '--raw'])).asked).toMatchObject([{ withRaw: true }]);
});

test('a broken row cannot clear the terminal or break its table', async () => {
  const raw = 'a,\u001b[2Jb\rc\u009bd';
  const words = ['quarantine', 'show', 'customer_landing', '--dataset', 'stedi', '--raw'];
  const { stdout } = await withLake(words, { ...line, raw });
  expect(stdout).toContain(String.raw`a,\u001b[2Jb\rc\u009bd`);
  const asJson = await withLake([...words, '--json'], { ...line, raw });
  expect(onlyObject(asJson.stdout)).toMatchObject({ rows: [{ raw }] });
});

test('quarantine replay starts the refresh that tries it again', async () => {
  const words = ['quarantine', 'replay', 'stedi', '--json'];
  const { calls } = await runAgainst(words, { result: REFRESHED });
  expect(calls).toMatchObject([
    { workflowId: 'refresh/stedi', input: { dataset: 'stedi', replayQuarantine: true } },
  ]);
});
